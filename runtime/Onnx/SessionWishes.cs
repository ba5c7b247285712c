namespace EdgeAppliance.Onnx;

/// <summary>How a session shall be opened. A field not given has the value that serves a small machine.</summary>
public sealed record SessionWishes
{
    /// <summary>Tried in this order; the CPU is always the last, asked for or not.</summary>
    public IReadOnlyList<Provider> Providers { get; init; } = ProviderNames.FastestFirst;

    /// <summary>What the session computes for: decides its threads and whether they yield.</summary>
    public SessionRole Role { get; init; }

    /// <summary>Threads that share one run on the CPU; 0: the role's share, see <see cref="ThreadShares"/>.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// All values in between are laid out in one block, planned once. A gradient's are many and live long: without the
    /// plan
    /// YOLOv8n's takes 295 MiB in place of 472, and no more time (measured).
    /// </summary>
    public bool PlansMemory { get; init; } = true;

    /// <summary>
    /// Memory of values in between is given back after each run: for a session that rests most of the time. Costs its
    /// allocation at each run.
    /// </summary>
    public bool GivesMemoryBack { get; init; }

    /// <summary>
    /// Threads wait for work in a loop. It shortens a run a little and burns a core between runs (measured in
    /// docs/measured.md), so an appliance that does other things too leaves it off.
    /// </summary>
    public bool Spinning { get; init; }

    /// <summary>
    /// Shapes for inputs whose model leaves sizes open, by input name. Others must agree with the model.
    /// </summary>
    public IReadOnlyDictionary<string, long[]> InputShapes { get; init; } = new Dictionary<string, long[]>();

    /// <summary>Where TensorRT keeps engines and timings; null: nowhere, so each start builds anew.</summary>
    public string? EngineFolder { get; init; }

    /// <summary>TensorRT may compute in 16-bit floats.</summary>
    public bool HalfPrecision { get; init; }

    /// <summary>
    /// 32-bit floats are multiplied as such. Else CUDA's matrix units may round them to 10 bits of fraction (TF32), as
    /// they do by themselves: several times as fast, off by about 1e-3 of a layer's largest number.
    /// </summary>
    public bool FullPrecision { get; init; }

    /// <summary>Runs before the session is handed over, so that no frame waits for lazy set-up.</summary>
    public int WarmUpRuns { get; init; } = 2;

    /// <summary>The graph is fused and laid out anew before it runs; else node by node, as the file says.</summary>
    public bool Optimises { get; init; } = true;

    /// <summary>Counts which provider computes which node, by profiling the first warm-up run.</summary>
    public bool CountNodes { get; init; } = true;

    /// <summary>What <see cref="Threads"/> means here.</summary>
    public int ThreadsHere => Threads > 0 ? Threads : ThreadShares.Here(Role);
}

/// <summary>Who computes what, counted in a real run.</summary>
/// <param name="Nodes">nodes that ran</param>
/// <param name="FellBack">those that did not run where the session was wanted, as <c>Resize /neck/up (cpu)</c></param>
public sealed record NodePlacement(int Nodes, IReadOnlyList<string> FellBack);

/// <summary>An input or output of a model.</summary>
/// <param name="Shape">sizes; -1 where only a run tells</param>
public sealed record TensorShape(string Name, IReadOnlyList<long> Shape)
{
    /// <summary>As people read it: <c>images 1x3x416x416</c>.</summary>
    public override string ToString() => $"{Name} {string.Join('x', Shape.Select(d => d < 0 ? "?" : $"{d}"))}";
}
