namespace EdgeAppliance.Onnx.Model;

/// <summary>
/// Operations in an order in which they can be computed, with the constants they use and the values that go in and out.
/// </summary>
public sealed class OnnxGraph
{
    /// <summary>Graphs inside graphs deeper than this are refused; real models have two or three levels.</summary>
    const int DepthMax = 16;

    public string Name { get; set; } = "graph";

    public IList<OnnxNode> Nodes { get; init; } = [];

    /// <summary>Constants, by name, in the file's order.</summary>
    public IList<OnnxTensor> Initializers { get; init; } = [];

    public IList<TypedValue> Inputs { get; init; } = [];

    public IList<TypedValue> Outputs { get; init; } = [];

    /// <summary>What the file says of values in between.</summary>
    public IList<TypedValue> Values { get; init; } = [];

    internal Unread Unread { get; private init; } = new();

    public OnnxTensor? Initializer(string name) => Initializers.FirstOrDefault(t => t.Name == name);

    /// <summary>A graph that can be changed without changing this one; constants' numbers are shared.</summary>
    public OnnxGraph Copy() => new()
    {
        Name = Name,
        Nodes = [.. Nodes.Select(n => n.Copy())],
        Initializers = [.. Initializers],
        Inputs = [.. Inputs],
        Outputs = [.. Outputs],
        Values = [.. Values],
        Unread = Unread.Copy(),
    };

    internal static OnnxGraph Read(ReadOnlyMemory<byte> message, string what, int depth)
    {
        var reader = new WireReader(message, what);
        if (depth > DepthMax) throw reader.Fault($"graphs inside graphs more than {DepthMax} deep");
        List<OnnxNode> nodes = [];
        List<OnnxTensor> initializers = [];
        List<TypedValue> inputs = [], outputs = [], values = [];
        var unread = new Unread();
        string name = "";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: nodes.Add(OnnxNode.Read(reader.Bytes(), $"{what} node {nodes.Count}", depth)); break;
                case 2: name = reader.String(); break;
                case 5:
                    initializers.Add(OnnxTensor.Read(reader.Bytes(), $"{what} constant {initializers.Count}"));
                    break;
                case 11: inputs.Add(TypedValue.Read(reader.Bytes(), $"{what} input {inputs.Count}")); break;
                case 12: outputs.Add(TypedValue.Read(reader.Bytes(), $"{what} output {outputs.Count}")); break;
                case 13: values.Add(TypedValue.Read(reader.Bytes(), $"{what} value {values.Count}")); break;
                default: reader.Keep(unread); break;
            }
        }

        return new OnnxGraph
        {
            Name = name,
            Nodes = nodes,
            Initializers = initializers,
            Inputs = inputs,
            Outputs = outputs,
            Values = values,
            Unread = unread,
        };
    }

    /// <summary>Brings in numbers that lie in files beside the model, in graphs inside this one too.</summary>
    internal void LoadExternal(string? folder)
    {
        foreach (var tensor in Initializers) tensor.LoadExternal(folder);
        foreach (var attribute in Nodes.SelectMany(n => n.Attributes))
        {
            attribute.Tensor?.LoadExternal(folder);
            attribute.Graph?.LoadExternal(folder);
        }
    }

    internal void WriteTo(WireWriter to)
    {
        foreach (var node in Nodes) to.Message(1, node.WriteTo);
        to.Text(2, Name);
        foreach (var tensor in Initializers) to.Message(5, tensor.WriteTo);
        foreach (var input in Inputs) to.Message(11, input.WriteTo);
        foreach (var output in Outputs) to.Message(12, output.WriteTo);
        foreach (var value in Values) to.Message(13, value.WriteTo);
        Unread.WriteTo(to);
    }
}
