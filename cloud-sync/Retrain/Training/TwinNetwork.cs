using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Losses;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Retrain.Training;

/// <summary>
/// The small detector that ships with the twin: a plain convolutional pyramid in the manner of YOLOX (anchor-free,
/// strides 8, 16, 32), convolution and ReLU only. Input batch x 3 x 256 x 448, RGB times <see cref="InputScale"/>.
/// Output batch x 2352 x 7 for each cell: offset x, y, log width, log height (all in strides), and before their
/// sigmoids objectness, person, vehicle.
/// </summary>
public static class TwinNetwork
{
    public const int Width = 448;
    public const int Height = 256;
    public const int Classes = 2;

    /// <summary>What pixels are multiplied with; folded into the first convolution on export.</summary>
    public const float InputScale = 1f / 64;

    public const string Images = "images", Output = "output";

    public static IReadOnlyList<int> Strides { get; } = [8, 16, 32];

    /// <summary>Cells of all strides.</summary>
    public static int Cells { get; } = Strides.Sum(s => Width / s * (Height / s));

    /// <summary>The network with random weights; names are those of its PyTorch twin.</summary>
    public static OnnxModel Make(ulong seed)
    {
        var graph = new GraphBuilder();
        var x = graph.Input(Images, ElementType.Float, Dim.Named("batch"), 3, Height, Width);
        x = Block(x, "stem", 16, stride: 2);
        x = Block(x, "to4", 32, stride: 2);
        var at8 = Residual(Residual(Block(x, "to8.0", 64, stride: 2), "to8.1"), "to8.2");
        var at16 = Residual(Residual(Block(at8, "to16.0", 96, stride: 2), "to16.1"), "to16.2");
        x = Pool(Residual(Block(at16, "to32.0", 96, stride: 2), "to32.1"));
        var at32 = Block(Block(x, "to32.3", 96, 1), "side32", 48, 1);
        var up16 = Block(Block(at16, "side16", 48, 1) + Doubled(at32), "merge16", 48);
        var up8 = Block(Block(at8, "side8", 48, 1) + Doubled(up16), "merge8", 48);
        var down16 = up16 + Block(up8, "down16", 48, stride: 2);
        var down32 = at32 + Block(down16, "down32", 48, stride: 2);
        var heads = new[] { up8, down16, down32 }.Select((level, i) => Head(level, $"heads.{i}")).ToArray();
        graph.Output(Output, graph.Concat(2, heads).Transpose(0, 2, 1));
        var fresh = InitialWeights.Fresh(graph.Model, seed, Spread.Torch);
        // One cell in a hundred at the start.
        float[] rare = [.. Enumerable.Repeat(-MathF.Log(99), 1 + Classes)];
        for (int i = 0; i < fresh.Graph.Initializers.Count; i++)
        {
            string name = fresh.Graph.Initializers[i].Name;
            if (name.EndsWith(".score.bias", StringComparison.Ordinal))
                fresh.Graph.Initializers[i] = OnnxTensor.Of(name, rare, rare.Length);
        }

        return fresh;
    }

    static Value Block(Value x, string name, int outputs, int kernel = 3, int stride = 1)
    {
        var graph = x.Graph;
        var y = Convolution(x, $"{name}.0", outputs, kernel, stride);
        Value Channels(string what) =>
            graph.Constant(OnnxTensor.Of($"{name}.1.{what}", new float[outputs], outputs));
        return graph.Op("BatchNormalization",
            [y, Channels("weight"), Channels("bias"), Channels("running_mean"), Channels("running_var")],
            OnnxAttribute.Of("epsilon", 1e-3f), OnnxAttribute.Of("momentum", 0.97f)).Relu();
    }

