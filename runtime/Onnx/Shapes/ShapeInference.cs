using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Shapes;

/// <summary>
/// What comes out of an operator, before anything runs: element type, sizes, and the integers where a graph computes
/// with sizes. Open sizes keep their names, so a batch or a picture size is followed through the graph.
/// </summary>
public static class ShapeInference
{
    /// <summary>Facts of every value of a graph, by name. What cannot be known is unknown; it is no fault.</summary>
    public static Dictionary<string, ValueFacts> Infer(OnnxModel model)
    {
        var facts = new Dictionary<string, ValueFacts>(StringComparer.Ordinal);
        var graph = model.Graph;
        foreach (var value in graph.Values.Concat(graph.Outputs).Concat(graph.Inputs))
            facts[value.Name] = new ValueFacts(value.Type, value.Shape);
        foreach (var tensor in graph.Initializers) facts[tensor.Name] = ValueFacts.Of(tensor);
        foreach (var node in graph.Nodes)
        {
            var outputs = Infer(node, [.. node.Inputs.Select(i => facts.GetValueOrDefault(i))]);
            for (int i = 0; i < node.Outputs.Count && i < outputs.Count; i++)
            {
                // No name: an output left out, which must not be taken for an input left out further on.
                if (node.Outputs[i].Length > 0)
                    facts[node.Outputs[i]] = Known(outputs[i], facts.GetValueOrDefault(node.Outputs[i]));
            }
        }

        return facts;
    }

    /// <summary>Facts of a node's outputs from those of its inputs.</summary>
    /// <param name="inputs">null where an input was left out or nothing is known of it</param>
    public static IReadOnlyList<ValueFacts> Infer(OnnxNode node, IReadOnlyList<ValueFacts?> inputs)
    {
        if (node.Domain.Length > 0 || !ShapeRules.All.TryGetValue(node.Op, out var rule)) return Unknowns(node);
        try
        {
            return rule(new ShapeCase(node, inputs));
        }
        catch (Exception fault) when (fault is NotKnownException or NotSupportedException
            or InvalidOperationException or IndexOutOfRangeException or ArgumentException or KeyNotFoundException
            or ArithmeticException)
        {
            // A shape that nobody knows, or attributes that contradict it: unknown is an answer, and who runs the
            // model tells what is wrong with it.
            return Unknowns(node);
        }
    }

    static ValueFacts[] Unknowns(OnnxNode node) => [.. node.Outputs.Select(_ => ValueFacts.Unknown)];

    /// <summary>What was worked out, and what the file states where that gave nothing.</summary>
    static ValueFacts Known(ValueFacts found, ValueFacts? stated) => stated is null ? found : found with
    {
        Type = found.Type == ElementType.None ? stated.Type : found.Type,
        Shape = found.Shape ?? stated.Shape,
    };
}
