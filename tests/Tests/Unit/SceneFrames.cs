using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Tests.Unit;

/// <summary>
/// Frames for tests of what comes after the detector: their pixels are never looked at, but they are lent.
/// </summary>
sealed class SceneFrames(int width = 1280, int height = 720) : IDisposable
{
    readonly FramePool _pool = new(slots: 4, slotBytes: 16);
    long _index;

    public int Held => _pool.Held;

    public Frame At(double seconds)
    {
        Assert.True(_pool.TryRent(out var lease), "a frame was not given back");
        var format = new FrameFormat(width, height, ColourRange.Limited, ColourMatrix.Bt709);
        return new Frame(lease, format, MonoTime.FromSeconds(1000 + seconds), _index++, TimeSpan.FromSeconds(seconds));
    }

    public Detected Seen(double seconds, params Detection[] detections) =>
        new(At(seconds), [.. detections.OrderByDescending(d => d.Score)], "0123456789ab");

    /// <summary>One step of a tracker; the frame is given back.</summary>
    public ImmutableArray<Track> Track(Tracker tracker, double seconds, params Detection[] detections)
    {
        using var tracked = tracker.Step(Seen(seconds, detections));
        return tracked.Tracks;
    }

    public static Tracker NewTracker() => new(new TrackingSettings());

    public void Dispose()
    {
        Assert.Equal(0, Held);
        _pool.Dispose();
    }
}
