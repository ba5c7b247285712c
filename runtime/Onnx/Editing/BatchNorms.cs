using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>Batch normalisation with fixed statistics is a factor and a term a channel.</summary>
public static class BatchNorms
{
    /// <summary>
    /// The model with each BatchNormalization multiplied into the weights of the Conv, ConvTranspose or Gemm before it.
    /// It stays where that one's output goes elsewhere too, where weights are no 32-bit constants, and in training
    /// mode.
    /// </summary>
    public static OnnxModel Fold(OnnxModel model)
    {
        var folded = model.Copy();
        var graph = folded.Graph;
        var uses = Uses.Of(graph);
        var makers = Uses.Makers(graph);
        var names = new NewNames(graph);
        foreach (var norm in graph.Nodes.Where(n => n is { Op: "BatchNormalization", Domain: "" }).ToList())
        {
            string between = norm.Inputs[0];
            if (!makers.TryGetValue(between, out var layer) || uses.GetValueOrDefault(between) != 1) continue;
            if (ChannelScale.Of(graph, norm) is not { } scale) continue;
            var made = layer is not { Domain: "" } ? null : layer.Op switch
            {
                "Conv" => Convolution(graph, layer, scale, names, byInput: false),
                "ConvTranspose" => Convolution(graph, layer, scale, names, byInput: true),
                "Gemm" => Product(graph, layer, scale, names),
                _ => null,
            };
            if (made is null) continue;
            made.Outputs[0] = norm.Outputs[0];
            makers[norm.Outputs[0]] = made;
            graph.Nodes[graph.Nodes.IndexOf(layer)] = made;
            graph.Nodes.Remove(norm);
        }

        Unused.DropConstants(graph);
        return folded;
    }

    /// <param name="byInput">ConvTranspose: the output channel is the second axis, one group after the other</param>
    static OnnxNode? Convolution(
        OnnxGraph graph, OnnxNode layer, ChannelScale scale, NewNames names, bool byInput)
    {
        if (Numbers(graph, layer.Input(1)) is not { Dims.Count: > 2 } weights
            || !TryBias(graph, layer, scale.Factor.Length, out float[]? bias))
            return null;
        float[] w = weights.Floats();
        int rows = (int)weights.Dims[0], columns = (int)weights.Dims[1];
        int groups = (int)layer.Int("group", 1), channels = byInput ? columns * groups : rows;
        if (channels != scale.Factor.Length || w.Length == 0) return null;
        int each = w.Length / rows / columns;
        for (int i = 0; i < w.Length; i++)
        {
            int row = i / each / columns, column = i / each % columns;
            int channel = byInput ? row / (rows / groups) * columns + column : row;
            w[i] = (float)(w[i] * scale.Factor[channel]);
        }

        double[] term = [.. scale.Factor.Select((f, i) => f * (bias?[i] ?? 0) + scale.Term[i])];
        return With(graph, layer, names, OnnxTensor.Of("", w, [.. weights.Dims]), term);
    }

    static OnnxNode? Product(OnnxGraph graph, OnnxNode layer, ChannelScale scale, NewNames names)
    {
        if (Numbers(graph, layer.Input(1)) is not { Dims.Count: 2 } weights
            || !TryBias(graph, layer, scale.Factor.Length, out float[]? bias))
            return null;
        bool turned = layer.Int("transB", 0) != 0;
        int columns = (int)weights.Dims[1];
        if (weights.Dims[turned ? 0 : 1] != scale.Factor.Length) return null;
        float[] w = weights.Floats();
        for (int i = 0; i < w.Length; i++) w[i] = (float)(w[i] * scale.Factor[turned ? i / columns : i % columns]);
        double beta = layer.Float("beta", 1);
        double[] term = [.. scale.Factor.Select((f, i) => f * beta * (bias?[i] ?? 0) + scale.Term[i])];
        var made = With(graph, layer, names, OnnxTensor.Of("", w, [.. weights.Dims]), term);
        if (made.Find("beta") is { } old) made.Attributes.Remove(old);
        return made;
    }

    static OnnxNode With(OnnxGraph graph, OnnxNode layer, NewNames names, OnnxTensor weights, double[] term)
    {
        var made = layer.Copy();
        while (made.Inputs.Count < 3) made.Inputs.Add("");
        string bias = made.Inputs[2].Length > 0 ? made.Inputs[2] : made.Outputs[0] + "_bias";
        // New names: other nodes may use the same constants.
        made.Inputs[1] = names.Take(made.Inputs[1] + "_folded");
        made.Inputs[2] = names.Take(bias + "_folded");
        graph.Initializers.Add(weights.Named(made.Inputs[1]));
        graph.Initializers.Add(OnnxTensor.Of(made.Inputs[2], [.. term.Select(t => (float)t)], term.Length));
        return made;
    }

    /// <summary>False when there is a bias that is no constant with one number a channel.</summary>
    static bool TryBias(OnnxGraph graph, OnnxNode layer, int channels, out float[]? bias)
    {
        bias = null;
        if (layer.Input(2) is not { } name) return true;
        bias = Numbers(graph, name) is { Dims.Count: 1 } tensor && tensor.Count == channels ? tensor.Floats() : null;
        return bias is not null;
    }

    /// <summary>A constant of 32-bit floats that no caller can exchange.</summary>
    internal static OnnxTensor? Numbers(OnnxGraph graph, string? name) =>
        name is not null && graph.Initializer(name) is { Type: ElementType.Float } tensor
        && graph.Inputs.All(i => i.Name != name) ? tensor : null;
}

/// <summary>What a BatchNormalization does to each channel.</summary>
sealed record ChannelScale(double[] Factor, double[] Term)
{
    /// <summary>Null when its numbers are no constants, or it is one that trains.</summary>
    public static ChannelScale? Of(OnnxGraph graph, OnnxNode norm)
    {
        if (norm.Outputs.Count != 1 || norm.Int("training_mode", 0) != 0 || norm.Int("spatial", 1) != 1) return null;
        var four = Enumerable.Range(1, 4).Select(i => BatchNorms.Numbers(graph, norm.Input(i))).ToArray();
        if (four.Any(t => t is null || t.Count != four[0]!.Count)) return null;
        float[][] numbers = [.. four.Select(t => t!.Floats())];
        double epsilon = norm.Float("epsilon", 1e-5f);
        double[] factor = [.. numbers[0].Select((s, i) => s / Math.Sqrt(numbers[3][i] + epsilon))];
        return new ChannelScale(factor, [.. factor.Select((f, i) => numbers[1][i] - f * numbers[2][i])]);
    }
}
