using EdgeAppliance.Onnx;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>Which model looks, on what, and how sure it must be.</summary>
sealed record InferenceSettings
{
    /// <summary>A model's folder (<c>model.onnx</c>, <c>model.json</c>), or an ONNX file with a card.</summary>
    public string Model { get; init; } = Path.Combine(AppContext.BaseDirectory, "models", "twin");

    /// <summary>
    /// Providers to try, in order: <c>tensorrt</c>, <c>cuda</c>, <c>cpu</c>. The CPU is always the last.
    /// </summary>
    public IReadOnlyList<string> Providers { get; init; } = ["tensorrt", "cuda", "cpu"];

    /// <summary>Threads of one run on the CPU; 0: cores less one, at least 1, at most 4.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Frames of a recording looked at side by side on the CPU, each by a session with its own threads; 0: as many as
    /// the cores have room for, at most 4. Two sessions of one thread see nearly twice what one of two
    /// threads does. A live camera has one.
    /// </summary>
    public int Sessions { get; init; }

    public const int SessionsMax = 4;

    /// <summary>As many as are set, else as many as the cores have room for.</summary>
    public int SessionsOn(int cores) => Sessions > 0
        ? Sessions
        : ThreadShares.SideBySide(
            cores, Threads > 0 ? Threads : ThreadShares.Of(SessionRole.Inference, cores), SessionsMax);

    /// <summary>Those threads wait for work in a loop: a little faster, a core busier.</summary>
    public bool Spinning { get; init; }

    /// <summary>TensorRT computes in 16-bit floats where that helps.</summary>
    public bool HalfPrecision { get; init; } = true;

    /// <summary>A detection below it is not told, 0 to 1; null: as the model's card says.</summary>
    public double? ScoreMin { get; init; }

    /// <summary>
    /// Detections from it up to the least score that is told only go on with tracks, as ByteTrack has it, 0 to 1.
    /// </summary>
    public double WeakScoreMin { get; init; } = 0.1;

    /// <summary>Of two boxes of a class that overlap more only the better is told; null: as the card says.</summary>
    public double? NmsIouMax { get; init; }

    /// <summary>Detections told in a frame, the best ones.</summary>
    public int DetectionsMax { get; init; } = 100;

    /// <summary>Where TensorRT's engines are kept; null: <c>engines</c> below the spool's.</summary>
    public string? EngineFolder { get; init; }

    /// <summary>Disk the engines may use, megabytes: the ones not used for longest go first.</summary>
    public int EngineDiskMbMax { get; init; } = 1024;

    /// <summary>ONNX Runtime's own library, on a Jetson its own build; null: the one beside the program.</summary>
    public string? Library { get; init; }

    /// <summary>What is wrong, each by its key.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Model)) yield return "inference.model is empty: a model's folder or ONNX file";
        foreach (string name in Providers)
        {
            if (ProviderNames.Find(name) is null)
                yield return $"inference.providers has {name}: tensorrt, cuda or cpu";
        }

        if (Sessions is < 0 or > SessionsMax) yield return $"inference.sessions is {Sessions}: 0 to {SessionsMax}";
        if (Threads is < 0 or > 64) yield return $"inference.threads is {Threads}: 0 to 64";
        if (ScoreMin is { } score && score is not (>= 0 and <= 1))
            yield return $"inference.scoreMin is {score}: 0 to 1";
        if (WeakScoreMin is not (>= 0 and <= 1))
            yield return $"inference.weakScoreMin is {WeakScoreMin}: 0 to 1";
        if (NmsIouMax is { } iou && iou is not (>= 0 and <= 1))
            yield return $"inference.nmsIouMax is {iou}: 0 to 1";
        if (DetectionsMax is < 1 or > 1000) yield return $"inference.detectionsMax is {DetectionsMax}: 1 to 1000";
        if (EngineDiskMbMax < 64) yield return $"inference.engineDiskMbMax is {EngineDiskMbMax}: at least 64";
        if (Library is { } library && !File.Exists(library))
            yield return $"inference.library is {library}: no such file";
    }
}
