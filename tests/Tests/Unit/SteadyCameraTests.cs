using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class SteadyCameraTests
{
    static readonly FrameFormat Size = new(2, 2, ColourRange.Limited, ColourMatrix.Bt601);
    static readonly ReconnectOptions Quick = new()
    {
        PauseFirst = TimeSpan.FromMilliseconds(1),
        PauseMax = TimeSpan.FromMilliseconds(4),
    };

    [Fact]
    public void Frame_numbers_times_and_counts_go_on_over_sessions()
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var camera = new SteadyCamera(
            "fake", isLive: true, _ => new Fake(framesBeforeFault: 3), Quick, NullLogger.Instance);
        var last = TimeSpan.FromTicks(-1);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            Assert.Equal(i, frame.Index);
            Assert.True(frame.StreamTime > last);
            last = frame.StreamTime;
            frame.Dispose();
        }

        Assert.Equal(3, camera.Reconnects);
        Assert.Equal(10, camera.Counts.Frames);
        Assert.Equal(CameraState.Running, camera.State);
        Assert.Contains("unplugged", camera.LastFault, StringComparison.Ordinal);
        Assert.Equal(0, pool.Held);
    }

    [Fact]
    public void A_camera_that_opens_but_gives_nothing_is_knocked_at_with_pauses()
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        int opened = 0;
        using var camera = new SteadyCamera(
            "fake", isLive: true, _ => new Fake(framesBeforeFault: opened++ < 20 ? 0 : 5), new ReconnectOptions
            {
                PauseFirst = TimeSpan.FromMilliseconds(2),
                PauseMax = TimeSpan.FromMilliseconds(10),
                Jitter = 0,
            }, NullLogger.Instance);
        var started = MonoTime.Now;
        Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
        frame.Dispose();
        Assert.Equal(21, camera.Attempts);
        Assert.True(MonoTime.Now - started > TimeSpan.FromMilliseconds(100)); // 2 + 4 + 8 + 17 times 10, some rounding
    }

    [Fact]
    public void A_recording_ends_once_and_its_fault_is_the_callers()
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var ends = new SteadyCamera(
            "fake", isLive: false, _ => new Fake(framesBeforeFault: 0) { Ends = true }, Quick, NullLogger.Instance);
        Assert.Equal(Capture.Ended, ends.Next(pool, out _, CancellationToken.None));
        Assert.Equal(CameraState.Ended, ends.State);
        using var breaks = new SteadyCamera(
            "fake", isLive: false, _ => new Fake(framesBeforeFault: 0), Quick, NullLogger.Instance);
        Assert.Throws<DeviceException>(() => breaks.Next(pool, out _, CancellationToken.None));
    }

    [Fact]
    public void A_fault_that_no_try_can_mend_is_the_callers()
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var camera = new SteadyCamera(
            "fake", isLive: true, _ => throw new DeviceException("fake", "open", "no such codec") { IsFinal = true },
            Quick, NullLogger.Instance);
        Assert.Throws<DeviceException>(() => camera.Next(pool, out _, CancellationToken.None));
    }

    [Fact]
    public void A_wait_for_a_lost_camera_ends_when_asked()
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var camera = new SteadyCamera(
            "fake", isLive: true, _ => throw new DeviceException("fake", "open", "off"), new ReconnectOptions
            {
                PauseFirst = TimeSpan.FromMinutes(1),
                PauseMax = TimeSpan.FromMinutes(1),
            }, NullLogger.Instance);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        Assert.Throws<OperationCanceledException>(() => camera.Next(pool, out _, stop.Token));
        Assert.Equal(CameraState.Lost, camera.State);
        Assert.Null(camera.LastFrameAge);
    }

    sealed class Fake(int framesBeforeFault) : ICamera
    {
        readonly MonoTime _epoch = MonoTime.Now;
        int _given;

        public bool Ends { get; init; }

        public CameraFacts Facts => new("fake", Size, 25, true, "none", "none", "fake");

        public CameraCounts Counts => new(_given, 0, 0, _given);

        public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
        {
            frame = default;
            if (_given == framesBeforeFault)
                return Ends ? Capture.Ended : throw new DeviceException("fake", "read", "unplugged");
            if (!pool.TryRent(out var slot)) return Capture.PoolEmpty;
            var time = TimeSpan.FromMicroseconds(_given);
            frame = new Frame(slot, Size, _epoch + time, _given++, time);
            return Capture.Frame;
        }

        public void Dispose() { }
    }
}
