using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>Names that no value and no node of a model has yet, graphs inside graphs included.</summary>
sealed class NewNames
{
    readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public NewNames(OnnxGraph graph)
    {
        _taken.UnionWith(Uses.Values(graph));
        _taken.UnionWith(Uses.Nodes(graph).Select(n => n.Name));
    }

    /// <summary>The name wished for, or that with a number after it.</summary>
    public string Take(string wished)
    {
        string name = wished;
        for (int i = 1; !_taken.Add(name); i++) name = $"{wished}_{i}";
        return name;
    }
}
