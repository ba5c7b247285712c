using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// Which of a model's constants are weights that learn: those that stand where a layer has its weights.
/// </summary>
static class LearningWeights
{
    static readonly Dictionary<string, int[]> Places = new(StringComparer.Ordinal)
    {
        ["Conv"] = [1, 2],
        ["ConvTranspose"] = [1, 2],
        ["Gemm"] = [1, 2],
        ["MatMul"] = [0, 1],
        ["BatchNormalization"] = [1, 2],
        ["LayerNormalization"] = [1, 2],
        ["InstanceNormalization"] = [1, 2],
        ["PRelu"] = [1],
    };

    /// <summary>Operators through which an exporter brings a weight into the form that its layer wants.</summary>
    static readonly HashSet<string> Forms = new(StringComparer.Ordinal)
    {
        "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten",
    };

    /// <summary>In the order of the initialisers.</summary>
    public static IReadOnlyList<OnnxTensor> Of(OnnxGraph graph, IReadOnlyList<string> also)
    {
        var makers = new Dictionary<string, OnnxNode>(StringComparer.Ordinal);
        foreach (var node in graph.Nodes)
        {
            foreach (string output in node.Outputs) makers[output] = node;
        }

        HashSet<string> found = new(also, StringComparer.Ordinal);
        foreach (string name in also)
        {
            if (graph.Initializer(name)?.Type.IsReal() is not true)
                throw new ArgumentException($"the model has no initialiser of floats named '{name}'");
        }

        foreach (string place in graph.Nodes.Where(n => n.Domain.Length == 0).SelectMany(n => PlacesOf(n, makers)))
            found.Add(Source(place, makers));
        return [.. graph.Initializers.Where(t => t.Type == ElementType.Float && found.Contains(t.Name))];
    }

    static IEnumerable<string> PlacesOf(OnnxNode node, Dictionary<string, OnnxNode> makers)
    {
        // What is added to a matrix product is a layer's bias.
        if (node.Op == "Add" && node.Inputs.Any(i => makers.GetValueOrDefault(i)?.Op == "MatMul")) return node.Inputs;
        return Places.TryGetValue(node.Op, out int[]? places) ? places.Select(node.Input).OfType<string>() : [];
    }

    static string Source(string name, Dictionary<string, OnnxNode> makers)
    {
        while (makers.GetValueOrDefault(name) is { } maker && Forms.Contains(maker.Op)) name = maker.Inputs[0];
        return name;
    }
}
