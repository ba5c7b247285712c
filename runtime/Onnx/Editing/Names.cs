using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>Names of values.</summary>
public static class Names
{
    /// <summary>The model with other names for some values, in graphs inside its nodes too.</summary>
    /// <exception cref="ArgumentException">no such value, or a new name that another value has</exception>
    public static OnnxModel Rename(OnnxModel model, IReadOnlyDictionary<string, string> newByOld)
    {
        var there = Uses.Values(model.Graph).ToHashSet(StringComparer.Ordinal);
        foreach (string old in newByOld.Keys.Where(k => k.Length == 0 || !there.Contains(k)))
            throw new ArgumentException($"the model has no value '{old}'");
        there.ExceptWith(newByOld.Keys);
        foreach (string name in newByOld.Values.Where(v => v.Length == 0 || !there.Add(v)))
            throw new ArgumentException($"'{name}' would be two values");
        var renamed = model.Copy();
        Apply(renamed.Graph, newByOld);
        return renamed;
    }

    static void Apply(OnnxGraph graph, IReadOnlyDictionary<string, string> newByOld)
    {
        Each(graph.Initializers, t => newByOld.ContainsKey(t.Name) ? t.Named(New(t.Name)) : t);
        foreach (var values in new[] { graph.Inputs, graph.Outputs, graph.Values })
            Each(values, v => newByOld.ContainsKey(v.Name) ? v.Named(New(v.Name)) : v);
        foreach (var node in graph.Nodes)
        {
            Each(node.Inputs, New);
            Each(node.Outputs, New);
            foreach (var inner in Uses.Graphs(node)) Apply(inner, newByOld);
        }

        string New(string old) => newByOld.GetValueOrDefault(old, old);
    }

    static void Each<T>(IList<T> list, Func<T, T> change)
    {
        for (int i = 0; i < list.Count; i++) list[i] = change(list[i]);
    }
}
