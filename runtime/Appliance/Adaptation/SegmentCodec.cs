using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>How a segment is encoded.</summary>
/// <param name="Quantiser">H.264's, 0 to 51</param>
/// <param name="Scale">of width and height, above 0 to 1</param>
/// <param name="Regions">quantiser offsets in pixels of the scaled picture; null: none</param>
readonly record struct SegmentCoding(int Quantiser, double Scale, EncoderRegion[]? Regions = null)
{
    /// <summary>Even, as 4:2:0 wants it.</summary>
    public (int Width, int Height) SizeOf(FrameFormat format) =>
        (Math.Max(2, (int)Math.Round(format.Width * Scale / 2) * 2),
            Math.Max(2, (int)Math.Round(format.Height * Scale / 2) * 2));
}

/// <summary>How the video is coded from its next segment on.</summary>
/// <param name="Segment">without regions: where they lie is known when it begins</param>
/// <param name="Coarser">added to the quantiser where nothing was seen</param>
/// <param name="Setting">version of the knobs' setting; 0: no knob is turned</param>
readonly record struct VideoCoding(SegmentCoding Segment, int Coarser, long Setting);

/// <summary>
/// Frames to an H.264 segment of its own, and back to what whoever receives it sees. Encoders and decoders stay open,
/// one of each a size. Not thread safe.
/// </summary>
/// <param name="pool">lends decoded frames their pixels</param>
sealed class SegmentCodec(FramePool pool) : IDisposable
{
    /// <summary>A segment never ends by itself: it ends with the call.</summary>
    const int FramesMax = 1000;

    readonly Dictionary<(int Width, int Height), (Encoder Encoder, Decoder Decoder)> _open = [];

    /// <summary>Encodes some frames. They stay the caller's.</summary>
    /// <param name="decoded">takes the frames as received, in order, with the times of those sent; null: not decoded
    /// </param>
    /// <returns>bytes of the segment</returns>
    public long Encode(IReadOnlyList<Frame> frames, SegmentCoding coding, Action<int, Frame>? decoded)
    {
        if (frames.Count == 0) return 0;
        var size = coding.SizeOf(frames[0].Format);
        if (!_open.TryGetValue(size, out var pair)) _open[size] = pair = Open(size, frames[0].Format);
        var (encoder, decoder) = pair;
        encoder.SetQuantiser(coding.Quantiser);
        encoder.SetRegions(coding.Regions);
        encoder.EndSegment();
        long before = encoder.PacketBytes;
        var sink = new Sink(decoded is null ? null : decoder);
        for (int i = 0; i < frames.Count; i++)
        {
            encoder.Encode(frames[i], sink);
            if (decoded is not null) Receive(decoder, frames[i], frame => decoded(i, frame));
        }

        return encoder.PacketBytes - before;
    }

    public void Dispose()
    {
        foreach (var (encoder, decoder) in _open.Values)
        {
            encoder.Dispose();
            decoder.Dispose();
        }
    }

    void Receive(Decoder decoder, Frame sent, Action<Frame> decoded)
    {
        var answer = decoder.Receive(pool, default, out var frame);
        if (answer != Received.Frame)
        {
            throw new InvalidOperationException(
                $"a frame of {sent.Format.Width}x{sent.Format.Height} came out of the encoder as {answer}");
        }

        decoded(frame with { At = sent.At, Index = sent.Index, StreamTime = sent.StreamTime });
        while (decoder.Receive(pool, default, out frame) == Received.Frame) frame.Dispose();
    }

    static (Encoder Encoder, Decoder Decoder) Open((int Width, int Height) size, FrameFormat format)
    {
        var encoder = new Encoder(new EncoderOptions
        {
            Width = size.Width,
            Height = size.Height,
            Range = format.Range,
            Matrix = format.Matrix,
            SegmentFrames = FramesMax,
            FrameRate = 10,
            Regions = true,
            Preference = ["libx264", "h264_nvenc", "h264_v4l2m2m"], // the first alone heeds regions
        });
        // libav's own: a board's decoder keeps frames back until more packets follow (seen with NVDEC), and a segment
        // of a second may end before the first comes out.
        return (encoder, new Decoder("h264", [], new DecoderOptions { Device = "segment", Preference = ["h264"] }));
    }

    sealed class Sink(Decoder? decoder) : IPacketSink
    {
        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey) => decoder?.Send(bytes, pts);
    }
}
