using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Expressions;

/// <summary>Many elements to fewer. Axes may count from the end; none given means all.</summary>
public static class Reductions
{
    public static Value Sum(this Value x, long[]? axes = null, bool keep = false) => Reduce(x, "ReduceSum", 13, axes,
        keep);

    public static Value Mean(this Value x, long[]? axes = null, bool keep = false) => Reduce(x, "ReduceMean", 18,
        axes, keep);

    public static Value Largest(this Value x, long[]? axes = null, bool keep = false) => Reduce(x, "ReduceMax", 18,
        axes, keep);

    /// <summary>The square root of the sum of squares.</summary>
    public static Value Norm(this Value x, long[]? axes = null, bool keep = false) => Reduce(x, "ReduceL2", 18, axes,
        keep);

    public static Value Softmax(this Value x, long axis) => x.Graph.Op("Softmax", [x], OnnxAttribute.Of("axis", axis));

    public static Value LogSoftmax(this Value x, long axis) => x.Graph.Op("LogSoftmax", [x], OnnxAttribute.Of("axis",
        axis));

    /// <summary>Where the largest element lies, as 64-bit integers.</summary>
    public static Value ArgMax(this Value x, long axis, bool keep = false) =>
        x.Graph.Op("ArgMax", [x], OnnxAttribute.Of("axis", axis), OnnxAttribute.Of("keepdims", keep ? 1L : 0L));

    /// <param name="input">the operator set in which axes became an input</param>
    static Value Reduce(Value x, string op, int input, long[]? axes, bool keep)
    {
        if (axes is { Length: 0 }) return x;
        var keepDims = OnnxAttribute.Of("keepdims", keep ? 1L : 0L);
        if (axes is null) return x.Graph.Op(op, [x], keepDims);
        return x.Graph.Opset >= input
            ? x.Graph.Op(op, [x, x.Graph.Longs(axes)], keepDims)
            : x.Graph.Op(op, [x], keepDims, OnnxAttribute.Of("axes", axes));
    }
}
