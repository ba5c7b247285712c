using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>Values in the middle of a graph, handed out: layers made visible.</summary>
public static class Taps
{
    /// <summary>The model with some computed values as outputs too, after those it has.</summary>
    /// <param name="names">null: every value that is known to be of a float type</param>
    /// <exception cref="ArgumentException">no node computes such a value: the message names it</exception>
    public static OnnxModel Add(OnnxModel model, IEnumerable<string>? names = null)
    {
        var tapped = model.Copy();
        var graph = tapped.Graph;
        var facts = ShapeInference.Infer(model);
        string[] computed = [.. graph.Nodes.SelectMany(n => n.Outputs).Where(o => o.Length > 0)];
        var known = computed.ToHashSet(StringComparer.Ordinal);
        var there = graph.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        foreach (string name in names ?? computed.Where(n => TypeOf(n).IsReal()))
        {
            if (!known.Contains(name)) throw new ArgumentException($"no node of the model computes a value '{name}'");
            if (there.Add(name)) graph.Outputs.Add(new TypedValue(name, TypeOf(name), facts[name].Shape));
        }

        return tapped;

        ElementType TypeOf(string name) => facts.TryGetValue(name, out var of) ? of.Type : ElementType.None;
    }
}
