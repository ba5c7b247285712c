using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>What does not depend on a model's inputs, computed once.</summary>
public static class Constants
{
    /// <summary>
    /// A value larger than this stays computed: a mask or a grid of a few bytes' recipe would fill the file.
    /// </summary>
    public const long BytesMax = 1 << 20;

    /// <summary>
    /// The model with its Constant nodes as initializers, and with initializers in place of nodes that depend on
    /// nothing else, or give only sizes that are known. Random operators stay, as do graphs inside nodes and the
    /// scaling of quantised weights, which would lose their small size. What ONNX Runtime cannot compute here stays as
    /// well.
    /// </summary>
    public static OnnxModel Fold(OnnxModel model)
    {
        var folded = model.Copy();
        var graph = folded.Graph;
        WriteConstants(graph);
        // What one round finds may make further sizes known.
        while (FoldOnce(folded)) { }

        Unused.DropConstants(graph);
        return folded;
    }

    static readonly HashSet<string> Left = new(StringComparer.Ordinal)
    {
        "Constant", "DequantizeLinear", "Dropout", "Bernoulli", "Multinomial",
        "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
    };

    static bool FoldOnce(OnnxModel model)
    {
        var graph = model.Graph;
        var facts = ShapeInference.Infer(model);
        var outputs = graph.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        var constant = ConstantNames(graph);
        List<OnnxNode> sizes = [], found = [];
        foreach (var node in graph.Nodes)
        {
            if (node.Outputs.Any(outputs.Contains) || node.Domain.Length > 0 || Left.Contains(node.Op)) continue;
            if (IsKnownSizes(node, facts)) sizes.Add(node);
            else if (CanCompute(node, constant, facts)) found.Add(node);
            else continue;
            constant.UnionWith(node.Outputs);
        }

        foreach (var node in sizes) graph.Initializers.Add(Sizes(node.Outputs[0], facts[node.Outputs[0]]));
        bool computed = found.Count > 0 && Compute(model, found);
        HashSet<OnnxNode> gone = [.. sizes, .. computed ? found : []];
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            if (gone.Contains(graph.Nodes[i])) graph.Nodes.RemoveAt(i);
        }

        return gone.Count > 0;
    }

    static HashSet<string> ConstantNames(OnnxGraph graph) => graph.Initializers.Select(t => t.Name)
        .Except(graph.Inputs.Select(i => i.Name)).ToHashSet(StringComparer.Ordinal);

    static bool IsKnownSizes(OnnxNode node, Dictionary<string, ValueFacts> facts) =>
        node.Outputs.Count == 1 && facts.TryGetValue(node.Outputs[0], out var of)
        && of is { Type: ElementType.Int64, Longs: { } longs, Shape: { } shape }
        && Dim.Product(shape).Is(longs.Count);

    static OnnxTensor Sizes(string name, ValueFacts facts) =>
        OnnxTensor.Of(name, [.. facts.Longs!], [.. facts.Shape!.Select(d => d.Known!.Value)]);

    static bool CanCompute(OnnxNode node, HashSet<string> constant, Dictionary<string, ValueFacts> facts) =>
        !Uses.Graphs(node).Any()
        && node.Inputs.All(i => i.Length == 0 || constant.Contains(i))
        && node.Outputs.All(o => o.Length == 0 || (facts.TryGetValue(o, out var of) && of.Shape is { } shape
            && Dim.Product(shape).Known is { } count && of.Type.Bytes() is { } each && count <= BytesMax / each));

    /// <summary>Puts what ONNX Runtime makes of some nodes among the constants.</summary>
    static bool Compute(OnnxModel model, List<OnnxNode> nodes)
    {
        var alone = model.Copy();
        var graph = alone.Graph;
        graph.Nodes.Clear();
        foreach (var node in nodes) graph.Nodes.Add(node);
        graph.Inputs.Clear();
        graph.Outputs.Clear();
        graph.Values.Clear();
        var inside = nodes.SelectMany(n => n.Outputs).Where(o => o.Length > 0);
        foreach (string name in inside) graph.Outputs.Add(new TypedValue(name, ElementType.None, null));
        Unused.DropConstants(graph);
        if (Evaluation.Of(alone) is not { } results) return false;
        foreach (var tensor in results) model.Graph.Initializers.Add(tensor);
        return true;
    }

    static void WriteConstants(OnnxGraph graph)
    {
        var outputs = graph.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            var node = graph.Nodes[i];
            if (node is not { Op: "Constant", Domain: "" } || outputs.Contains(node.Outputs[0])) continue;
            if (TensorOf(node) is not { } tensor) continue;
            graph.Nodes.RemoveAt(i);
            graph.Initializers.Add(tensor.Named(node.Outputs[0]));
        }
    }

    /// <summary>What a Constant node gives; null for strings and sparse tensors, which stay nodes.</summary>
    static OnnxTensor? TensorOf(OnnxNode node) => node.Attributes.FirstOrDefault() switch
    {
        { Name: "value" } a => a.Tensor,
        { Name: "value_float" } a => OnnxTensor.Of("", [a.Float]),
        { Name: "value_int" } a => OnnxTensor.Of("", [a.Int]),
        { Name: "value_floats" } a => OnnxTensor.Of("", [.. a.Floats], a.Floats.Count),
        { Name: "value_ints" } a => OnnxTensor.Of("", [.. a.Ints], a.Ints.Count),
        _ => null,
    };
}
