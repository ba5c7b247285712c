using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>Names that no value and no node of a model has yet, graphs inside graphs included.</summary>
sealed class NewNames
{
    readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public NewNames(OnnxGraph graph) => Add(graph);

    /// <summary>The name wished for, or that with a number after it.</summary>
    public string Take(string wished)
    {
        string name = wished;
        for (int i = 1; !_taken.Add(name); i++) name = $"{wished}_{i}";
        return name;
    }

    void Add(OnnxGraph graph)
    {
        _taken.UnionWith(graph.Inputs.Concat(graph.Outputs).Concat(graph.Values).Select(v => v.Name));
        _taken.UnionWith(graph.Initializers.Select(t => t.Name));
        foreach (var node in graph.Nodes)
        {
            _taken.Add(node.Name);
            _taken.UnionWith(node.Inputs);
            _taken.UnionWith(node.Outputs);
            foreach (var attribute in node.Attributes)
            {
                if (attribute.Graph is { } inner) Add(inner);
            }
        }
    }
}
