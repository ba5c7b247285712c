using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>What leads to no output.</summary>
public static class Unused
{
    /// <summary>
    /// The model without nodes, constants and stated values that none of its outputs needs; inputs stay.
    /// </summary>
    public static OnnxModel Remove(OnnxModel model)
    {
        var lean = model.Copy();
        Drop(lean.Graph);
        return lean;
    }

    internal static void Drop(OnnxGraph graph)
    {
        var needed = graph.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        for (int i = graph.Nodes.Count - 1; i >= 0; i--)
        {
            var node = graph.Nodes[i];
            if (node.Outputs.Any(needed.Contains)) needed.UnionWith(Uses.Needs(node));
            else graph.Nodes.RemoveAt(i);
        }

        DropConstants(graph);
    }

    /// <summary>Takes away constants and stated values that no node and no output uses.</summary>
    internal static void DropConstants(OnnxGraph graph)
    {
        var used = graph.Nodes.SelectMany(Uses.Needs).ToHashSet(StringComparer.Ordinal);
        used.UnionWith(graph.Outputs.Select(o => o.Name));
        for (int i = graph.Initializers.Count - 1; i >= 0; i--)
        {
            if (!used.Contains(graph.Initializers[i].Name)) graph.Initializers.RemoveAt(i);
        }

        used.UnionWith(graph.Nodes.SelectMany(n => n.Outputs));
        for (int i = graph.Values.Count - 1; i >= 0; i--)
        {
            if (!used.Contains(graph.Values[i].Name)) graph.Values.RemoveAt(i);
        }
    }
}
