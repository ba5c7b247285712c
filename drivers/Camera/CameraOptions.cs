using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>How to open and read a camera. What a kind of camera has no use for, it ignores.</summary>
public sealed record CameraOptions
{
    /// <summary>Connecting and finding out what the stream is; also the wait for the first frame.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// A live camera without a new decoded frame for this long is lost. With libav's look at the clock every 100 ms
    /// a loss is noticed within 2 s.
    /// </summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(1.8);

    /// <summary>A slow camera gets this many frame intervals, where longer than <see cref="SilenceMax"/>.</summary>
    public int SilenceIntervals { get; init; } = 10;

    /// <summary>The instant a recording's first frame is laid on; null for the moment it is opened.</summary>
    public MonoTime? Epoch { get; init; }

    /// <summary>Decoders to try by name, in order; null for the codec's own list.</summary>
    public IReadOnlyList<string>? Decoders { get; init; }

    /// <summary>Threads of a software decoder; one costs the least processor time per frame.</summary>
    public int DecoderThreads { get; init; } = 1;

    /// <summary>Size asked of a V4L2 camera, pixels; the nearest it has is taken.</summary>
    public int Width { get; init; } = 1280;

    /// <summary>Size asked of a V4L2 camera, pixels.</summary>
    public int Height { get; init; } = 720;

    /// <summary>Rate asked of a V4L2 camera, frames a second.</summary>
    public double FrameRate { get; init; } = 30;
}
