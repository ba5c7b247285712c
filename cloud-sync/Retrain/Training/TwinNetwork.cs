using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Retrain.Training;

/// <summary>
/// The small detector that ships with the twin: a plain convolutional pyramid in the manner of YOLOX (anchor-free,
/// strides
/// 8, 16, 32), convolution and ReLU only. Input batch x 3 x 256 x 448, RGB times <see cref="InputScale"/>. Output
/// batch x
/// 2352 x 7 for each cell: offset x, y, log width, log height (all in strides), and before their sigmoids objectness,
/// person, vehicle.
/// </summary>
static class TwinNetwork
{
    public const int Width = 448;
    public const int Height = 256;
    public const int Classes = 2;

    /// <summary>What pixels are multiplied with; folded into the first convolution on export.</summary>
    public const float InputScale = 1f / 64;

    public const string Images = "images", Output = "output";

    /// <summary>At the size that the appliance runs it at.</summary>
    public static DetectionGrid Grid { get; } = new(Width, Height);

    /// <summary>Cells of all strides.</summary>
    public static int Cells => Grid.Cells;

    /// <summary>The network with random weights; names are those of its PyTorch twin.</summary>
    /// <param name="grid">another size to train it at: it is convolutional, so its weights fit any</param>
    public static OnnxModel Make(ulong seed, DetectionGrid? grid = null)
    {
        var graph = new GraphBuilder();
        graph.Output(Output, Write(graph, Dim.Named("batch"), grid ?? Grid));
        var fresh = InitialWeights.Fresh(graph.Model, seed, Spread.Torch);
        // One cell in a hundred at the start.
        float[] rare = [.. Enumerable.Repeat(-MathF.Log(99), 1 + Classes)];
        return Initializers.Replace(fresh, fresh.Graph.Initializers
            .Where(t => t.Name.EndsWith(".score.bias", StringComparison.Ordinal))
            .Select(t => OnnxTensor.Of(t.Name, rare, rare.Length)).ToArray());
    }

    /// <summary>The network with the weights and statistics that another one, of any size, has.</summary>
    public static OnnxModel WithWeightsOf(OnnxModel trained, DetectionGrid grid) =>
        Initializers.Replace(Make(seed: 0, grid), LearnedOf(trained));

    /// <summary>
    /// The network as the appliance reads it (head <c>yolox</c>): one picture of values 0 to 255, sigmoids inside,
    /// norms and
    /// the input's scale multiplied into the convolutions.
    /// </summary>
    public static OnnxModel ForInference(OnnxModel trained)
    {
        var graph = new GraphBuilder();
        graph.Model.Graph.Name = "twin detector";
        var parts = Write(graph, 1, Grid).Split(2, 4, 1 + Classes);
        graph.Output(Output, graph.Concat(2, parts[0], parts[1].Sigmoid()));
        var model = BatchNorms.Fold(Initializers.Replace(graph.Model, LearnedOf(trained)));
        var first = model.Graph.Initializer(model.Graph.Nodes.First(n => n.Op == "Conv").Inputs[1])!;
        return Initializers.Replace(model,
            [OnnxTensor.Of(first.Name, [.. first.Floats().Select(w => w * InputScale)], [.. first.Dims])]);
    }

    /// <summary>Weights and statistics: whatever else a graph holds begins with no layer's name.</summary>
    static OnnxTensor[] LearnedOf(OnnxModel model) =>
        [.. model.Graph.Initializers.Where(t => Learned.Any(end => t.Name.EndsWith(end, StringComparison.Ordinal)))];

    static readonly string[] Learned = [".weight", ".bias", ".running_mean", ".running_var"];

    /// <summary>Writes the network up to its output before sigmoids.</summary>
    static Value Write(GraphBuilder graph, Dim batch, DetectionGrid grid)
    {
        var x = graph.Input(Images, ElementType.Float, batch, DetectionGrid.Planes, grid.Height, grid.Width);
        // Patches of 6 by 6 every 4 pixels: with two convolutions of stride 2 in their place a training step took a
        // fifth
        // longer, nearly all of it in passes over the planes between them.
        x = Block(x, "stem", 32, kernel: 6, stride: 4);
        var at8 = Residual(Residual(Block(x, "to8.0", 64, stride: 2), "to8.1"), "to8.2");
        var at16 = Residual(Residual(Block(at8, "to16.0", 96, stride: 2), "to16.1"), "to16.2");
        x = Pool(Residual(Block(at16, "to32.0", 96, stride: 2), "to32.1"));
        var at32 = Block(Block(x, "to32.3", 96, 1), "side32", 48, 1);
        var up16 = Block(Block(at16, "side16", 48, 1) + Doubled(at32), "merge16", 48);
        var up8 = Block(Block(at8, "side8", 48, 1) + Doubled(up16), "merge8", 48);
        var down16 = up16 + Block(up8, "down16", 48, stride: 2);
        var down32 = at32 + Block(down16, "down32", 48, stride: 2);
        var heads = new[] { up8, down16, down32 }.Select((level, i) => Head(level, $"heads.{i}")).ToArray();
        return graph.Concat(2, heads).Transpose(0, 2, 1);
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
        // An even kernel covers its stride and half as much around it: 6 by 6 every 4 reaches over by 1.
        long around = kernel % 2 == 1 ? kernel / 2 : (kernel - stride) / 2;
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

    /// <summary>The loss at its full size: see <see cref="DetectionLoss"/>.</summary>
    public static Value Loss(LossCase c) => DetectionLoss.For(Grid, Classes)(c);
}
