using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Cases of Resize: all that ONNX Runtime computes on the CPU, but crops and antialias.</summary>
static class ResizeRows
{
    static readonly string[] Coordinates =
        ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"];

    static readonly string[] Roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];

    public static readonly RuleRow[] All =
    [
        // Linear: whole steps.
        new("Resize", Resize) { Step = 1, Cases = 180, Opsets = [17, 18, 19] },
    ];

    static void Resize(Draw d)
    {
        string mode = (d.Number / 3 % 3) switch { 0 => "nearest", 1 => "linear", _ => "cubic" };
        string[] known = d.Graph.Opset >= 19 ? Coordinates : Coordinates[..4];
        string coordinates = known[d.Number / 9 % known.Length];
        int rank = mode switch { "nearest" => d.Int(1, 5), "linear" => d.OneOf(2, 3, 4, 5), _ => 4 };
        // Linear and cubic work on the last two or three axes.
        int first = mode switch { "nearest" => d.Int(0, rank - 1), "cubic" => 2, _ => rank >= 4 ? 2 : 0 };
        long[] shape = Draw.Many(rank, i => i < first ? d.Int(1, 2) : d.Int(1, rank == 5 ? 3 : 5));
        float[] scales = [.. Enumerable.Range(0, rank).Select(i => i < first ? 1 : Scale(d))];
        bool isWhole = d.Number % 4 == 0;
        if (isWhole)
        {
            for (int i = first; i < rank; i++) scales[i] = d.OneOf(1, 2, 2, 3);
        }

        long[] sizes = [.. shape.Zip(scales, (size, scale) => Math.Max(1, (long)(size * scale)))];
        for (int i = 0; i < rank; i++)
        {
            if ((long)(shape[i] * scales[i]) < 1) scales[i] = 1;
        }

        var graph = d.Graph;
        bool bySizes = d.Flip();
        long[] axes = [.. d.Shuffled(Enumerable.Range(first, rank - first).Select(i => (long)i))];
        bool someAxes = graph.Opset >= 18 && d.Flip();
        if (someAxes)
        {
            scales = [.. axes.Select(a => scales[a])];
            sizes = [.. axes.Select(a => sizes[a])];
        }

        var x = d.In(shape);
        d.Out("Resize", [x, null, bySizes ? null : graph.Floats(scales, scales.Length), bySizes ? graph.Longs(sizes)
            : null],
        [
            OnnxAttribute.Of("mode", mode), OnnxAttribute.Of("coordinate_transformation_mode", coordinates),
            .. mode == "nearest" ? [OnnxAttribute.Of("nearest_mode", d.OneOf(Roundings))]
                : Array.Empty<OnnxAttribute>(),
            .. mode == "cubic" ? d.Maybe(OnnxAttribute.Of("cubic_coeff_a", -0.5f)) : [],
            .. someAxes ? [OnnxAttribute.Of("axes", axes)] : Array.Empty<OnnxAttribute>(),
        ]);
    }

    /// <summary>No scale that makes a whole number of some size by rounding only: runtimes differ there.</summary>
    static float Scale(Draw d) => d.OneOf(0.3f, 0.5f, 0.61f, 0.75f, 1, 1.3f, 1.5f, 2, 2.5f, 2.61f, 3);
}
