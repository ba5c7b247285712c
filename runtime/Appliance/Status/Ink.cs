using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Status;

/// <summary>A colour as frames hold it: limited-range BT.601 luma and chroma.</summary>
readonly record struct Colour(byte Y, byte Cb, byte Cr)
{
    public static Colour White { get; } = OfRgb(255, 255, 255);

    public static Colour Black { get; } = OfRgb(0, 0, 0);

    /// <summary>ITU-R BT.601, 8 bits, limited range.</summary>
    public static Colour OfRgb(int r, int g, int b) => new(
        (byte)(16 + (((66 * r) + (129 * g) + (25 * b) + 128) >> 8)),
        (byte)(128 + (((-38 * r) - (74 * g) + (112 * b) + 128) >> 8)),
        (byte)(128 + (((112 * r) - (94 * g) - (18 * b) + 128) >> 8)));
}

/// <summary>Draws on a frame's own planes: filled rectangles, outlines, text. What lies outside is cut off.</summary>
static class Ink
{
    public static void Fill(in Frame frame, int left, int top, int right, int bottom, Colour colour)
    {
        var format = frame.Format;
        left = Math.Clamp(left, 0, format.Width);
        right = Math.Clamp(right, 0, format.Width);
        top = Math.Clamp(top, 0, format.Height);
        bottom = Math.Clamp(bottom, 0, format.Height);
        if (left >= right || top >= bottom) return;
        Rows(frame.Luma, format.Width, left, top, right, bottom, colour.Y);
        // A chroma sample covers two by two pixels: it takes the colour when any of them does.
        int chromaRight = (right + 1) / 2, chromaBottom = (bottom + 1) / 2;
        Rows(frame.ChromaBlue, format.ChromaWidth, left / 2, top / 2, chromaRight, chromaBottom, colour.Cb);
        Rows(frame.ChromaRed, format.ChromaWidth, left / 2, top / 2, chromaRight, chromaBottom, colour.Cr);
    }

    public static void Outline(in Frame frame, in Box box, int thick, Colour colour)
    {
        int left = (int)box.Left, top = (int)box.Top, right = (int)box.Right, bottom = (int)box.Bottom;
        Fill(frame, left, top, right, top + thick, colour);
        Fill(frame, left, bottom - thick, right, bottom, colour);
        Fill(frame, left, top, left + thick, bottom, colour);
        Fill(frame, right - thick, top, right, bottom, colour);
    }

    /// <param name="dot">pixels a dot of the font is wide and high</param>
    /// <returns>the width drawn, pixels</returns>
    public static int Text(in Frame frame, int left, int top, int dot, ReadOnlySpan<char> text, Colour colour)
    {
        int at = left;
        foreach (char c in text)
        {
            var rows = Font.RowsOf(c);
            for (int y = 0; y < Font.Height; y++)
            {
                for (int x = 0; x < Font.Width; x++)
                {
                    if ((rows[y] >> (Font.Width - 1 - x) & 1) == 0) continue;
                    Fill(frame, at + (x * dot), top + (y * dot), at + ((x + 1) * dot), top + ((y + 1) * dot), colour);
                }
            }

            at += (Font.Width + 1) * dot;
        }

        return at - left;
    }

    /// <summary>Width of a text, pixels.</summary>
    public static int WidthOf(ReadOnlySpan<char> text, int dot) => text.Length * (Font.Width + 1) * dot;

    static void Rows(Span<byte> plane, int stride, int left, int top, int right, int bottom, byte value)
    {
        for (int y = top; y < bottom; y++) plane[((y * stride) + left)..((y * stride) + right)].Fill(value);
    }
}
