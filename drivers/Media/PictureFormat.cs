using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Media.Binding;

namespace EdgeAppliance.Drivers.Media;

/// <summary>libav's numbers for pixel formats and colours, asked for by name, and what they mean for a frame.</summary>
static class PictureFormat
{
    public static readonly int Yuv420p = Named("yuv420p");
    public static readonly int Yuvj420p = Named("yuvj420p");
    public static readonly int Gray = Named("gray");
    public static readonly int Nv12 = Named("nv12");
    static readonly int Yuvj422p = Named("yuvj422p");
    static readonly int Yuvj444p = Named("yuvj444p");
    static readonly int Yuvj440p = Named("yuvj440p");
    static readonly int Yuv422p = Named("yuv422p");
    static readonly int Yuv444p = Named("yuv444p");
    static readonly int Yuv440p = Named("yuv440p");

    // H.273 numbers as AVColorRange and AVColorSpace have them.
    public const int RangeLimited = 1;
    public const int RangeFull = 2;
    public const int SpaceBt709 = 1;
    public const int SpaceBt601 = 6;
    const int SpaceFcc = 4;
    const int SpaceBt470Bg = 5;
    const int SpaceSmpte240M = 7;
    const int SpaceBt2020 = 9;
    const int SpaceBt2020Constant = 10;

    /// <summary>From this height on a stream that names no matrix is taken for BT.709, as players take it.</summary>
    const int HighDefinitionHeight = 720;

    /// <summary>True where the planes are those of a frame: 8-bit 4:2:0.</summary>
    public static bool IsFrameLike(int format) => format == Yuv420p || format == Yuvj420p;

    /// <summary>The old "J" formats say full range by their name: the same format without it.</summary>
    public static int WithoutRange(int format) =>
        format == Yuvj420p ? Yuv420p
        : format == Yuvj422p ? Yuv422p
        : format == Yuvj444p ? Yuv444p
        : format == Yuvj440p ? Yuv440p
        : format;

    /// <summary>Full where it is stated, where the format says so, or where nothing is said of RGB or grey.</summary>
    public static ColourRange Range(int format, int stated) => stated switch
    {
        RangeFull => ColourRange.Full,
        _ when WithoutRange(format) != format => ColourRange.Full,
        RangeLimited => ColourRange.Limited,
        _ => IsRgbOrGray(format) ? ColourRange.Full : ColourRange.Limited,
    };

    /// <summary>The nearest of our two matrices; BT.2020 and SMPTE 240M lie nearer BT.709 than BT.601.</summary>
    public static ColourMatrix Matrix(int stated, int height) => stated switch
    {
        SpaceBt709 or SpaceSmpte240M or SpaceBt2020 or SpaceBt2020Constant => ColourMatrix.Bt709,
        SpaceBt601 or SpaceBt470Bg or SpaceFcc => ColourMatrix.Bt601,
        _ => height >= HighDefinitionHeight ? ColourMatrix.Bt709 : ColourMatrix.Bt601,
    };

    public static string Name(int format) =>
        Marshal.PtrToStringUTF8(AvUtil.av_get_pix_fmt_name(format)) ?? $"pixel format {format}";

    public static int Named(string name)
    {
        _ = Libav.Layout;
        return AvUtil.av_get_pix_fmt(name);
    }

    static bool IsRgbOrGray(int format)
    {
        string name = Name(format);
        return name.Contains("rgb", StringComparison.Ordinal) || name.Contains("bgr", StringComparison.Ordinal)
            || name.StartsWith("gray", StringComparison.Ordinal) || name.StartsWith("gbr", StringComparison.Ordinal)
            || name.StartsWith("pal", StringComparison.Ordinal);
    }
}
