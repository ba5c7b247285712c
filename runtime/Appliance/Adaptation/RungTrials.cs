using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>Frames as rungs of the knobs would have them: really scaled, really encoded. One thread.</summary>
sealed class RungTrials(KnobPlan plan, FramePool pool) : IDisposable
{
    /// <summary>A second at ten frames.</summary>
    const int FramesASegment = 10;

    const int QuantiserMax = 51;

    readonly SegmentCodec _segments = new(pool);
    readonly JpegCodec _jpeg = new();
    readonly Scaler _scaler = new();

    /// <summary>The frame with no more detail than an input of that size takes from it; to be disposed.</summary>
    /// <param name="size">number of the input size</param>
    public Frame Sized(in Frame frame, int size)
    {
        var input = plan.Model.Card.Input;
        double fit = Math.Min((double)input.Width / frame.Format.Width, (double)input.Height / frame.Format.Height);
        var (width, height) = new SegmentCoding(0, Math.Min(1, fit * Detectors.InputParts[size])).SizeOf(frame.Format);
        if (!pool.TryRent(out var lease))
            throw new InvalidOperationException($"no free slot among {pool.Slots} for a probe");
        var small = frame with { Pixels = lease, Format = frame.Format with { Width = width, Height = height } };
        try { _scaler.Scale(frame, small); }
        catch
        {
            small.Dispose();
            throw;
        }

        return small;
    }

    /// <summary>The frame as a JPEG and back; to be disposed.</summary>
    public Frame AsSample(in Frame frame, int quality, out long bytes)
    {
        byte[] jpeg = _jpeg.Encode(frame, quality);
        bytes = jpeg.Length;
        return _jpeg.Decode(jpeg, pool, frame.At);
    }

    /// <summary>Encodes as video, and back.</summary>
    /// <param name="received">takes the probed frame, which is its to dispose</param>
    /// <returns>bytes of a segment of ten such frames</returns>
    public double AsVideo(ProbeFrame at, VideoCoding wanted, Action<Frame> received)
    {
        var coding = WithRegions(at, wanted);
        // The first frame costs a key frame, the second what all further ones of a segment cost.
        double key = _segments.Encode([at.Before], coding, null);
        double both = _segments.Encode([at.Before, at.Frame], coding, (i, decoded) =>
        {
            if (i == 1) received(decoded);
            else decoded.Dispose();
        });
        return key + (FramesASegment - 1) * Math.Max(0, both - key);
    }

    public void Dispose()
    {
        _segments.Dispose();
        _jpeg.Dispose();
        _scaler.Dispose();
    }

    SegmentCoding WithRegions(ProbeFrame at, VideoCoding wanted)
    {
        var (segment, coarser, _) = wanted;
        if (coarser == 0) return segment;
        var format = at.Frame.Format;
        return segment with
        {
            Quantiser = Math.Min(QuantiserMax, segment.Quantiser + coarser),
            Regions = SeenRegions.Of(
                at.Full.Where(d => d.Score >= plan.ScoreMin), format, segment.SizeOf(format), coarser),
        };
    }
}
