using System.Runtime.InteropServices;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>How many bits a model's numbers have.</summary>
public static class Precision
{
    /// <summary>
    /// A model of 16-bit floats as one of 32-bit floats: constants, casts and all that is stated of values, inputs and
    /// outputs too. Small differences, as gradients are looked for, are lost in 16 bits.
    /// </summary>
    public static OnnxModel Widen(OnnxModel model)
    {
        var wide = model.Copy();
        Widen(wide.Graph);
        return wide;
    }

    static void Widen(OnnxGraph graph)
    {
        for (int i = 0; i < graph.Initializers.Count; i++) graph.Initializers[i] = Wide(graph.Initializers[i]);
        foreach (var values in new[] { graph.Inputs, graph.Outputs, graph.Values })
        {
            for (int i = 0; i < values.Count; i++)
            {
                if (IsNarrow(values[i].Type))
                    values[i] = new TypedValue(values[i].Name, ElementType.Float, values[i].Shape);
            }
        }

        foreach (var node in graph.Nodes)
        {
            for (int i = 0; i < node.Attributes.Count; i++) node.Attributes[i] = Wide(node, node.Attributes[i]);
            foreach (var inner in Uses.Graphs(node)) Widen(inner);
        }
    }

    static OnnxAttribute Wide(OnnxNode node, OnnxAttribute attribute)
    {
        if (attribute.Tensor is { } tensor) return attribute.With(Wide(tensor));
        // Cast says the type it makes as "to"; EyeLike and the random operators as "dtype".
        bool isType = attribute.Name == (node.Op == "Cast" ? "to" : "dtype") && node.Domain.Length == 0;
        return isType && IsNarrow((ElementType)attribute.Int)
            ? OnnxAttribute.Of(attribute.Name, (long)ElementType.Float) : attribute;
    }

    static OnnxTensor Wide(OnnxTensor tensor) => !IsNarrow(tensor.Type) ? tensor : OnnxTensor.Raw(
        tensor.Name, ElementType.Float, [.. tensor.Dims], MemoryMarshal.AsBytes<float>(tensor.Floats()).ToArray());

    static bool IsNarrow(ElementType type) => type is ElementType.Float16 or ElementType.BFloat16;
}
