using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Drivers.Media;

/// <summary>
/// Brings pictures of any format and size to 8-bit 4:2:0 of a wanted size. Keeps its conversion until source or
/// target change. One thread at a time.
/// </summary>
public sealed unsafe class Scaler : IDisposable
{
    const int Bilinear = 2;
    const int AccurateRounding = 0x40000;
    const int One = 1 << 16;
    readonly Picture _source = new();
    readonly Picture _target = new();
    SwsContextHandle? _conversion;
    Plan _plan;

    /// <summary>Scales one frame into another's slot; colours keep their range and matrix.</summary>
    /// <param name="source">any size</param>
    /// <param name="target">written whole; its format says the wanted size</param>
    public void Scale(in Frame source, in Frame target)
    {
        var from = source.Format;
        _source.Allocate(PictureFormat.Yuv420p, from.Width, from.Height);
        _source.CopyFrom(source);
        Convert(_source, from, target.Format).CopyTo(target.Pixels, target.Format);
    }

    /// <summary>
    /// The picture in the wanted size as yuv420p, in this scaler's own memory (rows padded: swscale writes past a
    /// row's end where the padding is missing), valid until the next call.
    /// </summary>
    internal Picture Convert(Picture source, FrameFormat from, FrameFormat to)
    {
        var plan = new Plan(source.Format, source.Width, source.Height, from.Range, from.Matrix, to);
        if (_conversion is null || plan != _plan) Prepare(plan);
        _target.Allocate(PictureFormat.Yuv420p, to.Width, to.Height);
        int rows = SwScale.sws_scale(
            _conversion!, source.Planes, source.Strides, 0, source.Height, _target.Planes, _target.Strides);
        if (rows != to.Height)
        {
            throw new DeviceException(
                $"scaler {plan}", nameof(SwScale.sws_scale), $"{rows} rows of {to.Height} written");
        }

        return _target;
    }

    public void Dispose()
    {
        _conversion?.Dispose();
        _source.Dispose();
        _target.Dispose();
    }

    void Prepare(Plan plan)
    {
        _conversion?.Dispose();
        _conversion = null;
        var made = new SwsContextHandle();
        try
        {
            // Ranges go in as options: the unscaled short cuts are chosen when the context is made, and skip a change
            // of range told later.
            Set(made, "srcw", plan.Width);
            Set(made, "srch", plan.Height);
            Set(made, "src_format", PictureFormat.WithoutRange(plan.Format));
            Set(made, "src_range", Full(plan.Range));
            Set(made, "dstw", plan.To.Width);
            Set(made, "dsth", plan.To.Height);
            Set(made, "dst_format", PictureFormat.Yuv420p);
            Set(made, "dst_range", Full(plan.To.Range));
            Set(made, "sws_flags", Bilinear | AccurateRounding);
            Libav.Check(SwScale.sws_init_context(made, 0, 0), $"scaler {plan}", nameof(SwScale.sws_init_context));
            // Refused (-1) where no matrix takes part, as from grey to grey: nothing is lost then.
            _ = SwScale.sws_setColorspaceDetails(
                made, Table(plan.Matrix), Full(plan.Range), Table(plan.To.Matrix), Full(plan.To.Range), 0, One, One);
            _conversion = made;
            _plan = plan;
        }
        finally
        {
            if (_conversion is null) made.Dispose();
        }
    }

    static void Set(SwsContextHandle context, string option, int value) =>
        Libav.Check(AvUtil.av_opt_set_int(context, option, value, 0), "scaler", $"av_opt_set {option}={value}");

    static int Full(ColourRange range) => range == ColourRange.Full ? 1 : 0;

    static int* Table(ColourMatrix matrix) =>
        SwScale.sws_getCoefficients(matrix == ColourMatrix.Bt709 ? PictureFormat.SpaceBt709 : PictureFormat.SpaceBt601);

    readonly record struct Plan(
        int Format, int Width, int Height, ColourRange Range, ColourMatrix Matrix, FrameFormat To)
    {
        public override string ToString() => $"{PictureFormat.Name(Format)} {Width}x{Height} to {To.Width}x{To.Height}";
    }
}
