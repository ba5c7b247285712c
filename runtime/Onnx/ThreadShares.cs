namespace EdgeAppliance.Onnx;

/// <summary>What a session computes for: who comes first when cores are few.</summary>
public enum SessionRole
{
    /// <summary>Every frame waits for it.</summary>
    Inference,

    /// <summary>Gradients, once a second or less; it yields to inference.</summary>
    Probe,

    /// <summary>What takes minutes or hours; it takes what is left.</summary>
    Training,
}

/// <summary>
/// The one place that decides how many threads a session has on the CPU, and how much they yield.
/// <code>
/// cores  inference  probe  training  training alone
///     1          1      1         1               1
///     2          1      1         1               2
///     4          3      1         1               4
///     6          4      2         2               6
///     8          4      2         4               8
/// yields         0      5        10              10   (the kernel's nice value)
/// </code>
/// Inference leaves a core to decoding, tracking and the spool; more than 4 threads gain little on networks this small
/// (docs/measured.md). The probe has half of inference's. Shares may add up to a thread more than there are cores,
/// for a probe rests most of a second; the kernel lets inference go first because probe and training yield.
/// </summary>
public static class ThreadShares
{
    const int InferenceMax = 4, ProbeMax = 2;

    /// <summary>Threads of one run, at least 1.</summary>
    /// <param name="isAlone">nothing else computes on this machine, as where a workstation trains</param>
    public static int Of(SessionRole role, int cores, bool isAlone = false)
    {
        int inference = Math.Clamp(cores - 1, 1, InferenceMax);
        return role switch
        {
            _ when isAlone => Math.Max(1, cores),
            SessionRole.Inference => inference,
            SessionRole.Probe => Math.Clamp(inference / 2, 1, ProbeMax),
            _ => Math.Max(1, cores - inference),
        };
    }

    /// <summary>On this machine.</summary>
    public static int Here(SessionRole role, bool isAlone = false) => Of(role, Environment.ProcessorCount, isAlone);

    /// <summary>Sessions of inference side by side, for recordings: as many as the cores have room for.</summary>
    /// <param name="threads">of each</param>
    public static int SideBySide(int cores, int threads, int most) => Math.Clamp(cores / Math.Max(1, threads), 1, most);

    /// <summary>How much its threads yield: 0 not at all, 19 to everybody.</summary>
    public static int Yielding(SessionRole role) => role switch
    {
        SessionRole.Inference => 0,
        SessionRole.Probe => 5,
        _ => 10,
    };
}
