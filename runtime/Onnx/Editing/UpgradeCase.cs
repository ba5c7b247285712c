using System.Runtime.InteropServices;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>One change that an operator set made to an operator.</summary>
/// <param name="Version">the first set in which the new form holds</param>
/// <param name="Rewrite">the new form of a node of the old one</param>
sealed record UpgradeStep(string Op, long Version, Func<UpgradeCase, IEnumerable<OnnxNode>> Rewrite);

/// <summary>
/// One node to be rewritten, as a row of <see cref="UpgradeRules"/> sees it. The node is its own to change.
/// </summary>
sealed record UpgradeCase(
    OnnxNode Node, OnnxGraph Graph, NewNames Names, IReadOnlyDictionary<string, ValueFacts> Facts,
    IReadOnlyDictionary<string, int> Uses)
{
    public ValueFacts FactsOf(int input) =>
        Node.Input(input) is { } name && Facts.TryGetValue(name, out var facts) ? facts : ValueFacts.Unknown;

    public NotSupportedException Refusal(string why) => new($"{Node.Label}: {why}");

    /// <summary>Takes an attribute off the node; null when it is not there.</summary>
    public OnnxAttribute? Take(string attribute)
    {
        var found = Node.Find(attribute);
        if (found is not null) Node.Attributes.Remove(found);
        return found;
    }

    /// <summary>Gives the node an input; those before it that it lacks are left out.</summary>
    public void SetInput(int index, string value)
    {
        while (Node.Inputs.Count <= index) Node.Inputs.Add("");
        Node.Inputs[index] = value;
    }

    public void SetAttribute(OnnxAttribute attribute)
    {
        Take(attribute.Name);
        Node.Attributes.Add(attribute);
    }

    /// <summary>A list of integers that was an attribute becomes an input.</summary>
    public void LongsToInput(string attribute, int input)
    {
        if (Take(attribute) is { } found) SetInput(input, Constant(attribute, found.Ints));
    }

    /// <summary>A new constant of integers; its name.</summary>
    public string Constant(string what, IReadOnlyList<long> values) =>
        Add(OnnxTensor.Of(Named(what), [.. values], values.Count));

    /// <summary>A new constant of 32-bit floats; its name.</summary>
    public string Constant(string what, IReadOnlyList<float> values) =>
        Add(OnnxTensor.Of(Named(what), [.. values], values.Count));

    /// <summary>A new scalar of the type that the node's first input has; its name.</summary>
    public string ScalarLikeInput(string what, float value)
    {
        var type = FactsOf(0).Type;
        byte[] bytes = type switch
        {
            ElementType.Float16 => Bytes((Half)value),
            ElementType.Double => Bytes((double)value),
            // Before operator set 11 nothing else than floats came here.
            ElementType.Float or ElementType.None => Bytes(value),
            _ => throw Refusal($"a limit for {type}, which its operator set does not have"),
        };
        return Add(OnnxTensor.Raw(
            Named(what), type == ElementType.None ? ElementType.Float : type, [], bytes));
    }

    /// <summary>A new value's name.</summary>
    public string Named(string what) => Names.Take($"{Node.Outputs[0]}_{what}");

    /// <summary>Drops all outputs but the first ones.</summary>
    public void KeepOutputs(int count, string why)
    {
        while (Node.Outputs.Count > count)
        {
            if (Node.Outputs[^1].Length > 0 && Uses.ContainsKey(Node.Outputs[^1])) throw Refusal(why);
            Node.Outputs.RemoveAt(Node.Outputs.Count - 1);
        }
    }

    string Add(OnnxTensor tensor)
    {
        Graph.Initializers.Add(tensor);
        return tensor.Name;
    }

    static byte[] Bytes<T>(T value) where T : unmanaged => MemoryMarshal.AsBytes([value]).ToArray();
}
