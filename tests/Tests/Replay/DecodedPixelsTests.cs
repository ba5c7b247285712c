using System.Diagnostics;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Our pixels against those of the ffmpeg program.</summary>
public sealed class DecodedPixelsTests
{
    [SkippableTheory]
    [InlineData("videos_fixed", "car-detection.mp4", 60)]
    [InlineData("videos_fixed", "highway_bgslibrary_video03.avi", 60)]
    [InlineData("towncentre", "towncentre_excerpt.mp4", 12)]
    public void Frames_equal_the_ffmpeg_programs_byte_for_byte(string folder, string name, int frames)
    {
        string path = SharedData.Path(folder, name);
        Skip.IfNot(File.Exists("/usr/bin/ffmpeg"), "needs the ffmpeg program: apt-get install ffmpeg");
        EncoderTests.RequireLibav();
        using var pool = new FramePool(slots: 1, 1920 * 1080 * 3 / 2);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);
        using var reference = Process.Start(new ProcessStartInfo("/usr/bin/ffmpeg",
            ["-v", "error", "-i", path, "-frames:v", $"{frames}", "-fps_mode", "passthrough", "-f", "rawvideo",
             "-pix_fmt", "yuv420p", "-"])
        {
            RedirectStandardOutput = true,
        })!;
        byte[] expected = new byte[camera.Facts.Format.Bytes];
        for (int i = 0; i < frames; i++)
        {
            reference.StandardOutput.BaseStream.ReadExactly(expected);
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            Assert.True(frame.Pixels.Bytes[..expected.Length].SequenceEqual(expected), $"frame {i} differs");
            frame.Dispose();
        }

        reference.WaitForExit();
    }

    [SkippableFact]
    public void A_frame_too_large_for_its_slot_is_scaled_to_the_same_shape()
    {
        string path = SharedData.Path("towncentre", "towncentre_excerpt.mp4");
        using var pool = new FramePool(slots: 1, 640 * 360 * 3 / 2);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);
        Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
        Assert.Equal((640, 360), (frame.Format.Width, frame.Format.Height));
        frame.Dispose();
        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public void Reading_a_recording_allocates_no_managed_memory_per_frame()
    {
        string path = SharedData.Path("videos_fixed", "car-detection.mp4");
        using var pool = new FramePool(slots: 1, 768 * 432 * 3 / 2);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);
        long before = 0;
        for (int i = 0; i < 300; i++)
        {
            if (i == 100) before = GC.GetAllocatedBytesForCurrentThread();
            if (camera.Next(pool, out var frame, CancellationToken.None) == Capture.Frame) frame.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [SkippableFact]
    public void An_empty_pool_costs_the_frame_and_not_the_recording()
    {
        string path = SharedData.Path("videos_fixed", "otvision_Cars-Cyclist_20fps.mp4");
        using var pool = new FramePool(slots: 1, 800 * 600 * 3 / 2);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);
        Assert.Equal(Capture.Frame, camera.Next(pool, out var held, CancellationToken.None));
        int dropped = 0;
        Capture got;
        while ((got = camera.Next(pool, out _, CancellationToken.None)) == Capture.PoolEmpty) dropped++;
        Assert.Equal(Capture.Ended, got);
        Assert.Equal(59, dropped);
        Assert.Equal(60, camera.Counts.Frames);
        held.Dispose();
        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public void Real_photographs_decode_at_their_own_size_and_odd_ones_too()
    {
        string folder = SharedData.Path("coco_val_mini", "images");
        using var pool = new FramePool(slots: 2, 640 * 640 * 3 / 2);
        using var codec = new JpegCodec();
        int seen = 0;
        foreach (string path in Directory.EnumerateFiles(folder, "*.jpg"))
        {
            byte[] jpeg = File.ReadAllBytes(path);
            using var frame = codec.Decode(jpeg, pool, default);
            (int width, int height) = SizeOf(jpeg);
            Assert.Equal((width, height), (frame.Format.Width, frame.Format.Height));
            Assert.Equal(ColourRange.Full, frame.Format.Range);
            using var again = codec.Decode(codec.Encode(frame, quality: 95), pool, default);
            double psnr = TestPictures.Psnr(frame.Luma, again.Luma);
            Assert.True(psnr > 33, $"{path}: {psnr:F1} dB");
            seen++;
        }

        Assert.Equal(60, seen);
        Assert.Equal(0, pool.Held);
    }

    // The frame header's own numbers: SOF0 to SOF2.
    static (int Width, int Height) SizeOf(ReadOnlySpan<byte> jpeg)
    {
        int at = 2;
        while (jpeg[at + 1] is not (0xc0 or 0xc1 or 0xc2)) at += 2 + (jpeg[at + 2] << 8) + jpeg[at + 3];
        return ((jpeg[at + 7] << 8) + jpeg[at + 8], (jpeg[at + 5] << 8) + jpeg[at + 6]);
    }
}
