using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Drivers.Media;

/// <summary>
/// A frame's colours as JPEG wants them (JFIF: full range, BT.601), worked out straight in YCbCr: going through RGB
/// would lose what 4:2:0 cannot hold.
/// </summary>
static unsafe class JpegColour
{
    const int Shift = 16;
    const int Half = 1 << (Shift - 1);
    const int Middle = 128;

    /// <summary>Writes the three planes. The rows of the target may be padded.</summary>
    public static void Convert(in Frame frame, byte** planes, int* strides)
    {
        var format = frame.Format;
        var turn = Turn.For(format);
        var luma = frame.Luma;
        var blue = frame.ChromaBlue;
        var red = frame.ChromaRed;
        for (int row = 0; row < format.Height; row++)
        {
            int chromaAt = (row / 2) * format.ChromaWidth;
            turn.Luma(
                luma.Slice(row * format.Width, format.Width), blue.Slice(chromaAt, format.ChromaWidth),
                red.Slice(chromaAt, format.ChromaWidth), new Span<byte>(planes[0] + (row * strides[0]), format.Width));
        }

        for (int row = 0; row < format.ChromaHeight; row++)
        {
            int at = row * format.ChromaWidth;
            turn.Chroma(
                blue.Slice(at, format.ChromaWidth), red.Slice(at, format.ChromaWidth),
                new Span<byte>(planes[1] + (row * strides[1]), format.ChromaWidth),
                new Span<byte>(planes[2] + (row * strides[2]), format.ChromaWidth));
        }
    }

    /// <summary>The linear map, fixed point: Y' = y Y + yb Cb + yr Cr + offset, and the two chroma rows.</summary>
    readonly record struct Turn(int Y, int YOffset, int Yb, int Yr, int Bb, int Br, int Rb, int Rr)
    {
        public static Turn For(FrameFormat format)
        {
            // Kr, Kb of ITU-R BT.709 and BT.601.
            (double kr, double kb) = format.Matrix == ColourMatrix.Bt709 ? (0.2126, 0.0722) : (0.299, 0.114);
            const double Kr = 0.299, Kb = 0.114, Kg = 1 - Kr - Kb;
            bool isLimited = format.Range == ColourRange.Limited;
            double y = isLimited ? 255.0 / 219 : 1;
            double c = isLimited ? 255.0 / 224 : 1;
            // R = Y + rr Cr; B = Y + bb Cb; G = Y + gb Cb + gr Cr, then the luma weights and differences of BT.601.
            double rr = 2 * (1 - kr), bb = 2 * (1 - kb), kg = 1 - kr - kb;
            double gb = -bb * kb / kg, gr = -rr * kr / kg;
            double yb = (Kb * bb) + (Kg * gb), yr = (Kr * rr) + (Kg * gr);
            double toB = 1 / (2 * (1 - Kb)), toR = 1 / (2 * (1 - Kr));
            return new Turn(
                Fixed(y), isLimited ? -16 * Fixed(y) : 0, Fixed(c * yb), Fixed(c * yr),
                Fixed(c * toB * (bb - yb)), Fixed(-c * toB * yr), Fixed(-c * toR * yb), Fixed(c * toR * (rr - yr)));
        }

        public void Luma(ReadOnlySpan<byte> y, ReadOnlySpan<byte> blue, ReadOnlySpan<byte> red, Span<byte> to)
        {
            for (int x = 0; x < y.Length; x++)
            {
                to[x] = Byte(
                    (Y * y[x]) + YOffset + (Yb * (blue[x / 2] - Middle)) + (Yr * (red[x / 2] - Middle)));
            }
        }

        public void Chroma(ReadOnlySpan<byte> blue, ReadOnlySpan<byte> red, Span<byte> toBlue, Span<byte> toRed)
        {
            for (int x = 0; x < blue.Length; x++)
            {
                int b = blue[x] - Middle;
                int r = red[x] - Middle;
                toBlue[x] = Byte((Bb * b) + (Br * r) + (Middle << Shift));
                toRed[x] = Byte((Rb * b) + (Rr * r) + (Middle << Shift));
            }
        }

        static int Fixed(double factor) => (int)Math.Round(factor * (1 << Shift));

        static byte Byte(int value) => (byte)Math.Clamp((value + Half) >> Shift, 0, 255);
    }
}
