using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Tests.Unit;
using EdgeAppliance.Tests.Unit.Gradients;

namespace EdgeAppliance.Tests.Replay;

/// <summary>A shared network, how a picture goes into it, and what number of its output is differentiated.</summary>
/// <param name="Grey">what one grey level is in the network's own numbers</param>
/// <param name="Loss">the number as a graph</param>
/// <param name="LossOf">the same in double, from what the network gave</param>
sealed record GradientNetwork(
    string Name, string[] File, string Output, int Width, int Height, double Grey,
    Func<GradientNetwork, double[]> Picture, Func<Value, Value> Loss, Func<Numbers, double> LossOf)
{
    /// <summary>People and faces at several distances.</summary>
    const string Photograph = "000000001000.jpg";

    /// <summary>Of OneAdapt's U: how steep, and at which score an anchor begins to count.</summary>
    const double Steep = 20, Tau = 0.3;

    public bool IsNhwc { get; init; }

    /// <summary>
    /// How many pixels are differenced. 200 of every network take 8 minutes on two cores, 6 of them the two large ones;
    /// EDGE_APPLIANCE_PIXELS=200 asks for them.
    /// </summary>
    public int Pixels
    {
        get => int.TryParse(Environment.GetEnvironmentVariable("EDGE_APPLIANCE_PIXELS"), out int asked) ? asked : field;
        init;
    } = 200;

    public long[] Dims => IsNhwc ? [1, Height, Width, 3] : [1, 3, Height, Width];

    /// <summary>Pre-processing and heads are those of ../shared/data/detectors/README.md.</summary>
    public static readonly IReadOnlyDictionary<string, GradientNetwork> All = ((GradientNetwork[])
    [
        new("yolox_nano", ["detectors", "yolox_nano.onnx"], "", 416, 416, 1,
            n => n.Sampled(Letterbox(416, 0, 0), bgr: true, v => v),
            o => Margins(o.Slice(2, 4, 5) * o.Slice(2, 5, 85).Largest([2], keep: true)),
            o => Margins(o.Dims[1], i => At(o, i, 4) * Best(5, 85, c => At(o, i, c))))
            { Pixels = 60 },
        new("fastestdet", ["detectors", "fastestdet.onnx"], "", 352, 352, 1 / 255.0,
            n => n.Sampled((x, y) => (x * 640 / 352, y * 480 / 352), bgr: true, v => v / 255),
            o => Margins(o.Slice(1, 0, 1).Pow(0.6f) * o.Slice(1, 5, 85).Largest([1], keep: true).Pow(0.4f)),
            o => Margins(484, i => Math.Pow(o.Values[i], 0.6) * Math.Pow(Best(5, 85, c => o.Values[c * 484 + i]),
                0.4))),
        new("yolov8n_dequant_fp32", ["detectors", "yolov8n_dequant_fp32.onnx"], "", 640, 640, 1 / 255.0,
            n => n.Sampled(Letterbox(640, 0, 80), bgr: false, v => v / 255),
            o => Margins(o.Slice(1, 4, 84).Largest([1], keep: true)),
            o => Margins(8400, i => Best(4, 84, c => o.Values[c * 8400 + i])))
            { Pixels = 40 },
        new("ultraface_rfb_320", ["detectors", "ultraface_rfb_320.onnx"], "scores", 320, 240, 1 / 128.0,
            n => n.Sampled((x, y) => (x * 2, y * 2), bgr: false, v => (v - 127) / 128),
            o => Margins(o.Slice(2, 1, 2)),
            o => Margins(4420, i => o.Values[2 * i + 1])),
        // The person in the middle of the photograph.
        new("person_reid_retail_0288", ["detectors", "person_reid_retail_0288.onnx"], "", 128, 256, 1,
            n => n.Sampled((x, y) => (265 + x * 89 / 128, 95 + y * 316 / 256), bgr: true, v => v),
            o => Weighted(o), o => Weighted(o))
            { IsNhwc = true },
        new("SqueezeNet_fp16", ["imagenet100", "SqueezeNet_fp16.onnx"], "", 224, 224, 1,
            n => n.Sampled((x, y) => (80 + x * 480 / 224, y * 480 / 224), bgr: true, v => v, [103.939, 116.779,
                123.68]),
            o => Weighted(o), o => Weighted(o)),
    ]).ToDictionary(n => n.Name);

    static Value Margins(Value scores) => ((scores - (float)Tau) * (float)Steep).Sigmoid().Sum();

    static double Margins(long count, Func<int, double> score) =>
        Enumerable.Range(0, (int)count).Sum(i => 1 / (1 + Math.Exp(-Steep * (score(i) - Tau))));

    static double At(Numbers o, int row, int column) => o.Values[row * o.Dims[2] + column];

    static double Best(int from, int to, Func<int, double> score) => Enumerable.Range(from, to - from).Max(score);

    static double Coefficient(int i) => Math.Sin(1 + 1.7 * i);

    static Value Weighted(Value y)
    {
        long[] dims = [.. y.Shape.Select(d => d.Known!.Value)];
        float[] coefficients = [.. Enumerable.Range(0, (int)Draw.Count(dims)).Select(i => (float)Coefficient(i))];
        return (y * y.Graph.Floats(coefficients, dims)).Sum();
    }

    static double Weighted(Numbers y) => y.Values.Select((v, i) => v * (float)Coefficient(i)).Sum();

    /// <summary>The photograph's 640 x 480 brought to a square's width; rows above and below are grey.</summary>
    static Func<double, double, (double, double)> Letterbox(double size, double left, double top) =>
        (x, y) => ((x - left) * 640 / size, (y - top) * 640 / size);

    /// <summary>
    /// The photograph, sampled between its pixels, with half a grey level of noise as any sensor adds. Its overexposed
    /// parts are flat: 47 % of what fastestdet's max pool sees there are positive numbers that tie (counted). Where the
    /// largest ties, a pool has no derivative, only a left one and a right one, whose mean a central difference tells.
    /// </summary>
    /// <param name="from">where in it an element's middle lies; outside it is 114, the letterbox's grey</param>
    double[] Sampled(
        Func<double, double, (double X, double Y)> from, bool bgr, Func<double, double> number, double[]? mean = null)
    {
        EncoderTests.RequireLibav();
        byte[] jpeg = System.IO.File.ReadAllBytes(SharedData.Path("coco_val_mini", "images", Photograph));
        using var pool = new FramePool(slots: 1, 640 * 480 * 3);
        using var codec = new JpegCodec();
        using var frame = codec.Decode(jpeg, pool, default);
        Assert.Equal((640, 480), (frame.Format.Width, frame.Format.Height));
        double[][] colours = new double[640 * 480][];
        for (int i = 0; i < colours.Length; i++)
        {
            var (r, g, b) = TestPictures.Rgb(frame, i % 640, i / 640);
            colours[i] = [.. (bgr ? [b, g, r] : (double[])[r, g, b]).Select(v => Math.Clamp(255 * v, 0, 255))];
        }

        double[] to = new double[3 * Width * Height];
        var noise = new Random(5);
        for (int i = 0; i < to.Length; i++)
        {
            int channel = IsNhwc ? i % 3 : i / (Width * Height), pixel = IsNhwc ? i / 3 : i % (Width * Height);
            var (x, y) = from(pixel % Width + 0.5, pixel / Width + 0.5);
            double grey = Between(colours, x - 0.5, y - 0.5, channel);
            to[i] = number(grey + noise.NextDouble() - 0.5) - (mean?[channel] ?? 0);
        }

        return to;
    }

    static double Between(double[][] colours, double x, double y, int channel)
    {
        if (x < -0.5 || y < -0.5 || x > 639.5 || y > 479.5) return 114;
        (x, y) = (Math.Clamp(x, 0, 639), Math.Clamp(y, 0, 479));
        (int left, int top) = (Math.Min((int)x, 638), Math.Min((int)y, 478));
        (double across, double down) = (x - left, y - top);
        double At(int dx, int dy) => colours[(top + dy) * 640 + left + dx][channel];
        return (1 - down) * ((1 - across) * At(0, 0) + across * At(1, 0)) + down * ((1 - across) * At(0, 1)
            + across * At(1, 1));
    }
}
