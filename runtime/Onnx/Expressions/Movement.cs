using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Expressions;

/// <summary>Elements moved, cut and joined; none is computed.</summary>
public static class Movement
{
    /// <summary>The sizes as a vector of 64-bit integers: a constant where they are known.</summary>
    public static Value ShapeOf(this Value x) => x.Facts.Shape is { } shape && shape.All(d => d.Known is not null)
        ? x.Graph.Longs([.. shape.Select(d => d.Known!.Value)])
        : x.Graph.Op("Shape", x);

    /// <summary>One size as a vector of one 64-bit integer.</summary>
    public static Value SizeAt(this Value x, int axis) => x.Shape[axis < 0 ? axis + x.Rank : axis].Known is { } known
        ? x.Graph.Longs(known)
        : x.Graph.Op("Gather", x.Graph.Op("Shape", x), x.Graph.Longs(axis < 0 ? axis + x.Rank : axis));

    /// <summary>
    /// The same elements in another shape; one size may be -1, and 0 keeps the size that stands there.
    /// </summary>
    public static Value Reshape(this Value x, params long[] shape) => x.Graph.Op("Reshape", x, x.Graph.Longs(shape));

    /// <summary>The same elements in another shape. Of open sizes one may be there.</summary>
    /// <exception cref="NotSupportedException">more than one size is open</exception>
    public static Value ReshapeTo(this Value x, IReadOnlyList<Dim> shape)
    {
        if (Same(x.Facts.Shape, shape)) return x;
        // A 0 would be read as "keep"; a tensor without elements has no use here.
        if (shape.Count(d => d.Known is null) > 1)
            throw new NotSupportedException($"'{x.Name}' cannot become {string.Join('x', shape)}"
                + $": more than one size is open");
        return x.Reshape([.. shape.Select(d => d.Known ?? -1)]);
    }

    /// <summary>The same elements in another value's shape.</summary>
    public static Value ReshapeLike(this Value x, Value like) => Same(x.Facts.Shape, like.Facts.Shape) ? x
        : like.Facts.Shape is { } shape && shape.Count(d => d.Known is null) <= 1 ? x.ReshapeTo(shape)
        : x.Graph.Op("Reshape", x, like.ShapeOf());

    public static Value Transpose(this Value x, params long[] order) => order.Index().All(o => o.Index == o.Item)
        ? x : x.Graph.Op("Transpose", [x], OnnxAttribute.Of("perm", order));

    public static Value MatMul(this Value a, Value b) => a.Graph.Op("MatMul", a, b);

    public static Value Concat(this GraphBuilder graph, long axis, params Value[] parts) =>
        parts.Length == 1 ? parts[0] : graph.Op("Concat", parts, OnnxAttribute.Of("axis", axis));

    public static Value Gather(this Value x, Value indices, long axis) =>
        x.Graph.Op("Gather", [x, indices], OnnxAttribute.Of("axis", axis));

    public static Value Squeeze(this Value x, params long[] axes) =>
        axes.Length == 0 ? x : x.Graph.Op("Squeeze", x, x.Graph.Longs(axes));

    public static Value Unsqueeze(this Value x, params long[] axes) =>
        axes.Length == 0 ? x : x.Graph.Op("Unsqueeze", x, x.Graph.Longs(axes));

    /// <summary>From one index up to another, which is left out, in steps.</summary>
    public static Value Slice(this Value x, int axis, long from, long to, long step = 1)
    {
        var g = x.Graph;
        return g.Op("Slice", x, g.Longs(from), g.Longs(to), g.Longs(axis), g.Longs(step));
    }

    /// <summary>Parts of the given sizes along an axis.</summary>
    public static Value[] Split(this Value x, int axis, params long[] sizes) => sizes.Length == 1 ? [x]
        : x.Graph.Op("Split", [x, x.Graph.Longs(sizes)], [OnnxAttribute.Of("axis", axis)], sizes.Length);

    /// <summary>Another value's shape, broadcast.</summary>
    public static Value ExpandLike(this Value x, Value like) => Same(x.Facts.Shape, like.Facts.Shape) ? x
        : x.Graph.Op("Expand", x, like.ShapeOf());

    /// <summary>Zeros round a value; negative numbers cut off instead.</summary>
    /// <param name="pads">before each axis, then after each axis</param>
    public static Value Pad(this Value x, params long[] pads) =>
        pads.All(p => p == 0) ? x : x.Graph.Op("Pad", x, x.Graph.Longs(pads), x.Alike(0));

    /// <summary>Zeros in another value's shape.</summary>
    public static Value ZerosLike(this Value x) => x.Graph.Op("Expand", x.Alike(0), x.ShapeOf());

    /// <summary>Whether two shapes are the same at every run.</summary>
    public static bool Same(IReadOnlyList<Dim>? a, IReadOnlyList<Dim>? b) =>
        a is not null && b is not null && a.SequenceEqual(b);

    /// <summary>
    /// Undoes a broadcast: sums over the axes along which a value was repeated, and gives it that value's shape.
    /// </summary>
    public static Value SumLike(this Value g, Value like)
    {
        var (from, to) = (g.Shape, like.Shape);
        if (Same(from, to)) return g;
        int extra = from.Count - to.Count;
        List<long> axes = [.. Enumerable.Range(0, extra)];
        for (int i = 0; i < to.Count; i++)
        {
            if (from[i + extra] == to[i] || from[i + extra].Is(1)) continue;
            if (to[i].Is(1)) axes.Add(i + extra);
            // An open size that met another one may turn out to be 1: only the run can tell which axes were repeated.
            else if (to[i].Known is null) return SumLikeAtRun(g, like);
        }

        var summed = axes.Count == 0 ? g : g.Sum([.. axes], keep: true);
        return summed.Squeeze([.. Enumerable.Range(0, extra)]).ExpandLike(like);
    }

    static Value SumLikeAtRun(Value g, Value like)
    {
        var graph = g.Graph;
        int extra = g.Rank - like.Rank;
        var shape = like.ShapeOf();
        if (extra > 0) shape = graph.Concat(0, graph.Longs([.. Enumerable.Repeat(1L, extra)]), shape);
        var differs = graph.Op("Not", shape.SameAs(g.ShapeOf()));
        var axes = graph.Op("NonZero", differs).Reshape(-1);
        var summed = graph.Op("ReduceSum", [g, axes],
            OnnxAttribute.Of("keepdims", 1), OnnxAttribute.Of("noop_with_empty_axes", 1));
        return summed.ReshapeLike(like);
    }
}
