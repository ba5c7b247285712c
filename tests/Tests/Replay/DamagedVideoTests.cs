using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Files that are not what they should be: each ends cleanly, or is refused in words that help.</summary>
public sealed class DamagedVideoTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("damaged").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [InlineData("car-detection.mp4", 377)]
    [InlineData("highway_bgslibrary_video03.avi", 1699)]
    public void Flipped_bytes_are_counted_as_corrupt_and_the_frames_go_on(string name, int frames)
    {
        byte[] bytes = File.ReadAllBytes(SharedData.Path("videos_fixed", name));
        var random = new Random(5);
        for (int i = 0; i < 300; i++) bytes[(bytes.Length / 3) + random.Next(bytes.Length / 3)] ^= 0xff;
        (int seen, var counts, var last) = ReadAll(Write(name, bytes));
        Assert.InRange(counts.CorruptPackets, 1, 2000);
        Assert.InRange(seen, frames / 2, frames - 1);
        Assert.Equal(seen, counts.Frames);
        Assert.True(last > TimeSpan.FromSeconds(27), $"the last frame is of {last}: the damage stopped it");
    }

    [SkippableFact]
    public void A_recording_cut_short_after_its_index_ends_where_it_was_cut()
    {
        SkipWithoutFfmpeg();
        string whole = Make("whole.mp4", "testsrc=size=320x240:rate=25:duration=4", "-c:v", "libx264", "-bf", "0",
            "-pix_fmt", "yuv420p", "-movflags", "+faststart");
        byte[] bytes = File.ReadAllBytes(whole);
        (int seen, _, _) = ReadAll(Write("cut.mp4", bytes[..(bytes.Length / 2)]));
        Assert.InRange(seen, 20, 90);
    }

    [SkippableFact]
    public void A_recording_cut_short_before_its_index_is_refused()
    {
        SkipWithoutFfmpeg();
        byte[] bytes = File.ReadAllBytes(
            Make("whole.mp4", "testsrc=size=320x240:rate=25:duration=4", "-c:v", "libx264", "-pix_fmt", "yuv420p"));
        var refused = Refused(Write("cut.mp4", bytes[..(bytes.Length / 2)]));
        Assert.Equal("avformat_open_input", refused.Call);
        Assert.Contains("cut off before its index", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void An_empty_file_is_refused()
    {
        EncoderTests.RequireLibav();
        Assert.Contains("0 bytes", Refused(Write("empty.mp4", [])).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_file_that_is_not_there_is_refused()
    {
        EncoderTests.RequireLibav();
        Assert.Contains("no such file", Refused(Path.Combine(_folder, "x.mp4")).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_text_is_refused()
    {
        EncoderTests.RequireLibav();
        byte[] text = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("not a video\n", 500)));
        Assert.Contains("not a video", Refused(Write("text.mp4", text)).Reason, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_recording_without_a_picture_is_refused()
    {
        SkipWithoutFfmpeg();
        string path = Path.Combine(_folder, "tone.m4a");
        LibavLayoutTests.Run(
            "/usr/bin/ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", path);
        var refused = Refused(path);
        Assert.Equal("av_find_best_stream", refused.Call);
        Assert.Contains("no video in it", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_picture_of_one_pixel_is_read()
    {
        SkipWithoutFfmpeg();
        string path = Make("one.mkv", "color=red:size=2x2:rate=5:duration=1,format=yuv444p,crop=1:1", "-c:v", "ffv1");
        (int seen, _, _) = ReadAll(path);
        Assert.Equal(5, seen);
    }

    [SkippableFact]
    public void A_playlist_in_disguise_opens_nothing_else()
    {
        EncoderTests.RequireLibav();
        string playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n#EXT-X-ENDLIST\n";
        Refused(Write("clip.mp4", System.Text.Encoding.UTF8.GetBytes(playlist)));
    }

    [SkippableTheory]
    [InlineData("yuv422p")]
    [InlineData("yuv444p")]
    [InlineData("yuv420p10le")]
    [InlineData("gray")]
    [InlineData("bgr0")]
    public void Any_pixel_format_becomes_a_frame_of_the_right_colour(string format)
    {
        SkipWithoutFfmpeg();
        string path = Make("c.mkv", "color=0x3060c0:size=64x48:rate=5:duration=1", "-c:v", "ffv1", "-pix_fmt", format);
        using var pool = new FramePool(slots: 1, 64 * 48 * 3 / 2);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);
        Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
        using (frame)
        {
            var (r, g, b) = TestPictures.Rgb(frame, 30, 20);
            double grey = (0.299 * 0x30) + (0.587 * 0x60) + (0.114 * 0xc0);
            var (red, green, blue) = format == "gray" ? (grey, grey, grey) : (0x30, 0x60, 0xc0);
            Assert.Equal(red, r, 4.0);
            Assert.Equal(green, g, 4.0);
            Assert.Equal(blue, b, 4.0);
        }
    }

    static (int Seen, CameraCounts Counts, TimeSpan Last) ReadAll(string path)
    {
        using var pool = new FramePool(slots: 1, 800 * 600 * 3 / 2);
        using var camera = FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance);
        int seen = 0;
        var last = TimeSpan.Zero;
        while (camera.Next(pool, out var frame, CancellationToken.None) == Capture.Frame)
        {
            seen++;
            last = frame.StreamTime;
            frame.Dispose();
        }

        Assert.Equal(0, pool.Held);
        return (seen, camera.Counts, last);
    }

    static DeviceException Refused(string path)
    {
        var refused = Assert.Throws<DeviceException>(
            () => FfmpegCamera.Open($"file:{path}", new CameraOptions(), NullLogger.Instance).Dispose());
        Assert.True(refused.IsFinal);
        Assert.Contains(Path.GetFileName(path), refused.Message, StringComparison.Ordinal);
        return refused;
    }

    string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    string Make(string name, string source, params string[] coding)
    {
        string path = Path.Combine(_folder, name);
        LibavLayoutTests.Run("/usr/bin/ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, .. coding, path]);
        return path;
    }

    static void SkipWithoutFfmpeg()
    {
        EncoderTests.RequireLibav();
        Skip.IfNot(File.Exists("/usr/bin/ffmpeg"), "needs the ffmpeg program for its files: apt-get install ffmpeg");
    }
}
