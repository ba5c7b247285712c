using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>A part of a model as a model of its own.</summary>
public static class Subgraph
{
    /// <summary>The nodes that lead from some values to others, with the constants they use.</summary>
    /// <param name="inputs">values that will be given; also constants, which then are none any more</param>
    /// <param name="outputs">values wanted</param>
    /// <exception cref="ArgumentException">
    /// a value that does not exist, or one that those inputs are not enough for: the message names it
    /// </exception>
    public static OnnxModel Extract(OnnxModel model, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        var part = model.Copy();
        var graph = part.Graph;
        var constants = graph.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        Check(graph, constants, inputs.Concat(outputs));
        var kept = Between(graph, constants, inputs, outputs);
        Keep(graph.Nodes, kept.Contains);
        Keep(graph.Initializers, t => !inputs.Contains(t.Name));
        var facts = ShapeInference.Infer(model);
        Replace(graph.Inputs, inputs, facts);
        Replace(graph.Outputs, outputs, facts);
        Unused.DropConstants(graph);
        return part;
    }

    static void Check(OnnxGraph graph, HashSet<string> constants, IEnumerable<string> names)
    {
        var there = graph.Nodes.SelectMany(n => n.Outputs).Concat(graph.Inputs.Select(i => i.Name)).Concat(constants)
            .ToHashSet(StringComparer.Ordinal);
        foreach (string name in names.Where(n => n.Length == 0 || !there.Contains(n)))
            throw new ArgumentException($"the model has no value '{name}'");
    }

    static HashSet<OnnxNode> Between(
        OnnxGraph graph, HashSet<string> constants, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        var makers = Uses.Makers(graph);
        var kept = new HashSet<OnnxNode>();
        var waiting = new Stack<(string Value, string For)>(outputs.Select(o => (o, o)));
        while (waiting.TryPop(out var at))
        {
            if (inputs.Contains(at.Value) || constants.Contains(at.Value)) continue;
            if (!makers.TryGetValue(at.Value, out var node))
            {
                throw new ArgumentException($"'{at.For}' cannot be computed from {string.Join(", ", inputs)}: "
                    + $"'{at.Value}' is missing");
            }

            if (!kept.Add(node)) continue;
            foreach (string need in Uses.Needs(node)) waiting.Push((need, at.For));
        }

        return kept;
    }

    static void Replace(IList<TypedValue> values, IReadOnlyList<string> names, Dictionary<string, ValueFacts> facts)
    {
        var stated = values.ToDictionary(v => v.Name, StringComparer.Ordinal);
        values.Clear();
        foreach (string name in names)
        {
            var of = facts.GetValueOrDefault(name, ValueFacts.Unknown);
            values.Add(stated.GetValueOrDefault(name) ?? new TypedValue(name, of.Type, of.Shape));
        }
    }

    static void Keep<T>(IList<T> list, Func<T, bool> wanted)
    {
        for (int i = list.Count - 1; i >= 0; i--)
        {
            if (!wanted(list[i])) list.RemoveAt(i);
        }
    }
}
