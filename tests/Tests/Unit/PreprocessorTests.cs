using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>The vectorised pass against plain double-precision arithmetic written from the definitions.</summary>
public sealed class PreprocessorTests
{
    static readonly (int Width, int Height)[] Sizes = [(64, 48), (37, 23), (1, 1), (2, 1), (1, 9), (7, 5), (300, 40)];
    static readonly (int Width, int Height)[] Inputs = [(32, 32), (33, 17), (64, 48), (96, 64)];

    public static TheoryData<string> Rules() => [.. Enum.GetNames<ResizeRule>()];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Every_size_agrees_with_the_definition(string rule)
    {
        foreach (var (width, height) in Sizes)
            foreach (var (inputWidth, inputHeight) in Inputs)
                Agree(Pictures.Input(inputWidth, inputHeight, Enum.Parse<ResizeRule>(rule)),
                    new FrameFormat(width, height, ColourRange.Full, ColourMatrix.Bt601));
    }

    [Fact]
    public void Every_order_layout_range_and_matrix_agrees_with_the_definition()
    {
        foreach (var range in Enum.GetValues<ColourRange>())
            foreach (var matrix in Enum.GetValues<ColourMatrix>())
                foreach (var colour in Enum.GetValues<ColourOrder>())
                    foreach (var layout in Enum.GetValues<TensorLayout>())
                        Agree(Pictures.Input(40, 24) with
                        {
                            Colour = colour,
                            Layout = layout,
                            Scale = 1 / 255f,
                            Mean = [0.4f, 0.5f, 0.6f],
                            Deviation = [0.2f, 0.25f, -0.3f],
                        }, new FrameFormat(71, 53, range, matrix));
    }

    [Fact]
    public void Known_colours_come_out_as_they_are_known()
    {
        // BT.601 limited: (81, 90, 240) is pure red, (235, 128, 128) white, (16, 128, 128) black.
        foreach (var (y, u, v, red, green, blue) in new[]
        {
            (81, 90, 240, 255, 0, 0), (235, 128, 128, 255, 255, 255), (16, 128, 128, 0, 0, 0),
        })
        {
            using var pool = new FramePool(1, 1000);
            float[] tensor = new float[3 * 8 * 8];
            using (var frame = Pictures.Flat(pool, new FrameFormat(8, 8, ColourRange.Limited, ColourMatrix.Bt601),
                (byte)y, (byte)u, (byte)v))
                new Preprocessor(Pictures.Input(8, 8)).Fill(frame, tensor);
            Assert.InRange(tensor[0], red - 1.5f, red + 1.5f);
            Assert.InRange(tensor[64], green - 1.5f, green + 1.5f);
            Assert.InRange(tensor[128], blue - 1.5f, blue + 1.5f);
            Assert.Equal(0, pool.Held);
        }
    }

    [Fact]
    public void A_change_of_format_leaves_no_pixel_of_the_last_picture_in_the_padding()
    {
        using var pool = new FramePool(1, 40000);
        var preprocessor = new Preprocessor(Pictures.Input(32, 32));
        float[] tensor = new float[preprocessor.Length];
        using (var tall = Pictures.Noise(pool, new FrameFormat(20, 90, ColourRange.Full, ColourMatrix.Bt601), 1))
            preprocessor.Fill(tall, tensor);
        Fit fit;
        using (var wide = Pictures.Noise(pool, new FrameFormat(90, 20, ColourRange.Full, ColourMatrix.Bt601), 2))
            fit = preprocessor.Fill(wide, tensor);
        for (int i = fit.Height * 32; i < 32 * 32; i++) Assert.Equal(114, tensor[i]);
        Assert.Equal(0, pool.Held);
    }

