using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// Reverse-mode differentiation of a graph, written as more nodes of the same graph (Griewank and Walther 2008,
/// chapter 3).
/// Only nodes on a path from what is asked for to the target are visited; values of the forward graph are used again.
/// </summary>
public static class Differentiation
{
    /// <summary>Adds the gradient of one number with respect to values of the graph.</summary>
    /// <param name="graph">holds the forward graph and the target; gets the gradient's nodes</param>
    /// <param name="target">a scalar, or any value whose elements' sum is meant</param>
    /// <param name="respectTo">names of inputs, initialisers or values in between, of a float type</param>
    /// <returns>for each name the gradient, in that value's shape; zeros where the target does not depend on
    /// it</returns>
    /// <exception cref="NotSupportedException">an operator on the way has no rule, or one it cannot apply: the message
    /// names operator and node</exception>
    /// <exception cref="ArgumentException">a name the graph does not have</exception>
    public static IReadOnlyDictionary<string, Value> Gradients(
        this GraphBuilder graph, Value target, IReadOnlyCollection<string> respectTo)
    {
        foreach (string name in respectTo)
        {
            if (!graph[name].Type.IsReal())
                throw new ArgumentException($"'{name}' is of {graph[name].Type}: only floats have a gradient");
        }

        var nodes = graph.Model.Graph.Nodes.ToArray();
        var producers = nodes.SelectMany(n => n.Outputs.Where(o => o.Length > 0).Select(o => (Output: o, Node: n)))
            .ToDictionary(p => p.Output, p => p.Node, StringComparer.Ordinal);
        var moving = Moving(nodes, respectTo);
        var sums = new GradientSums();
        sums.Add(target.Name, target.Graph.Op("Expand", target.Alike(1), target.ShapeOf()));
        foreach (var node in nodes.Reverse())
        {
            if (!node.Inputs.Any(moving.Contains)) continue;
            Value?[] arriving = [.. node.Outputs.Select(output => sums.Take(output, keep: respectTo))];
            if (arriving.All(g => g is null)) continue;
            bool[] needed = [.. node.Inputs.Select(moving.Contains)];
            Visit(new GradientCase(graph, node, arriving, needed, producers), needed, sums);
        }

        return respectTo.ToDictionary(name => name,
            name => sums.Take(name, keep: []) ?? graph[name].ZerosLike());
    }

    /// <summary>Values that move when one of those asked for does.</summary>
    static HashSet<string> Moving(OnnxNode[] nodes, IEnumerable<string> respectTo)
    {
        var moving = respectTo.ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (node.Op == "Identity" && node.Name.StartsWith(GraphBuilder.StopPrefix,
                StringComparison.Ordinal)) continue;
            if (node.Inputs.Any(moving.Contains)) moving.UnionWith(node.Outputs.Where(o => o.Length > 0));
        }

        return moving;
    }

    static void Visit(GradientCase c, bool[] needed, GradientSums sums)
    {
        var node = c.Node;
        var rule = (node.Domain.Length == 0 ? GradientRules.Find(node.Op) : null)
            ?? throw new NotSupportedException($"no gradient rule for {node.Label}"
                + $"{(node.Domain.Length > 0 ? $" of domain {node.Domain}" : "")}"
                    + $": add a row to {nameof(GradientRules)}");
        var gradients = rule(c);
        for (int i = 0; i < needed.Length && i < gradients.Length; i++)
        {
            if (needed[i] && gradients[i] is { } g) sums.Add(node.Inputs[i], g.SumLike(c.Graph[node.Inputs[i]]));
        }
    }
}

/// <summary>Gradients on their way: a value used in several places gets their sum.</summary>
sealed class GradientSums
{
    readonly Dictionary<string, List<Value>> _parts = new(StringComparer.Ordinal);

    public void Add(string name, Value gradient)
    {
        if (!_parts.TryGetValue(name, out var parts)) _parts[name] = parts = [];
        parts.Add(gradient);
    }

    /// <summary>The sum; null when nothing arrived.</summary>
    /// <param name="keep">names that are asked for again at the end</param>
    public Value? Take(string name, IReadOnlyCollection<string> keep)
    {
        if (!_parts.TryGetValue(name, out var parts)) return null;
        var sum = parts.Count == 1 ? parts[0] : parts.Aggregate((a, b) => a + b);
        if (keep.Contains(name)) _parts[name] = [sum];
        else _parts.Remove(name);
        return sum;
    }
}
