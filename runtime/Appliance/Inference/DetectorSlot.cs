using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// The detector that serves, replaceable between two frames: whoever has a better one offers it from any thread, and
/// the inference thread takes it before its next frame. The old one is closed there too, so it is never in use.
/// </summary>
sealed class DetectorSlot(Detector first) : IDisposable
{
    Detector _current = first;
    Detector? _next;
    bool _disposed;

    /// <summary>Of the detector that saw the last frame.</summary>
    public DetectorFacts Facts => Volatile.Read(ref _current).Facts;

    /// <summary>Of the last frame.</summary>
    public DetectorTimings Timings => Volatile.Read(ref _current).Timings;

    /// <summary>What a run takes, the median of the last ones; null before the first. Any thread.</summary>
    public TimeSpan? UsualRun => Volatile.Read(ref _current).UsualRun;

    /// <summary>Runs a few times on whatever the input holds, so that it is known what that takes. No frame may be in
    /// it.</summary>
    public void Rehearse() => _current.Rehearse();

    /// <summary>Detectors taken over since the start.</summary>
    public int Swaps { get; private set; }

    /// <summary>Offers a detector; one offered before and not yet taken is closed unused.</summary>
    public void Offer(Detector next)
    {
        Interlocked.Exchange(ref _next, next)?.Dispose();
        if (Volatile.Read(ref _disposed)) Interlocked.Exchange(ref _next, null)?.Dispose();
    }

    /// <summary>Sees what is in a frame, with the newest detector offered. On the inference thread only.</summary>
    public Detected Detect(Frame frame)
    {
        if (Interlocked.Exchange(ref _next, null) is { } next)
        {
            var old = _current;
            Volatile.Write(ref _current, next);
            Swaps++;
            old.Dispose();
        }

        return _current.Detect(frame);
    }

    /// <summary>Closes; no frame may be in it.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _disposed, true);
        Interlocked.Exchange(ref _next, null)?.Dispose();
        _current.Dispose();
    }
}
