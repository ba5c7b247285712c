using System.Collections.Immutable;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Retrain.Ingest;
using EdgeAppliance.Runtime;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Video from the camera's frames to the endpoint's files.</summary>
public sealed class VideoTests : IDisposable
{
    static readonly FrameFormat Format = new(320, 192, ColourRange.Limited, ColourMatrix.Bt709);

    static readonly VideoSegment Golden = new(
        1, "gate-3", "rtsp://10.0.0.7/live", 12, new DateTimeOffset(2026, 3, 1, 12, 30, 15, 250, TimeSpan.Zero),
        ClockTrust.Synchronised, 11.5, 1, 10, 640, 360, 32, 6, 4);

    readonly FramePool _pool = new(slots: 8, slotBytes: Format.Bytes);

    public void Dispose()
    {
        Assert.Equal(0, _pool.Held);
        _pool.Dispose();
    }

    /// <summary>A chequered ground with a bright block that moves: something to code everywhere.</summary>
    Frame Painted(int index, double rate = 10)
    {
        Assert.True(_pool.TryRent(out var lease), "a frame was not given back");
        var frame = new Frame(lease, Format, MonoTime.FromSeconds(50 + index / rate), index,
            TimeSpan.FromSeconds(index / rate));
        lease.Bytes[..Format.Bytes].Fill(128);
        var noise = new Random(index);
        for (int y = 0; y < Format.Height; y++)
            for (int x = 0; x < Format.Width; x++)
                frame.Luma[y * Format.Width + x] = (byte)(90 + 40 * ((x / 8 + y / 8) % 2) + noise.Next(24));
        return frame;
    }

    [Fact]
    public void Version_1_of_a_segment_is_written_and_read_as_it_always_was()
    {
        byte[] payload = VideoFrame.Write(Golden, [0, 0, 0, 1, 9]);
        string json = System.Text.Encoding.UTF8.GetString(payload.AsSpan(VideoFrame.HeadBytes..^5));
        Assert.Equal(
            """
            {"version":1,"device":"gate-3","camera":"rtsp://10.0.0.7/live","number":12,
            "sentAt":"2026-03-01T12:30:15.25+00:00","clockTrust":1,"streamTimeS":11.5,"seconds":1,"frames":10,
            "width":640,"height":360,"quantiser":32,"coarser":6,"setting":4}
            """.ReplaceLineEndings(""), json);
        Assert.Equal("4544475600010000" + $"{json.Length:X8}" + "00000005", Convert.ToHexString(payload.AsSpan(..16)));
        Assert.Equal(Golden, VideoFrame.Read(payload, out var video));
        Assert.Equal([0, 0, 0, 1, 9], video.ToArray());
        Assert.Equal("gate-3", Topics.DeviceOfVideo(Topics.Video("gate-3")));
        Assert.Null(Topics.DeviceOfVideo(Topics.Samples("gate-3")));
    }