    static Value Convolution(Value x, string name, int outputs, int kernel, int stride = 1, bool biased = false)
    {
        var graph = x.Graph;
        int inputs = (int)x.Shape[1].Known!.Value;
        long around = kernel / 2;
        var w = graph.Constant(OnnxTensor.Of(name + ".weight", new float[outputs * inputs * kernel * kernel],
            outputs, inputs, kernel, kernel));
        var b = biased ? graph.Constant(OnnxTensor.Of(name + ".bias", new float[outputs], outputs)) : null;
        return graph.Op("Conv", [x, w, b], OnnxAttribute.Of("kernel_shape", [kernel, kernel]),
            OnnxAttribute.Of("pads", [around, around, around, around]),
            OnnxAttribute.Of("strides", [stride, stride]));
    }

    static Value Residual(Value x, string name)
    {
        int channels = (int)x.Shape[1].Known!.Value;
        return x + Block(Block(x, name + ".squeeze", channels / 2, 1), name + ".grow", channels);
    }

    static Value Pool(Value x) => x.Graph.Op("MaxPool", [x], OnnxAttribute.Of("kernel_shape", [5, 5]),
        OnnxAttribute.Of("pads", [2, 2, 2, 2]), OnnxAttribute.Of("strides", [1, 1]));

    static Value Doubled(Value x) => x.Graph.Op("Resize", [x, null, x.Graph.Floats([1, 1, 2, 2], 4)],
        OnnxAttribute.Of("mode", "nearest"), OnnxAttribute.Of("coordinate_transformation_mode", "asymmetric"),
        OnnxAttribute.Of("nearest_mode", "floor"));

    static Value Head(Value level, string name)
    {
        var x = Block(level, name + ".body", 48);
        var box = Convolution(x, name + ".box", 4, 1, biased: true);
        var score = Convolution(x, name + ".score", 1 + Classes, 1, biased: true);
        return x.Graph.Concat(1, box, score).Reshape(0, 5 + Classes, -1);
    }

    /// <summary>
    /// The loss for each box that a cell answers for: 5 (1 - GIoU), what its class should be, and over all cells that
    /// may be judged whether somebody is there, which is as true as the box is good.
    /// <para>
    /// Targets, batch x 2352 x: <c>boxes</c> left, top, right, bottom in input pixels; <c>kinds</c> 1 for the class;
    /// <c>owned</c> 1 for cells that answer for a box; <c>judged</c> 0 for cells that nobody may judge.
    /// </para>
    /// </summary>
    public static Value Loss(LossCase c)
    {
        var batch = c[0].Shape[0];
        Value Target(string name, int numbers) => c.Target(name, ElementType.Float, batch, Cells, numbers);
        var parts = c[0].Split(2, 2, 2, 1, Classes);
        var (boxes, kinds, owned) = (Target("boxes", 4), Target("kinds", Classes), Target("owned", 1));
        var mine = Boxed(c.Graph, parts[0], parts[1]);
        var there = mine.Iou(boxes).Unsqueeze(2).Detach().Clip(0, 1) * owned;
        var apart = ((1 - mine.Giou(boxes)).Unsqueeze(2) * owned).Sum();
        var presence = parts[2].BinaryCrossEntropyOfLogits(there, Target("judged", 1), Reduction.Sum);
        var kind = parts[3].BinaryCrossEntropyOfLogits(kinds, owned, Reduction.Sum);
        return (apart * 5 + presence + kind) / owned.Sum().Max(1);
    }

    /// <summary>Left, top, right, bottom in input pixels.</summary>
    static Value Boxed(GraphBuilder graph, Value offsets, Value sizes)
    {
        var (corners, strides) = CellPlaces();
        var stride = graph.Floats(strides, 1, Cells, 1);
        var centre = (offsets + graph.Floats(corners, 1, Cells, 2)) * stride;
        var half = sizes.Min(5).Exp() * stride * 0.5f;
        return graph.Concat(2, centre - half, centre + half);
    }

    /// <summary>Column and row of every cell in output order, and its stride.</summary>
    public static (float[] Corners, float[] Strides) CellPlaces()
    {
        List<float> corners = [], strides = [];
        foreach (int stride in Strides)
        {
            for (int y = 0; y < Height / stride; y++)
            {
                for (int x = 0; x < Width / stride; x++)
                {
                    corners.AddRange([x, y]);
                    strides.Add(stride);
                }
            }
        }

        return ([.. corners], [.. strides]);
    }
}
