using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for operators that pick elements by number.</summary>
static class IndexRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["Gather"] = c => [c.If(0, () => OfGather(c)), null],
        ["GatherElements"] = c => [c.If(0, () => Scatter(c, c.X(1), c.G, c.Axis("axis", 0, c.X().Rank))), null],
        ["GatherND"] = OfGatherNd,
        ["TopK"] = c => [Scatter(c, c.Y(1), c.G, c.Axis("axis", -1, c.X().Rank)), null],
    };

    static Value OfGather(GradientCase c)
    {
        int axis = c.Axis("axis", 0, c.X().Rank);
        if (c.X(1).Facts.Constant?.Longs() is { } fixedIndices && c.X().Shape[axis].Known is { } size
            && fixedIndices.Select(i => i < 0 ? i + size : i).ToArray() is var from
                && from.Distinct().Count() == from.Length)
        {
            return FromFixed(c, axis, size, from);
        }

        // Rows picked more than once add up.
        var rows = Flattened(c, axis);
        var indices = c.X(1).Cast(ElementType.Int64).Reshape([.. Enumerable.Range(0, c.X().Rank).Select(i =>
            i == axis ? -1L : 1L)]);
        return Scatter(c, c.Graph.Op("Expand", indices, rows.ShapeOf()), rows, axis);
    }

    /// <summary>The gradient with the axes of the indices made one.</summary>
    static Value Flattened(GradientCase c, int axis)
    {
        if (c.X(1).Rank == 0) return c.G.Unsqueeze(axis);
        var shape = c.X().Shape;
        var count = Dim.Product(c.X(1).Shape);
        return c.G.ReshapeTo([.. shape.Take(axis), count, .. shape.Skip(axis + 1)]);
    }

    /// <summary>
    /// Indices known and each there once: every row of the input gets one row of the gradient, or zeros.
    /// </summary>
    static Value FromFixed(GradientCase c, int axis, long size, long[] from)
    {
        var rows = Flattened(c, axis);
        bool isRun = from.Index().All(f => f.Item == from[0] + f.Index);
        if (isRun)
        {
            long[] pads = new long[2 * rows.Rank];
            (pads[axis], pads[rows.Rank + axis]) = (from[0], size - from[0] - from.Length);
            return rows.Pad(pads);
        }

        long[] back = [.. Enumerable.Repeat((long)from.Length, (int)size)];
        for (int i = 0; i < from.Length; i++) back[from[i]] = i;
        if (from.Length < size)
        {
            long[] one = new long[2 * rows.Rank];
            one[rows.Rank + axis] = 1;
            rows = rows.Pad(one);
        }

        return rows.Gather(c.Graph.Constant(OnnxTensor.Of("back", back, size)), axis);
    }

    static Value Scatter(GradientCase c, Value indices, Value g, int axis) =>
        c.Graph.Op("ScatterElements", [c.X().ZerosLike(), indices, g], OnnxAttribute.Of("axis", axis),
            OnnxAttribute.Of("reduction", "add"));

    static Value?[] OfGatherNd(GradientCase c)
    {
        if (c.Node.Int("batch_dims", 0) != 0) throw c.Fault("batch_dims other than 0");
        return [c.Graph.Op("ScatterND", [c.X().ZerosLike(), c.X(1), c.G], OnnxAttribute.Of("reduction", "add")), null];
    }
}
