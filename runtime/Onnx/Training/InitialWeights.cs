using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Training;

/// <summary>How random weights are spread.</summary>
public enum Spread
{
    /// <summary>Normal, deviation sqrt(2 / inputs): for layers with a Relu after them (He et al. 2015).</summary>
    KaimingNormal,

    /// <summary>Even, up to sqrt(6 / inputs).</summary>
    KaimingUniform,

    /// <summary>Even, up to sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010).</summary>
    XavierUniform,

    /// <summary>Even, up to 1 / sqrt(inputs), biases too: what PyTorch begins its layers with.</summary>
    Torch,
}

/// <summary>Begins a model anew.</summary>
public static class InitialWeights
{
    /// <summary>
    /// The same model with random weights. Biases are 0 (except <see cref="Spread.Torch"/>), norms as if they were not
    /// there. The same seed gives the same numbers.
    /// </summary>
    public static OnnxModel Fresh(OnnxModel model, ulong seed, Spread spread = Spread.KaimingNormal)
    {
        var fresh = Upgrade.To17(model);
        var random = new SplitMix64(seed);
        var graph = fresh.Graph;
        foreach (var node in graph.Nodes)
        {
            switch (node.Op)
            {
                case "Conv" or "ConvTranspose" or "Gemm" or "MatMul": Layer(graph, node, spread, random); break;
                case "BatchNormalization" or "LayerNormalization" or "InstanceNormalization":
                    for (int i = 1; i < node.Inputs.Count; i++) Fill(graph, node.Input(i), i is 1 or 4 ? 1 : 0);
                    break;
            }
        }

        return fresh;
    }

    static void Layer(OnnxGraph graph, OnnxNode node, Spread spread, SplitMix64 random)
    {
        if (graph.Initializer(node.Inputs[1]) is not { Type: ElementType.Float } weights) return;
        var (inputs, outputs) = Fans(node, weights.Dims);
        double bound = spread switch
        {
            Spread.KaimingUniform => Math.Sqrt(6.0 / inputs),
            Spread.XavierUniform => Math.Sqrt(6.0 / (inputs + outputs)),
            Spread.Torch => 1 / Math.Sqrt(inputs),
            _ => Math.Sqrt(2.0 / inputs),
        };
        double Draw() => spread == Spread.KaimingNormal ? bound * random.NextNormal() : random.Between(-bound, bound);
        Fill(graph, weights.Name, Draw);
        if (spread == Spread.Torch) Fill(graph, node.Input(2), Draw);
        else Fill(graph, node.Input(2), 0);
    }

    /// <summary>How many elements go into one, and of how many one is part.</summary>
    static (double Inputs, double Outputs) Fans(OnnxNode node, IReadOnlyList<long> dims)
    {
        double area = dims.Skip(2).Aggregate(1L, (a, b) => a * b);
        long group = node.Int("group", 1);
        return node.Op switch
        {
            "Conv" => (dims[1] * area, dims[0] / group * area),
            "ConvTranspose" => (dims[0] / group * area, dims[1] * area),
            "Gemm" when node.Int("transB", 0) != 0 => (dims[1], dims[0]),
            _ => (dims[^2], dims[^1]),
        };
    }

    static void Fill(OnnxGraph graph, string? name, float value) => Fill(graph, name, () => value);

    static void Fill(OnnxGraph graph, string? name, Func<double> draw)
    {
        for (int i = 0; i < graph.Initializers.Count; i++)
        {
            var old = graph.Initializers[i];
            if (old.Name != name || old.Type != ElementType.Float) continue;
            float[] numbers = [.. Enumerable.Range(0, checked((int)old.Count)).Select(_ => (float)draw())];
            graph.Initializers[i] = OnnxTensor.Of(old.Name, numbers, [.. old.Dims]);
        }
    }
}