    [Fact]
    public void A_frame_allocates_nothing()
    {
        using var pool = new FramePool(1, 1 << 20);
        var preprocessor = new Preprocessor(Pictures.Input(416, 416));
        float[] tensor = new float[preprocessor.Length];
        using (var frame = Pictures.Noise(pool, new FrameFormat(768, 432, ColourRange.Limited, ColourMatrix.Bt709), 1))
        {
            preprocessor.Fill(frame, tensor);
            // The least of a few: the runtime itself allocates on this thread now and then while it compiles.
            long least = long.MaxValue;
            for (int i = 0; i < 20; i++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                preprocessor.Fill(frame, tensor);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            Assert.Equal(0, least);
        }

        Assert.Equal(0, pool.Held);
    }

    [Fact]
    public void A_box_returns_to_the_pixels_it_came_from()
    {
        foreach (var rule in Enum.GetValues<ResizeRule>())
        {
            var fit = Fit.Of(Pictures.Input(416, 320, rule), 1920, 1080);
            var whole = fit.ToSource(new Box(fit.Left, fit.Top, fit.Left + fit.Width, fit.Top + fit.Height));
            Assert.Equal(new Box(0, 0, 1920, 1080), whole);
            var outside = fit.ToSource(new Box(-50, -50, 500, 500));
            Assert.Equal(new Box(0, 0, 1920, 1080), outside.ClampTo(1920, 1080));
        }
    }

    static void Agree(CardInput input, FrameFormat format)
    {
        using var pool = new FramePool(1, format.Bytes);
        var preprocessor = new Preprocessor(input);
        float[] tensor = new float[preprocessor.Length];
        double[] wanted;
        using (var frame = Pictures.Noise(pool, format, (format.Width * 31) + format.Height))
        {
            preprocessor.Fill(frame, tensor);
            wanted = Reference(input, frame);
        }

        // Half a grey level from the vertical weights in each plane, as far as chroma's factors carry it.
        double grey = 2.4 * input.Scale / input.Deviation.Min(Math.Abs);
        for (int i = 0; i < tensor.Length; i++)
        {
            if (Math.Abs(tensor[i] - wanted[i]) > grey)
                Assert.Fail($"{input} of {format}: [{i}] is {tensor[i]}, wanted {wanted[i]}");
        }

        Assert.Equal(0, pool.Held);
    }

    static double[] Reference(CardInput input, in Frame frame)
    {
        double[] tensor = new double[3 * input.Width * input.Height];
        var fit = Fit.Of(input, frame.Format.Width, frame.Format.Height);
        for (int y = 0; y < input.Height; y++)
        {
            for (int x = 0; x < input.Width; x++)
            {
                double[] rgb = [input.Pad, input.Pad, input.Pad];
                if (x >= fit.Left && x < fit.Left + fit.Width && y >= fit.Top && y < fit.Top + fit.Height)
                    rgb = Pixel(frame, (x - fit.Left + 0.5) * frame.Format.Width / fit.Width,
                        (y - fit.Top + 0.5) * frame.Format.Height / fit.Height);
                for (int plane = 0; plane < 3; plane++)
                {
                    double value = rgb[input.Colour == ColourOrder.Rgb ? plane : 2 - plane];
                    int at = input.Layout == TensorLayout.Nchw
                        ? (((plane * input.Height) + y) * input.Width) + x
                        : (((y * input.Width) + x) * 3) + plane;
                    tensor[at] = ((value * input.Scale) - input.Mean[plane]) / input.Deviation[plane];
                }
            }
        }

        return tensor;
    }

    /// <summary>The colour at a place given in luma pixels from the frame's corner.</summary>
    static double[] Pixel(in Frame frame, double x, double y)
    {
        var format = frame.Format;
        double luma = Sample(frame.Luma, format.Width, format.Height, x, y);
        double blue = Sample(frame.ChromaBlue, format.ChromaWidth, format.ChromaHeight, x / 2, y / 2) - 128;
        double red = Sample(frame.ChromaRed, format.ChromaWidth, format.ChromaHeight, x / 2, y / 2) - 128;
        if (format.Range == ColourRange.Limited)
        {
            luma = (luma - 16) * 255 / 219;
            blue *= 255.0 / 224;
            red *= 255.0 / 224;
        }

        // The factors as the two standards print them.
        double[] rgb = format.Matrix == ColourMatrix.Bt601
            ? [luma + (1.402 * red), luma - (0.344136 * blue) - (0.714136 * red), luma + (1.772 * blue)]
            : [luma + (1.5748 * red), luma - (0.187324 * blue) - (0.468124 * red), luma + (1.8556 * blue)];
        return [.. rgb.Select(c => Math.Clamp(c, 0, 255))];
    }

    static double Sample(ReadOnlySpan<byte> plane, int width, int height, double x, double y)
    {
        double cx = Math.Clamp(x - 0.5, 0, width - 1), cy = Math.Clamp(y - 0.5, 0, height - 1);
        int x0 = (int)cx, y0 = (int)cy, x1 = Math.Min(x0 + 1, width - 1), y1 = Math.Min(y0 + 1, height - 1);
        double fx = cx - x0, fy = cy - y0;
        double top = (plane[(y0 * width) + x0] * (1 - fx)) + (plane[(y0 * width) + x1] * fx);
        double low = (plane[(y1 * width) + x0] * (1 - fx)) + (plane[(y1 * width) + x1] * fx);
        return (top * (1 - fy)) + (low * fy);
    }
}
