using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>
/// Brings older models to one form, so that everything else knows each operator in one way only: operator set 17, where
/// axes, splits, pads and limits are inputs and a Softmax looks at one axis.
/// </summary>
public static class Upgrade
{
    const long Target = 17, OpsetMin = 7, OpsetMax = 22, IrVersion = 8;

    /// <summary>
    /// A model of operator set 17, or of its own where that is newer, that computes the same. Initializers are no
    /// longer inputs too, and operator sets of other domains that no node uses are gone.
    /// </summary>
    /// <exception cref="NotSupportedException">
    /// an operator set before 7 or after 22, or an operator that later sets have nothing like: the message names it
    /// </exception>
    public static OnnxModel To17(OnnxModel model)
    {
        long from = model.Opset;
        if (from is < OpsetMin or > OpsetMax)
        {
            throw new NotSupportedException(
                $"the model '{model.Graph.Name}' is of operator set {from}: {OpsetMin} to {OpsetMax} can be read");
        }

        var upgraded = model.Copy();
        upgraded.IrVersion = Math.Max(IrVersion, model.IrVersion);
        upgraded.Opsets[""] = Math.Max(Target, from);
        TakeInitializersOffInputs(upgraded.Graph);
        DropUnusedDomains(upgraded);
        if (from < Target)
        {
            var steps = UpgradeRules.All.Where(s => s.Version > from).ToLookup(s => s.Op, StringComparer.Ordinal);
            Rewrite(upgraded.Graph, new Passage(steps, new NewNames(model.Graph), ShapeInference.Infer(model)));
        }

        return upgraded;
    }

    /// <summary>What one upgrade carries through the graphs.</summary>
    sealed record Passage(
        ILookup<string, UpgradeStep> Steps, NewNames Names, IReadOnlyDictionary<string, ValueFacts> Facts);

    static void Rewrite(OnnxGraph graph, Passage passage)
    {
        var used = Uses.Of(graph);
        OnnxNode[] old = [.. graph.Nodes];
        graph.Nodes.Clear();
        foreach (var node in old)
        {
            foreach (var inner in Uses.Graphs(node)) Rewrite(inner, passage);
            IEnumerable<OnnxNode> nodes = [node];
            // A rule may write an operator that a later set changes again, as Upsample becomes Resize.
            for (long version = OpsetMin + 1; version <= Target; version++)
                nodes = [.. nodes.SelectMany(n => Stepped(n, version))];
            foreach (var made in nodes) graph.Nodes.Add(made);
        }

        IEnumerable<OnnxNode> Stepped(OnnxNode node, long version)
        {
            var step = node.Domain.Length > 0 ? null : passage.Steps[node.Op].FirstOrDefault(s => s.Version == version);
            return step is null ? [node]
                : step.Rewrite(new UpgradeCase(node, graph, passage.Names, passage.Facts, used));
        }
    }

    static void TakeInitializersOffInputs(OnnxGraph graph)
    {
        var constants = graph.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        for (int i = graph.Inputs.Count - 1; i >= 0; i--)
        {
            if (constants.Contains(graph.Inputs[i].Name)) graph.Inputs.RemoveAt(i);
        }
    }

    static void DropUnusedDomains(OnnxModel model)
    {
        var used = Uses.Nodes(model.Graph).Select(n => n.Domain).ToHashSet(StringComparer.Ordinal);
        foreach (string domain in model.Opsets.Keys.Where(d => d.Length > 0 && !used.Contains(d)).ToList())
            model.Opsets.Remove(domain);
    }
}
