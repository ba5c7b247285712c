using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>A recording shown as a live camera.</summary>
public sealed class LoopCameraTests
{
    [SkippableFact]
    public void It_goes_on_after_its_end_at_its_own_pace_with_times_that_only_grow()
    {
        string file = SharedData.Path("towncentre", "towncentre_excerpt.mp4"); // 96 frames, 25 a second
        var began = MonoTime.Now;
        using var pool = new FramePool(2, 640 * 360 * 3 / 2);
        using var camera = FfmpegCamera.Open(
            "loop:" + file, new CameraOptions { Epoch = began }, NullLogger.Instance);
        Assert.True(camera.Facts.IsLive);
        Assert.StartsWith("loop:", camera.Facts.Uri, StringComparison.Ordinal);
        Frame? last = null;
        for (int i = 0; i < 130; i++)
        {
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            Assert.Equal(i, frame.Index);
            Assert.True(frame.At <= MonoTime.Now, "a frame of the future");
            if (last is { } before)
            {
                Assert.InRange((frame.StreamTime - before.StreamTime).TotalSeconds, 0.039, 0.041);
                Assert.True(frame.At > before.At);
            }

            last = frame;
            frame.Dispose();
        }

        Assert.Equal(1, ((LoopCamera)camera).Rounds);
        Assert.Equal(130, camera.Counts.Frames);
        // 130 frames are 5.2 s.
        Assert.True((MonoTime.Now - began).TotalSeconds > 5.1);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(Read);
        Assert.Equal(0, pool.Held);

        void Read()
        {
            while (camera.Next(pool, out var frame, stop.Token) == Capture.Frame) frame.Dispose();
        }
    }

    [SkippableFact]
    public void A_file_that_is_not_there_is_final()
    {
        EncoderTests.RequireLibav();
        Assert.True(Assert.Throws<DeviceException>(() => FfmpegCamera.Open(
            "loop:/nowhere.mp4", new CameraOptions(), NullLogger.Instance).Dispose()).IsFinal);
    }
}
