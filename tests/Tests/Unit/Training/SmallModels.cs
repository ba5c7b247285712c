using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Losses;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>Models small enough to learn in a test.</summary>
static class SmallModels
{
    public static SessionWishes OneThread => TestProvider.Wishes;

    /// <summary>y = x w + b, three numbers to one.</summary>
    public static OnnxModel Line()
    {
        var graph = new GraphBuilder();
        var x = graph.Input("x", ElementType.Float, Dim.Named("batch"), 3);
        var w = graph.Constant(OnnxTensor.Of("w", [0.1f, -0.2f, 0.3f], 3, 1));
        var b = graph.Constant(OnnxTensor.Of("b", [0.05f], 1));
        graph.Output("y", graph.Op("Gemm", x, w, b));
        return graph.Model;
    }

    /// <summary>
    /// Two convolutions with norms, a mean over places and a linear layer: images 2 x 8 x 8 to three classes.
    /// </summary>
    public static OnnxModel Pictures()
    {
        var graph = new GraphBuilder();
        var x = graph.Input("images", ElementType.Float, Dim.Named("batch"), 2, 8, 8);
        x = Block(graph, x, "first", 2, 8, 1);
        x = Block(graph, x, "second", 8, 12, 2);
        var pooled = graph.Op("GlobalAveragePool", x).Reshape(0, -1);
        var w = graph.Constant(OnnxTensor.Of("linear.weight", new float[36], 12, 3));
        var b = graph.Constant(OnnxTensor.Of("linear.bias", new float[3], 3));
        graph.Output("logits", graph.Op("Gemm", pooled, w, b));
        return InitialWeights.Fresh(graph.Model, seed: 3);
    }

    static Value Block(GraphBuilder graph, Value x, string name, int inputs, int outputs, long stride)
    {
        var w = graph.Constant(OnnxTensor.Of(name + ".weight", new float[outputs * inputs * 9], outputs, inputs, 3, 3));
        var y = graph.Op("Conv", [x, w], OnnxAttribute.Of("kernel_shape", [3, 3]),
            OnnxAttribute.Of("pads", [1, 1, 1, 1]), OnnxAttribute.Of("strides", [stride, stride]));
        Value Channels(string what) => graph.Constant(OnnxTensor.Of($"{name}.{what}", new float[outputs], outputs));
        return graph.Op("BatchNormalization", y, Channels("scale"), Channels("shift"), Channels("mean"),
            Channels("variance")).Relu();
    }

    /// <summary>The squared error against a target y_true.</summary>
    public static Value Squared(LossCase c) =>
        c[0].SquaredError(c.Target("y_true", ElementType.Float, [.. c[0].Shape]));

    /// <summary>Cross-entropy against integer labels.</summary>
    public static Value Classes(LossCase c) =>
        c[0].CategoricalCrossEntropy(c.Target("labels", ElementType.Int64, c[0].Shape[0]));

    public static Dictionary<string, long[]> Batch(string input, params long[] shape) => new() { [input] = shape };

    /// <summary>Pictures of noise with a bright place that tells the class.</summary>
    public static void FillPictures(Trainer trainer, SplitMix64 random)
    {
        var images = trainer.Floats("images");
        var labels = trainer.Integers("labels");
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = random.Below(3);
            var image = images.Slice(i * 128, 128);
            for (int k = 0; k < 128; k++) image[k] = (float)(0.5 * random.NextNormal());
            // A stripe across, one down, or a dot: what tells them is a form, not a place.
            int at = 1 + random.Below(6), by = 1 + random.Below(6);
            for (int k = 0; k < 8; k++)
            {
                if (labels[i] == 0) image[at * 8 + k] += 2;
                else if (labels[i] == 1) image[k * 8 + at] += 2;
            }

            if (labels[i] == 2) image[by * 8 + at] += 4;
        }
    }
}
