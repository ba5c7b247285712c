using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Tests.Unit;

public sealed class EncoderTests
{
    static readonly FrameFormat Size = new(320, 240, ColourRange.Limited, ColourMatrix.Bt709);

    [SkippableFact]
    public void What_is_encoded_comes_out_of_the_decoder_again()
    {
        RequireLibav();
        using var pool = new FramePool(slots: 4, Size.Bytes);
        using var encoder = new Encoder(Options(quantiser: 18));
        using var decoder = new Decoder("h264", [], new DecoderOptions());
        var sink = new Forward(decoder);
        for (int i = 0; i < 30; i++)
        {
            using var drawn = TestPictures.Draw(pool, Size, i);
            encoder.Encode(drawn, sink);
            Assert.Equal(i + 1, sink.Packets);
            Assert.Equal(Received.Frame, decoder.Receive(pool, default, out var seen));
            using (seen)
            {
                Assert.Equal(Size, seen.Format);
                Assert.Equal(drawn.StreamTime, seen.StreamTime);
                Assert.Equal(i, seen.Index);
                double psnr = TestPictures.Psnr(drawn.Luma, seen.Luma);
                Assert.True(psnr > 38, $"frame {i}: {psnr:F1} dB");
                Assert.True(TestPictures.Psnr(drawn.ChromaRed, seen.ChromaRed) > 38);
            }

            Assert.Equal(Received.NeedsPacket, decoder.Receive(pool, default, out _));
        }

        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public void A_coarser_quantiser_makes_fewer_bytes_from_the_next_segment_on()
    {
        RequireLibav();
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var encoder = new Encoder(Options(quantiser: 20));
        var sink = new Segments();
        for (int i = 0; i < 40; i++)
        {
            if (i == 15) encoder.SetQuantiser(36); // in the middle of the second segment
            using var drawn = TestPictures.Draw(pool, Size, i);
            encoder.Encode(drawn, sink);
        }

        Assert.Equal(4, sink.Bytes.Count);
        Assert.InRange(sink.Bytes[1], sink.Bytes[0] * 0.7, sink.Bytes[0] * 1.3);
        Assert.True(sink.Bytes[2] < sink.Bytes[1] / 2, string.Join(' ', sink.Bytes));
        Assert.InRange(sink.Bytes[3], sink.Bytes[2] * 0.7, sink.Bytes[2] * 1.3);
        Assert.Equal(encoder.PacketBytes, sink.Bytes.Sum());
    }

    [SkippableFact]
    public void An_encoder_that_heeds_regions_makes_the_same_bytes_without_any()
    {
        RequireLibav();
        var plain = Options(quantiser: 26);
        long without = BytesOf(plain, []);
        Assert.InRange(BytesOf(plain with { Regions = true }, []), without * 0.9, without * 1.1);
    }

    [SkippableFact]
    public void A_coarser_region_saves_bytes_and_is_worse_only_there()
    {
        RequireLibav();
        using var pool = new FramePool(slots: 3, Size.Bytes);
        using var encoder = new Encoder(Options(quantiser: 20) with { Regions = true });
        Skip.IfNot(encoder.HeedsRegions, $"{encoder.Name} heeds no regions");
        encoder.SetRegions([new EncoderRegion(160, 0, 320, 240, 20)]);
        using var decoder = new Decoder("h264", [], new DecoderOptions());
        using var drawn = TestPictures.Draw(pool, Size, 0);
        encoder.Encode(drawn, new Forward(decoder));
        Assert.Equal(Received.Frame, decoder.Receive(pool, default, out var seen));
        using (seen)
        {
            double left = Psnr(drawn, seen, 0, 144), right = Psnr(drawn, seen, 176, 320);
            Assert.True(left > right + 6, $"left {left:F1} dB, right {right:F1} dB");
        }

        long all = BytesOf(Options(quantiser: 20) with { Regions = true }, []);
        long some = BytesOf(
            Options(quantiser: 20) with { Regions = true }, [new EncoderRegion(160, 0, 320, 240, 20)]);
        Assert.True(some < 0.8 * all, $"{some} of {all} bytes");
    }

    [SkippableFact]
    public void A_region_outside_what_can_be_is_refused()
    {
        RequireLibav();
        using var encoder = new Encoder(Options(quantiser: 20) with { Regions = true });
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.SetRegions([new EncoderRegion(0, 0, 16, 16, 52)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.SetRegions([new EncoderRegion(16, 0, 16, 16, 5)]));
    }

    static long BytesOf(EncoderOptions options, EncoderRegion[] regions)
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var encoder = new Encoder(options);
        encoder.SetRegions(regions);
        var sink = new Segments();
        for (int i = 0; i < 20; i++)
        {
            using var drawn = TestPictures.Draw(pool, Size, i);
            encoder.Encode(drawn, sink);
        }

        return encoder.PacketBytes;
    }

    /// <summary>Of some columns' luma.</summary>
    static double Psnr(Frame one, Frame other, int from, int to)
    {
        byte[] Columns(Frame frame) =>
        [
            .. Enumerable.Range(0, Size.Height)
                .SelectMany(y => frame.Luma.Slice(y * Size.Width + from, to - from).ToArray()),
        ];
        return TestPictures.Psnr(Columns(one), Columns(other));
    }

    [SkippableFact]
    public void A_frame_of_another_size_is_scaled_to_the_encoders()
    {
        RequireLibav();
        var large = new FrameFormat(641, 479, ColourRange.Full, ColourMatrix.Bt601);
        using var pool = new FramePool(slots: 2, large.Bytes);
        using var encoder = new Encoder(Options(quantiser: 12));
        using var decoder = new Decoder("h264", [], new DecoderOptions());
        using var drawn = TestPictures.Draw(pool, large, 0);
        drawn.Luma.Fill(120);
        drawn.ChromaBlue.Fill(150);
        drawn.ChromaRed.Fill(110);
        encoder.Encode(drawn, new Forward(decoder));
        Assert.Equal(Received.Frame, decoder.Receive(pool, default, out var seen));
        using (seen)
        {
            Assert.Equal(Size, seen.Format);
            foreach ((int x, int y) in new[] { (0, 0), (150, 110), (319, 239) })
            {
                var (r, g, b) = TestPictures.Rgb(drawn, x, y);
                var (r2, g2, b2) = TestPictures.Rgb(seen, x, y);
                Assert.Equal(r, r2, 4.0);
                Assert.Equal(g, g2, 4.0);
                Assert.Equal(b, b2, 4.0);
            }
        }
    }

    [SkippableFact]
    public void Encoding_and_decoding_allocate_no_managed_memory_per_frame()
    {
        RequireLibav();
        using var pool = new FramePool(slots: 2, Size.Bytes);
        using var encoder = new Encoder(Options(quantiser: 30) with { SegmentFrames = 1000 });
        using var decoder = new Decoder("h264", [], new DecoderOptions());
        var sink = new Forward(decoder);
        using var drawn = TestPictures.Draw(pool, Size, 0);
        long before = 0;
        for (int i = 0; i < 60; i++)
        {
            if (i == 20) before = GC.GetAllocatedBytesForCurrentThread();
            encoder.Encode(drawn with { StreamTime = TimeSpan.FromMilliseconds(40 * i) }, sink);
            if (decoder.Receive(pool, default, out var seen) == Received.Frame) seen.Dispose();
            _ = decoder.Receive(pool, default, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(60, decoder.Frames);
    }

    [SkippableFact]
    public void An_encoder_nobody_has_is_passed_over_with_its_reason()
    {
        RequireLibav();
        using var encoder = new Encoder(Options(quantiser: 30) with { Preference = ["h264_of_mars", "libx264"] });
        Assert.Equal("libx264", encoder.Name);
        Assert.Contains("h264_of_mars is not in this libavcodec", encoder.Reason, StringComparison.Ordinal);
        var refused = Assert.Throws<DeviceException>(
            () => new Encoder(Options(quantiser: 30) with { Preference = ["h264_of_mars"] }));
        Assert.Contains("h264_of_mars", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_full_pool_does_not_stop_the_decoder()
    {
        RequireLibav();
        using var pool = new FramePool(slots: 1, Size.Bytes);
        using var encoder = new Encoder(Options(quantiser: 30));
        using var decoder = new Decoder("h264", [], new DecoderOptions());
        using var drawn = TestPictures.Draw(pool, Size, 0);
        encoder.Encode(drawn, new Forward(decoder));
        Assert.Equal(Received.PoolEmpty, decoder.Receive(pool, default, out _));
        Assert.Equal(1, decoder.Frames);
        Assert.Equal(Received.NeedsPacket, decoder.Receive(pool, default, out _));
    }

    [SkippableFact]
    public void Garbage_is_corrupt_and_the_next_packet_is_still_decoded()
    {
        RequireLibav();
        using var pool = new FramePool(slots: 2, Size.Bytes);
        using var encoder = new Encoder(Options(quantiser: 30));
        using var decoder = new Decoder("h264", [], new DecoderOptions());
        bool isTaken = decoder.Send([0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff, 0xff], default);
        Assert.True(!isTaken || decoder.Receive(pool, default, out _) is Received.Corrupt or Received.NeedsPacket);
        using var drawn = TestPictures.Draw(pool, Size, 0);
        encoder.Encode(drawn, new Forward(decoder));
        Assert.Equal(Received.Frame, decoder.Receive(pool, default, out var seen));
        seen.Dispose();
    }

    internal static void RequireLibav() =>
        Skip.If(Libav.Describe().Fault is not null, $"needs FFmpeg's libraries: {Libav.Describe().Fault}");

    static EncoderOptions Options(int quantiser) => new()
    {
        Width = Size.Width,
        Height = Size.Height,
        Quantiser = quantiser,
        SegmentFrames = 10,
        FrameRate = 25,
    };

    sealed class Forward(Decoder decoder) : IPacketSink
    {
        public int Packets { get; private set; }

        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey)
        {
            Packets++;
            Assert.True(decoder.Send(bytes, pts));
        }
    }

    sealed class Segments : IPacketSink
    {
        public List<long> Bytes { get; } = [];

        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey)
        {
            if (isKey) Bytes.Add(0);
            Bytes[^1] += bytes.Length;
        }
    }
}
