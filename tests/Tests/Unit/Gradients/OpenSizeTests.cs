using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>
/// One gradient model for every batch and picture size: the same numbers as a model written for that size.
/// </summary>
public sealed class OpenSizeTests
{
    static readonly Dim N = Dim.Named("batch"), H = Dim.Named("height"), W = Dim.Named("width");

    /// <summary>
    /// Operators on an input N x 4 x H x W, and whether weights too can be asked for with open pictures.
    /// </summary>
    static readonly Dictionary<string, Func<Value, Value>> Forms = new(StringComparer.Ordinal)
    {
        ["Conv stride 1"] = x => Conv(x, 1, 1),
        ["Conv stride 2"] = x => Conv(x, 2, 1),
        ["Conv stride 2, unpadded"] = x => Conv(x, 2, 0),
        ["Conv of stride 3"] = x => Conv(x, 3, 1),
        ["Conv, depthwise"] = x => x.Graph.Op("Conv", [x, Weights(x, 4, 1, 3, 3)], OnnxAttribute.Of("group", 4),
            OnnxAttribute.Of("pads", [1, 1, 1, 1])),
        ["ConvTranspose"] = x => x.Graph.Op("ConvTranspose", [x, Weights(x, 4, 3, 2, 2)],
            OnnxAttribute.Of("strides", [2, 2])),
        ["Resize x2"] = x => Resize(x, "nearest", "asymmetric"),
        ["Resize x2 by halves"] = x => Resize(x, "nearest", "half_pixel"),
        ["MaxPool"] = x => x.Graph.Op("MaxPool", [x], OnnxAttribute.Of("kernel_shape", [3, 3]),
            OnnxAttribute.Of("strides", [2, 2]), OnnxAttribute.Of("pads", [1, 1, 1, 1])),
        ["AveragePool"] = x => x.Graph.Op("AveragePool", [x], OnnxAttribute.Of("kernel_shape", [2, 2]),
            OnnxAttribute.Of("strides", [2, 2])),
        ["GlobalAveragePool"] = x => x.Graph.Op("GlobalAveragePool", x),
        ["GlobalMaxPool"] = x => x.Graph.Op("GlobalMaxPool", x),
        ["Slice"] = x => x.Slice(2, 1, -1).Slice(3, 2, long.MaxValue),
        ["Slice with a step"] = x => x.Slice(2, 1, long.MaxValue, 2),
        ["Slice with steps along both"] = x => x.Slice(2, 0, long.MaxValue, 2).Slice(3, 1, long.MaxValue, 2),
        ["Slice of the batch"] = x => x.Slice(0, 0, 1),
        ["Slice, last"] = x => x.Slice(3, -2, long.MaxValue),
        ["Slice, turned round"] = x => x.Slice(2, -1, -int.MaxValue, -1),
        ["Concat of channels"] = x => x.Graph.Concat(1, x, x.Sigmoid()),
        ["Concat of rows"] = x => x.Graph.Concat(2, x.Square(), x),
        ["Split"] = x => x.Split(1, 1, 3) is [var a, var b] ? a * b : x,
        ["Softmax"] = x => x.Softmax(1),
        ["Softmax over columns"] = x => x.Softmax(-1),
        ["LogSoftmax"] = x => x.LogSoftmax(2),
        ["Reshape"] = x => x.Reshape(0, 4, -1),
        ["Reshape to rows"] = x => x.Transpose(0, 2, 3, 1).Reshape(-1, 4),
        ["Flatten"] = x => x.Graph.Op("Flatten", x),
        ["Transpose"] = x => x.Transpose(0, 2, 3, 1),
        ["Squeeze"] = x => x.Slice(1, 0, 1).Squeeze(1).Unsqueeze(0),
        ["Pad"] = x => x.Pad(0, 0, 1, 2, 0, 0, 0, 3),
        ["MatMul"] = x => x.MatMul(x.Transpose(0, 1, 3, 2)),
        ["MatMul with a weight"] = x => x.Transpose(0, 2, 3, 1).MatMul(Weights(x, 4, 5)),
        ["Mean over pixels"] = x => x.Mean([2, 3]),
        ["Mean over all"] = x => x.Mean(),
        ["Largest"] = x => x.Largest([1]),
        ["Sum over the batch"] = x => x.Sum([0], keep: true) * x,
        ["Means of rows added to columns"] = x => x.Mean([3], keep: true) * x.Mean([2], keep: true),
        ["Channel weights"] = x => x * Weights(x, 1, 4, 1, 1) + Weights(x, 4, 1, 1),
        ["A number for all"] = x => x * Weights(x, 1),
        ["Batch statistics"] = x => (x - x.Mean([0, 2, 3], keep: true)).Square(),
        ["Gather of rows"] = x => x.Gather(x.Graph.Longs(0, 0, 1), 2),
        ["Gather of channels"] = x => x.Gather(x.Graph.Longs(3, 1), 1),
        ["Gather of one row"] = x => x.Gather(x.Graph.Longs(1).Reshape([]), 2),
        ["DepthToSpace"] = x => x.Graph.Op("DepthToSpace", [x], OnnxAttribute.Of("blocksize", 2)),
        ["DepthToSpace, columns first"] = x => x.Graph.Op("DepthToSpace", [x], OnnxAttribute.Of("blocksize", 2),
            OnnxAttribute.Of("mode", "CRD")),
        ["Norm of channels"] = x => x * x.Graph.Op("InstanceNormalization", x, Weights(x, 4), Weights(x, 4)),
        ["Norm of rows"] = x => x.Transpose(0, 2, 3, 1) is var t
            ? t * x.Graph.Op("LayerNormalization", t, Weights(x, 4), Weights(x, 4)) : x,
        ["Tile of the batch"] = x => x.Graph.Op("Tile", x.Mean([2, 3]), x.Graph.Longs(1, 2)),
        ["Expand"] = x => x.Mean([2, 3], keep: true).ExpandLike(x) * x,
    };

