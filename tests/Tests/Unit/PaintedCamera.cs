using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

/// <summary>A camera for tests of the chain: so many frames of one grey each; then its end, or a fault.</summary>
sealed class PaintedCamera(int frames, bool isLive, Exception? fault = null, TimeSpan pace = default) : ICamera
{
    public static readonly FrameFormat Format = new(32, 16, ColourRange.Limited, ColourMatrix.Bt601);

    int _next;

    public CameraFacts Facts { get; } = new("test:painted", Format, 30, isLive, "none", "none", "painted");

    public CameraCounts Counts => new(_next, 0, 0, _next);

    public bool IsDisposed { get; private set; }

    public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
    {
        frame = default;
        if (pace > TimeSpan.Zero) stop.WaitHandle.WaitOne(pace);
        stop.ThrowIfCancellationRequested();
        if (_next == frames) return fault is null ? Capture.Ended : throw fault;
        if (!pool.TryRent(out var lease)) return Capture.PoolEmpty;
        lease.Bytes.Fill((byte)_next);
        frame = new Frame(lease, Format, MonoTime.Now, _next, TimeSpan.FromSeconds(_next / 30.0));
        _next++;
        return Capture.Frame;
    }

    public void Dispose() => IsDisposed = true;

    /// <summary>A fault of the world that no retry mends.</summary>
    public static DeviceException Gone => new("test:painted", "next", "gone") { IsFinal = true };
}
