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
}
