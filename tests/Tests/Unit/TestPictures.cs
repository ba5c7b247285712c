using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Frames made by arithmetic, and what two frames differ by.</summary>
static class TestPictures
{
    /// <summary>A picture with gradients, edges and colour that moves with its index.</summary>
    public static Frame Draw(FramePool pool, FrameFormat format, int index)
    {
        if (!pool.TryRent(out var slot)) throw new InvalidOperationException("no slot");
        var frame = new Frame(slot, format, default, index, TimeSpan.FromMilliseconds(40 * index));
        (int floor, int span) = format.Range == ColourRange.Limited ? (16, 219) : (0, 255);
        for (int y = 0; y < format.Height; y++)
        {
            for (int x = 0; x < format.Width; x++)
            {
                double wave = Math.Sin((x + (3 * index)) / 17.0) * Math.Cos((y - index) / 13.0);
                bool isBlock = ((x / 40) + (y / 40)) % 5 == index % 5;
                double bright = isBlock ? 0.8 : 0.45 + (0.3 * wave);
                frame.Luma[(y * format.Width) + x] = (byte)(floor + (span * bright));
            }
        }

        for (int y = 0; y < format.ChromaHeight; y++)
        {
            for (int x = 0; x < format.ChromaWidth; x++)
            {
                frame.ChromaBlue[(y * format.ChromaWidth) + x] = (byte)(128 + (36 * Math.Sin((x + index) / 29.0)));
                frame.ChromaRed[(y * format.ChromaWidth) + x] = (byte)(128 + (36 * Math.Cos((y + index) / 23.0)));
            }
        }

        return frame;
    }

    /// <summary>Peak signal to noise ratio, dB.</summary>
    public static double Psnr(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        double squares = 0;
        for (int i = 0; i < a.Length; i++) squares += (a[i] - b[i]) * (double)(a[i] - b[i]);
        return squares == 0 ? double.PositiveInfinity : 10 * Math.Log10(255.0 * 255.0 * a.Length / squares);
    }

    /// <summary>One pixel as red, green, blue in 0 to 255, by the definition of its range and matrix.</summary>
    public static (double R, double G, double B) Rgb(in Frame frame, int x, int y)
    {
        var format = frame.Format;
        bool isLimited = format.Range == ColourRange.Limited;
        double luma = (frame.Luma[(y * format.Width) + x] - (isLimited ? 16 : 0)) / (isLimited ? 219.0 : 255.0);
        int at = (y / 2 * format.ChromaWidth) + (x / 2);
        double span = isLimited ? 224.0 : 255.0;
        double blue = (frame.ChromaBlue[at] - 128) / span;
        double red = (frame.ChromaRed[at] - 128) / span;
        (double kr, double kb) = format.Matrix == ColourMatrix.Bt709 ? (0.2126, 0.0722) : (0.299, 0.114);
        double r = luma + (2 * (1 - kr) * red);
        double b = luma + (2 * (1 - kb) * blue);
        double g = (luma - (kr * r) - (kb * b)) / (1 - kr - kb);
        return (255 * r, 255 * g, 255 * b);
    }
}
