using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Cases of operators that make one element of many, or bring many to a common measure.</summary>
static class ReductionRows
{
    /// <summary>ReduceSum takes its axes as an input from 13 on, the others from 18 on.</summary>
    static readonly long[] Forms = [17, 18];

    public static readonly RuleRow[] All =
    [
        Reduce("ReduceSum"),
        Reduce("ReduceMean"),
        Reduce("ReduceSumSquare"),
        Reduce("ReduceL1", d => d.ClearOf(0)),
        Reduce("ReduceL2", d => d.ClearOf(0)),
        Reduce("ReduceLogSumExp"),
        Reduce("ReduceMax", d => d.Apart()) with { Opsets = [17, 18, 20] },
        Reduce("ReduceMin", d => d.Apart()) with { Opsets = [17, 18, 20] },
        new("CumSum", CumSum) { IsDouble = true },
        Along("Softmax"),
        Along("LogSoftmax"),
        new("BatchNormalization", Batch) { IsDouble = true },
        new("LayerNormalization", Layer) { IsDouble = true },
        new("InstanceNormalization", Instance) { Step = 1.0 / 8 },
    ];

    static RuleRow Reduce(string op, Func<Draw, Func<double>>? number = null) => new(op, d =>
    {
        var x = d.In(d.Shape(1, 4), number?.Invoke(d));
        List<Value?> inputs = [x];
        List<OnnxAttribute> attributes = [.. d.Maybe(OnnxAttribute.Of("keepdims", d.OneOf(0L, 1L)))];
        bool asInput = d.Graph.Opset >= (op == "ReduceSum" ? 13 : 18);
        switch (d.Number / 2 % 4)
        {
            case 0: break; // All of them.
            case 1 when asInput:
                if (d.Flip()) inputs.Add(d.Graph.Constant(OnnxTensor.Of("none", (long[])[], 0)));
                // An operator that leaves its input as it is.
                attributes.Add(OnnxAttribute.Of("noop_with_empty_axes", d.OneOf(0L, 1L)));
                break;
            default:
                long[] axes = d.Axes(x.Rank);
                if (asInput) inputs.Add(d.Graph.Longs(axes));
                else attributes.Add(OnnxAttribute.Of("axes", axes));
                break;
        }

        d.Out(op, [.. inputs], [.. attributes]);
    })
    { IsDouble = true, Opsets = Forms, Cases = 32 };

    static RuleRow Along(string op) => new(op, d =>
    {
        var x = d.In(d.Shape(1, 4));
        d.Out(op, [x], d.Maybe(OnnxAttribute.Of("axis", d.Axis(x.Rank))));
    })
    { IsDouble = true };

    static void CumSum(Draw d)
    {
        var x = d.In(d.Shape(1, 4));
        d.Out("CumSum", [x, d.Longs([], [d.Axis(x.Rank)], isConstant: true)],
            [.. d.Maybe(OnnxAttribute.Of("reverse", d.OneOf(0L, 1L))),
                .. d.Maybe(OnnxAttribute.Of("exclusive", d.OneOf(0L, 1L)))]);
    }

    static void Batch(Draw d)
    {
        var x = d.In(d.Shape(2, 5));
        long[] channels = [x.Shape[1].Known!.Value];
        d.Out("BatchNormalization", [x, d.In(channels), d.In(channels), d.Fixed(channels, d.Normal()),
            d.Fixed(channels, d.Uniform(0.3, 2))], d.Maybe(OnnxAttribute.Of("epsilon", 0.01f)));
    }

    static void Layer(Draw d)
    {
        // Of two elements alike nothing is left once they are centred: the last axis has several.
        long[] shape = [.. d.Shape(0, 3), d.Int(3, 6)];
        long axis = d.Axis(shape.Length);
        long[] inner = shape[(int)(axis < 0 ? axis + shape.Length : axis)..];
        d.Out("LayerNormalization", [d.In(shape), d.In(inner), d.Flip() ? d.In(inner) : null],
            [.. d.Maybe(OnnxAttribute.Of("epsilon", 0.01f)), .. axis == -1 ? [] : (OnnxAttribute[])[
                OnnxAttribute.Of("axis", axis)]]);
    }

    static void Instance(Draw d)
    {
        long[] shape = [.. d.Shape(2, 2), .. d.Shape(0, 2, 3), d.Int(5, 8)];
        d.Out("InstanceNormalization", [d.In(shape, d.Normal(2)), d.In([shape[1]]), d.In([shape[1]])],
            d.Maybe(OnnxAttribute.Of("epsilon", 0.01f)));
    }
}
