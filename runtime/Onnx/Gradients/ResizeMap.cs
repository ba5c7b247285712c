
namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// How Resize makes each element of one axis from the axis it came from (ONNX operator reference, Resize): modes
/// nearest,
/// linear and cubic, all coordinate transformations but crops.
/// </summary>
sealed class ResizeMap
{
    readonly GradientCase _case;
    readonly float[]? _scales;
    readonly string _mode;
    readonly string _coordinates;
    readonly string _nearest;
    readonly float _cubic;

    ResizeMap(GradientCase c)
    {
        _case = c;
        _mode = c.Node.Text("mode", "nearest");
        _coordinates = c.Node.Text("coordinate_transformation_mode", "half_pixel");
        _nearest = c.Node.Text("nearest_mode", "round_prefer_floor");
        _cubic = c.Node.Float("cubic_coeff_a", -0.75f);
        _scales = ScalesOf(c);
        if (c.Node.Int("antialias", 0) != 0) throw c.Fault("antialias is not known");
        if (c.Node.Int("exclude_outside", 0) != 0) throw c.Fault("exclude_outside is not known");
        if (c.Node.Text("keep_aspect_ratio_policy", "stretch") != "stretch") throw c.Fault("it keeps the aspect ratio");
    }

    public static ResizeMap Of(GradientCase c) => new(c);

    /// <summary>Scale of every axis, where scales were given.</summary>
    static float[]? ScalesOf(GradientCase c)
    {
        if (c.Optional(2) is not { } given || given.Facts.Shape is [var count] && count.Is(0)) return null;
        float[] scales = given.Facts.Constant?.Floats() ?? throw c.Fault("its scales are not constant");
        if (c.Node.Ints("axes") is not { } axes) return scales;
        float[] all = [.. Enumerable.Repeat(1f, c.X().Rank)];
        for (int i = 0; i < axes.Count; i++) all[Shapes.Sizes.Axis(axes[i], all.Length)] = scales[i];
        return all;
    }

    public float? ScaleAt(int axis) => _scales?[axis];

    /// <summary>
    /// Whole numbers by which each axis grows, when the result is nothing but every element repeated so often; else
    /// null.
    /// </summary>
    public long[]? Repeats()
    {
        // Corners aligned, the map depends on how far the axis goes.
        if (_mode != "nearest" || _coordinates == "align_corners") return null;
        long[] times = new long[_case.X().Rank];
        for (int i = 0; i < times.Length; i++)
        {
            var (from, to) = (_case.X().Shape[i], _case.Y().Shape[i]);
            double scale = _scales?[i] ?? (from == to ? 1 : (double?)to.Known / from.Known ?? 0);
            if (scale < 1 || scale != Math.Round(scale)) return null;
            times[i] = (long)scale;
            // One period is enough: the map repeats after it. Two elements tell it.
            float[] map = Matrix(i, 2, 2 * times[i]);
            for (int k = 0; k < 2 * times[i]; k++)
                if (map[k * 2 + (int)(k / times[i])] != 1) return null;
        }

        return times;
    }

    /// <summary>large x small, row-major: the weights with which each new element is made of the old ones.</summary>
    public float[] Matrix(int axis, long small, long large)
    {
        double scale = _scales?[axis] ?? (double)large / small;
        float[] matrix = new float[small * large];
        for (long to = 0; to < large; to++)
        {
            foreach (var (at, weight) in Taps(Original(to, scale, small, large)))
                matrix[to * small + Math.Clamp(at, 0, small - 1)] += weight;
        }

        return matrix;
    }

    double Original(long to, double scale, long small, long large) => _coordinates switch
    {
        "half_pixel" => (to + 0.5) / scale - 0.5,
        "half_pixel_symmetric" => small * (1 - large / (small * scale)) / 2 + (to + 0.5) / scale - 0.5,
        "pytorch_half_pixel" => large > 1 ? (to + 0.5) / scale - 0.5 : 0,
        "align_corners" => large == 1 ? 0 : (double)to * (small - 1) / (large - 1),
        "asymmetric" => to / scale,
        _ => throw _case.Fault($"coordinate transformation '{_coordinates}' is not known"),
    };

    IEnumerable<(long At, float Weight)> Taps(double x)
    {
        long floor = (long)Math.Floor(x);
        double part = x - floor;
        switch (_mode)
        {
            case "nearest":
                return [(Nearest(x, floor), 1)];
            case "linear":
                return [(floor, (float)(1 - part)), (floor + 1, (float)part)];
            case "cubic":
                return Enumerable.Range(-1, 4).Select(k => (floor + k, (float)Cubic(Math.Abs(part - k))));
            default:
                throw _case.Fault($"mode '{_mode}' is not known");
        }
    }

    long Nearest(double x, long floor) => _nearest switch
    {
        "round_prefer_floor" => x == floor + 0.5 ? floor : (long)Math.Floor(x + 0.5),
        "round_prefer_ceil" => (long)Math.Floor(x + 0.5),
        "floor" => floor,
        "ceil" => (long)Math.Ceiling(x),
        _ => throw _case.Fault($"rounding '{_nearest}' is not known"),
    };

    /// <summary>The cubic kernel of Keys 1981.</summary>
    double Cubic(double d) => d <= 1 ? ((_cubic + 2) * d - (_cubic + 3)) * d * d + 1
        : d < 2 ? ((_cubic * d - 5 * _cubic) * d + 8 * _cubic) * d - 4 * _cubic : 0;
}
