using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Every recording beside the checkout, read whole.</summary>
public sealed class RecordedVideoTests
{
    [SkippableTheory]
    [InlineData("videos_fixed", "one-by-one-person-detection.mp4", 768, 432, 1394, 10)]
    [InlineData("videos_fixed", "car-detection.mp4", 768, 432, 377, 12.5)]
    [InlineData("videos_fixed", "highway_bgslibrary_video03.avi", 320, 240, 1699, 60)]
    [InlineData("videos_fixed", "otvision_Cars-Cyclist_20fps.mp4", 800, 600, 60, 20)]
    [InlineData("videos_moving", "udacity_dashcam_highway.mp4", 1280, 720, 38, 25)]
    [InlineData("videos_moving", "street_walk_360p.mp4", 640, 360, 319, 30)]
    [InlineData("towncentre", "towncentre_excerpt.mp4", 1920, 1080, 96, 25)]
    public void Every_frame_of_a_recording_arrives_in_order(
        string folder, string name, int width, int height, int frames, double rate)
    {
        string path = SharedData.Path(folder, name);
        var size = new FrameFormat(width, height, ColourRange.Limited, ColourMatrix.Bt601);
        using var pool = new FramePool(slots: 1, size.Bytes);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);

        int seen = 0;
        var last = TimeSpan.FromTicks(-1);
        while (camera.Next(pool, out var frame, CancellationToken.None) == Capture.Frame)
        {
            using (frame)
            {
                Assert.Equal((width, height), (frame.Format.Width, frame.Format.Height));
                Assert.Equal(seen, frame.Index);
                Assert.True(frame.StreamTime > last, $"frame {seen} at {frame.StreamTime} after {last}");
                last = frame.StreamTime;
                seen++;
            }
        }

        Assert.Equal(frames, seen);
        Assert.Equal(frames, camera.Counts.Frames);
        Assert.Equal(0, camera.Counts.CorruptPackets);
        Assert.NotNull(camera.Facts.FrameRate);
        Assert.Equal(rate, camera.Facts.FrameRate.Value, 0.1);
        Assert.InRange(last.TotalSeconds, (frames - 2) / rate, (frames + 1) / rate);
        Assert.Equal(0, pool.Held);
    }
}
