using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>Who uses which value.</summary>
static class Uses
{
    /// <summary>Every node, those of graphs inside this one included.</summary>
    public static IEnumerable<OnnxNode> Nodes(OnnxGraph graph) =>
        graph.Nodes.SelectMany(n => Graphs(n).SelectMany(Nodes).Prepend(n));

    /// <summary>The graphs that a node carries, as If and Loop do.</summary>
    public static IEnumerable<OnnxGraph> Graphs(OnnxNode node) =>
        node.Attributes.Where(a => a.Graph is not null).Select(a => a.Graph!);

    /// <summary>How often each value is used: by nodes, by graphs inside them, and as an output.</summary>
    public static Dictionary<string, int> Of(OnnxGraph graph)
    {
        var uses = new Dictionary<string, int>(StringComparer.Ordinal);
        Count(graph);
        return uses;

        void Count(OnnxGraph at)
        {
            foreach (string name in at.Outputs.Select(o => o.Name).Concat(at.Nodes.SelectMany(n => n.Inputs)))
                uses[name] = uses.GetValueOrDefault(name) + 1;
            foreach (var inner in at.Nodes.SelectMany(Graphs)) Count(inner);
        }
    }

    /// <summary>Which node computes each value.</summary>
    public static Dictionary<string, OnnxNode> Makers(OnnxGraph graph)
    {
        var makers = new Dictionary<string, OnnxNode>(StringComparer.Ordinal);
        foreach (var node in graph.Nodes)
        {
            foreach (string output in node.Outputs.Where(o => o.Length > 0)) makers[output] = node;
        }

        return makers;
    }

    /// <summary>Values that a node takes, those that graphs inside it take from outside included.</summary>
    public static IEnumerable<string> Needs(OnnxNode node) =>
        node.Inputs.Where(i => i.Length > 0).Concat(Graphs(node).SelectMany(Free)).Distinct();

    /// <summary>Values that a graph uses and has not.</summary>
    static IEnumerable<string> Free(OnnxGraph graph) => graph.Nodes.SelectMany(Needs)
        .Concat(graph.Outputs.Select(o => o.Name))
        .Except(graph.Initializers.Select(t => t.Name))
        .Except(graph.Inputs.Select(i => i.Name))
        .Except(graph.Nodes.SelectMany(n => n.Outputs));

    /// <summary>The name of every value, those of graphs inside nodes included; some more than once.</summary>
    public static IEnumerable<string> Values(OnnxGraph graph) => graph.Inputs.Concat(graph.Outputs).Concat(graph.Values)
        .Select(v => v.Name)
        .Concat(graph.Initializers.Select(t => t.Name))
        .Concat(graph.Nodes.SelectMany(n => n.Inputs.Concat(n.Outputs).Concat(Graphs(n).SelectMany(Values))));
}
