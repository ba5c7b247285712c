using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>How often a stage works, and how long.</summary>
sealed class StageMeter(string name, MonoTime now)
{
    readonly RateMeter _rate = new(now);
    readonly DurationMeter _durations = new();

    public string Name => name;

    public long Total => _rate.Total;

    public Durations Durations => _durations.Read();

    public void Count(MonoTime at, TimeSpan took)
    {
        _rate.Count(at);
        _durations.Count(took);
    }

    public double? PerSecond(MonoTime at) => _rate.PerSecond(at);
}

/// <summary>What the chain counts as it works; safe to read from any thread.</summary>
sealed class ChainMeters(MonoTime now)
{
    long _lastFrameNs = -1;
    long _firstDetectionNs = -1;
    long _labels;
    long _spared;

    public MonoTime Began => now;

    public RateMeter Camera { get; } = new(now);

    public StageMeter Detect { get; } = new("detect", now);

    public StageMeter Scene { get; } = new("scene", now);

    public StageMeter Store { get; } = new("store", now);

    public IReadOnlyList<StageMeter> Stages => [Detect, Scene, Store];

    /// <summary>When the camera last gave a frame; null before its first.</summary>
    public MonoTime? LastFrame
    {
        get => Interlocked.Read(ref _lastFrameNs) is >= 0 and var ns ? new MonoTime(ns) : null;
        set => Interlocked.Exchange(ref _lastFrameNs, value!.Value.Nanoseconds);
    }

    /// <summary>Seconds since the camera last gave a frame; null before its first.</summary>
    public double? FrameAgeS(MonoTime at) => LastFrame is { } last ? Math.Max(0, (at - last).TotalSeconds) : null;

    /// <summary>When the first frame with something in it was through; null before.</summary>
    public MonoTime? FirstDetection
    {
        get => Interlocked.Read(ref _firstDetectionNs) is >= 0 and var ns ? new MonoTime(ns) : null;
        set => Interlocked.Exchange(ref _firstDetectionNs, value!.Value.Nanoseconds);
    }

    /// <summary>Frames the knobs let go by unseen.</summary>
    public long Spared => Interlocked.Read(ref _spared);

    public void CountSpared() => Interlocked.Increment(ref _spared);

    public long Labels => Interlocked.Read(ref _labels);

    public void CountLabels(int labels) => Interlocked.Add(ref _labels, labels);
}
