using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>A model's constants: exchanged, or given from outside at every run.</summary>
public static class Initializers
{
    /// <summary>The model with other numbers in some constants.</summary>
    /// <exception cref="ArgumentException">no constant of that name, or one of another type or size</exception>
    public static OnnxModel Replace(OnnxModel model, IEnumerable<OnnxTensor> tensors)
    {
        var replaced = model.Copy();
        foreach (var tensor in tensors)
        {
            int at = IndexOf(replaced.Graph, tensor.Name);
            var old = replaced.Graph.Initializers[at];
            if (old.Type != tensor.Type || !old.Dims.SequenceEqual(tensor.Dims))
            {
                throw new ArgumentException($"constant '{tensor.Name}' is {old.Type} {string.Join('x', old.Dims)}, "
                    + $"not {tensor.Type} {string.Join('x', tensor.Dims)}");
            }

            replaced.Graph.Initializers[at] = tensor;
        }

        return replaced;
    }

    /// <summary>The model with some constants as inputs instead, in the order named, after the inputs it has.</summary>
    /// <exception cref="ArgumentException">no constant of that name</exception>
    public static OnnxModel ToInputs(OnnxModel model, IEnumerable<string> names)
    {
        var opened = model.Copy();
        foreach (string name in names)
        {
            int at = IndexOf(opened.Graph, name);
            var tensor = opened.Graph.Initializers[at];
            opened.Graph.Initializers.RemoveAt(at);
            // Before format version 4 every constant was listed as an input as well.
            if (opened.Graph.Inputs.All(i => i.Name != name))
                opened.Graph.Inputs.Add(new TypedValue(name, tensor.Type, [.. tensor.Dims.Select(Dim.Of)]));
        }

        return opened;
    }

    static int IndexOf(OnnxGraph graph, string name)
    {
        for (int i = 0; i < graph.Initializers.Count; i++)
        {
            if (graph.Initializers[i].Name == name) return i;
        }

        throw new ArgumentException($"the model has no constant '{name}'");
    }
}