    [Fact]
    public void Bytes_that_are_no_segment_are_told_and_nothing_else_is_thrown()
    {
        byte[] good = VideoFrame.Write(Golden, new byte[100]);
        byte[] other = VideoFrame.Write(Golden with { Number = 77, Camera = "file:x" }, new byte[40]);
        var random = new Random(3);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = MutatedBytes.Of(good, other, random);
            if (bad.AsSpan().SequenceEqual(good)) continue;
            try { VideoFrame.Read(bad, out _); }
            catch (SampleFormatException) { continue; }
            // Bytes 6 and 7 are for later versions; else it is the one or the other, whole.
            Assert.Contains(bad[8..], new[] { good[8..], other[8..] });
        }
    }

    [Fact]
    public void Frames_become_segments_that_can_be_decoded_and_are_coded_as_asked()
    {
        List<(VideoSegment Segment, byte[] Video)> sent = [];
        var coding = new VideoCoding(new SegmentCoding(30, 1), 0, 3);
        using var sender = new VideoSender(new VideoSettings { RateMax = 5 }, "d", "c", () => coding, payload =>
        {
            var segment = VideoFrame.Read(payload, out var video);
            sent.Add((segment, video.ToArray()));
            return segment.Number != 2;
        }, NullLogger.Instance);
        var run = new Thread(sender.Run);
        run.Start();
        for (int i = 0; i < 40; i++)
        {
            using var frame = Painted(i);
            if (i == 20) coding = new VideoCoding(new SegmentCoding(30, 0.5), 12, 4);
            if (i == 16) sender.Saw([new Detection(new Box(100, 50, 150, 120), 0, 0.9f)], Format);
            sender.Offer(frame);
            while (sender.Frames.Counts.Queued > 0) Thread.Sleep(1); // a live link drops, and this counts
        }

        sender.Frames.Complete();
        run.Join();
        Assert.Equal(4, sent.Count);
        Assert.Equal((3, 1), (sender.Sent, sender.Dropped));
        Assert.All(sent, s => Assert.Equal((5, 1.0), (s.Segment.Frames, s.Segment.Seconds)));
        Assert.Equal([320, 320, 160, 160], sent.Select(s => s.Segment.Width));
        Assert.Equal([3L, 3L, 4L, 4L], sent.Select(s => s.Segment.Setting));
        Assert.Equal([0, 0, 12, 12], sent.Select(s => s.Segment.Coarser));
        Assert.True(sent[2].Video.Length < sent[1].Video.Length / 4);
        foreach (var (segment, video) in sent) Assert.Equal(segment.Frames, Decoded(video));
    }

    int Decoded(byte[] video)
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder.File("v.h264"), video);
        using var camera = Drivers.Camera.FfmpegCamera.Open(
            "file:" + folder.File("v.h264"), new Drivers.Camera.CameraOptions(), NullLogger.Instance);
        int frames = 0;
        while (camera.Next(_pool, out var frame, default) == Drivers.Camera.Capture.Frame)
        {
            frame.Dispose();
            frames++;
        }

        return frames;
    }

    [Fact]
    public void A_quarter_of_the_frames_of_a_faster_camera_are_sent_evenly()
    {
        using var sender = new VideoSender(
            new VideoSettings { RateMax = 5 }, "d", "c", () => default, _ => true, NullLogger.Instance);
        int before = 0;
        List<int> taken = [];
        for (int i = 0; i < 40; i++)
        {
            using var frame = Painted(i, rate: 20);
            sender.Offer(frame);
            if (sender.Frames.Counts.Sent > before) taken.Add(i);
            before = (int)sender.Frames.Counts.Sent;
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => 4 * i), taken);
        sender.Frames.Complete();
        sender.Frames.Drain(frame => frame.Dispose());
    }

    [Fact]
    public void The_shelf_keeps_its_limit_and_what_it_has_over_a_restart()
    {
        using var folder = new ScratchFolder();
        using (var shelf = new VideoShelf(folder.Path, 1000, NullLogger.Instance))
        {
            for (int i = 0; i < 8; i++)
            {
                shelf.Offer("gate-3", VideoFrame.Write(
                    Golden with { Number = i, SentAt = Golden.SentAt.AddSeconds(i) }, new byte[300]));
            }

            shelf.Offer("gate-3", new byte[40]);
        }

        Assert.Equal([5, 6, 7], Numbers(folder));
        using (var shelf = new VideoShelf(folder.Path, 1000, NullLogger.Instance))
            shelf.Offer("a", VideoFrame.Write(Golden with { Number = 8, SentAt = Golden.SentAt.AddSeconds(8) }, [1]));
        Assert.Equal([5, 6, 7, 8], Numbers(folder));
        using (var shelf = new VideoShelf(folder.Path, 301, NullLogger.Instance))
        {
            shelf.Offer("a", VideoFrame.Write(Golden with { Number = 9, SentAt = Golden.SentAt.AddSeconds(9) }, [1]));
        }

        Assert.Equal([8, 9], Numbers(folder).TakeLast(2));
        Assert.InRange(Numbers(folder).Count(), 2, 3);

        static IEnumerable<int> Numbers(ScratchFolder folder) =>
            Directory.GetFiles(folder.Path, "*.h264", SearchOption.AllDirectories)
                .Select(f => int.Parse(Path.GetFileNameWithoutExtension(f).Split('-')[1],
                    System.Globalization.CultureInfo.InvariantCulture)).Order();
    }

    [Fact]
    public void What_was_seen_stays_fine_with_room_round_it()
    {
        var seen = ImmutableArray.Create(new Detection(new Box(100, 50, 140, 150), 0, 0.9f));
        var region = Assert.Single(SeenRegions.Of(seen, Format, (160, 96), 12));
        // Half the size, half a box of room across, and along as well: 50..70 by 25..75 becomes 34..86 by 0..96.
        Assert.Equal(new EncoderRegion(34, 0, 86, 96, -12), region with { Top = Math.Max(0, region.Top) });
        Assert.Empty(SeenRegions.Of([], Format, (160, 96), 12));
    }
}
