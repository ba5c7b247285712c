using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Tests.Unit;

public sealed class ThreadSharesTests
{
    /// <summary>The table in the documentation of <see cref="ThreadShares"/>, row by row.</summary>
    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(2, 1, 1, 1, 2)]
    [InlineData(4, 3, 1, 1, 4)]
    [InlineData(6, 4, 2, 2, 6)]
    [InlineData(8, 4, 2, 4, 8)]
    public void Cores_are_shared_as_the_table_says(int cores, int inference, int probe, int training, int alone)
    {
        Assert.Equal(inference, ThreadShares.Of(SessionRole.Inference, cores));
        Assert.Equal(probe, ThreadShares.Of(SessionRole.Probe, cores));
        Assert.Equal(training, ThreadShares.Of(SessionRole.Training, cores));
        Assert.Equal(alone, ThreadShares.Of(SessionRole.Training, cores, isAlone: true));
    }

    [Fact]
    public void Settings_and_sessions_ask_the_same_place()
    {
        Assert.Equal(ThreadShares.Here(SessionRole.Probe), new SessionWishes { Role = SessionRole.Probe }.ThreadsHere);
        Assert.Equal(3, new SessionWishes { Role = SessionRole.Probe, Threads = 3 }.ThreadsHere);
        Assert.Equal(2, new InferenceSettings().SessionsOn(2));
        Assert.Equal(2, new InferenceSettings().SessionsOn(8));
        Assert.Equal(4, new InferenceSettings { Threads = 1 }.SessionsOn(8));
    }

    [SkippableFact]
    public async Task A_probe_computes_on_a_thread_that_yields_and_the_callers_does_not()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "threads have a priority of their own on Linux");
        int before = NiceHere();
        int there = await YieldingThread.RunAsync(SessionRole.Probe, NiceHere);
        Assert.Equal(Math.Max(before, ThreadShares.Yielding(SessionRole.Probe)), there);
        Assert.Equal(before, NiceHere());
    }

    /// <summary>The 19th field of the calling thread's own line, counted after the name in brackets.</summary>
    static int NiceHere()
    {
        string line = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[16],
            System.Globalization.CultureInfo.InvariantCulture);
    }
}