    public static TheoryData<string> Names => [.. Forms.Keys];

    static Value Weights(Value x, params long[] dims)
    {
        var random = new Random(dims.Length);
        return x.Graph.Constant(OnnxTensor.Of("weight",
            [.. Enumerable.Range(0, (int)Draw.Count(dims)).Select(_ => (float)Noise.Gauss(random))], dims));
    }

    static Value Conv(Value x, long stride, long pad) => x.Graph.Op("Conv", [x, Weights(x, 2, 4, 3, 3)],
        OnnxAttribute.Of("strides", [stride, stride]), OnnxAttribute.Of("pads", [pad, pad, pad, pad]));

    static Value Resize(Value x, string mode, string coordinates) => x.Graph.Op("Resize",
        [x, null, x.Graph.Floats([1, 1, 2, 2], 4)],
        OnnxAttribute.Of("mode", mode), OnnxAttribute.Of("coordinate_transformation_mode", coordinates));

    /// <summary>The gradient of the sum of squares of the operator's output.</summary>
    static OnnxModel Model(Func<Value, Value> form, params Dim[] shape)
    {
        var graph = new GraphBuilder();
        var x = graph.Input("x", ElementType.Float, shape);
        var gradient = graph.Gradients(form(x).Square().Sum(), ["x"])["x"];
        Assert.Equal(shape, gradient.Shape);
        graph.Output("gradient", gradient);
        return OnnxModel.Read(graph.Model.ToBytes(), "open");
    }

    [Theory, MemberData(nameof(Names))]
    public void Open_sizes_give_what_fixed_ones_give(string name)
    {
        using var open = new HeldModel(Model(Forms[name], N, 4, H, W));
        var random = new Random(1);
        foreach (long[] shape in (long[][])[[2, 4, 6, 5], [1, 4, 9, 8], [3, 4, 4, 4]])
        {
            double[] x = [.. Enumerable.Range(0, (int)Draw.Count(shape)).Select(_ => Noise.Gauss(random))];
            using var exact = new HeldModel(Model(Forms[name], [.. shape.Select(Dim.Of)]));
            exact.Set("x", x, shape);
            open.Set("x", x, shape);
            var (wanted, found) = (exact.Run("gradient")[0], open.Run("gradient")[0]);
            Assert.Equal(wanted.Dims, found.Dims);
            double largest = wanted.Values.Select(Math.Abs).Max();
            Assert.All(wanted.Values.Zip(found.Values), p => Assert.Equal(p.First, p.Second, 1e-5 * largest));
        }
    }

    /// <summary>Which of the two is repeated, only the run tells.</summary>
    [Theory]
    [InlineData(3, 4, 3, 4), InlineData(3, 4, 1, 4), InlineData(1, 4, 3, 4), InlineData(3, 1, 1, 4), InlineData(1, 1,
        3, 4)]
    public void Two_open_sizes_broadcast_as_the_run_has_it(long p, long q, long r, long s)
    {
        var graph = new GraphBuilder();
        var x = graph.Input("x", ElementType.Float, Dim.Named("p"), Dim.Named("q"));
        var y = graph.Input("y", ElementType.Float, Dim.Named("r"), Dim.Named("s"));
        var gradients = graph.Gradients((x * y.Sigmoid() + x).Square().Sum(), ["x", "y"]);
        foreach (string name in new[] { "x", "y" }) graph.Output("d" + name, gradients[name]);
        var random = new Random(2);
        double[] a = [.. Enumerable.Range(0, (int)(p * q)).Select(_ => Noise.Gauss(random))];
        double[] b = [.. Enumerable.Range(0, (int)(r * s)).Select(_ => Noise.Gauss(random))];
        using var cpu = new HeldModel(graph.Model);
        cpu.Set("x", a, [p, q]);
        cpu.Set("y", b, [r, s]);
        var found = cpu.Run("dx", "dy");
        Assert.Equal([p, q], found[0].Dims);
        Assert.Equal([r, s], found[1].Dims);
        double[] da = new double[a.Length], db = new double[b.Length];
        for (int i = 0; i < Math.Max(p, r); i++)
        {
            for (int j = 0; j < Math.Max(q, s); j++)
            {
                long ai = i % p * q + j % q, bi = i % r * s + j % s;
                double sigmoid = 1 / (1 + Math.Exp(-b[bi])), z = a[ai] * (sigmoid + 1);
                da[ai] += 2 * z * (sigmoid + 1);
                db[bi] += 2 * z * a[ai] * sigmoid * (1 - sigmoid);
            }
        }

        Assert.All(da.Zip(found[0].Values), v => Assert.Equal(v.First, v.Second, 1e-4));
        Assert.All(db.Zip(found[1].Values), v => Assert.Equal(v.First, v.Second, 1e-4));
    }
}
