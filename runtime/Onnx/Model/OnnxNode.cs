namespace EdgeAppliance.Onnx.Model;

/// <summary>One operation: named values in, named values out. An empty name stands for a value left out.</summary>
public sealed class OnnxNode
{
    public required string Op { get; init; }

    /// <summary>Who defines the operator; empty for ONNX itself.</summary>
    public string Domain { get; init; } = "";

    public string Name { get; set; } = "";

    public IList<string> Inputs { get; init; } = [];

    public IList<string> Outputs { get; init; } = [];

    public IList<OnnxAttribute> Attributes { get; init; } = [];

    internal Unread Unread { get; private init; } = new();

    /// <summary>As people find it: the operator and the node's name, or its first output where it has none.</summary>
    public string Label => $"{Op} '{(Name.Length > 0 ? Name : Outputs.FirstOrDefault() ?? "")}'";

    public OnnxAttribute? Find(string attribute) => Attributes.FirstOrDefault(a => a.Name == attribute);

    public long Int(string attribute, long otherwise) => Find(attribute)?.Int ?? otherwise;

    public float Float(string attribute, float otherwise) => Find(attribute)?.Float ?? otherwise;

    public string Text(string attribute, string otherwise) => Find(attribute)?.Text ?? otherwise;

    /// <summary>Null when the attribute is not there.</summary>
    public IReadOnlyList<long>? Ints(string attribute) => Find(attribute)?.Ints;

    /// <summary>The input's name; null when it was left out.</summary>
    public string? Input(int index) => index < Inputs.Count && Inputs[index].Length > 0 ? Inputs[index] : null;

    /// <summary>A node that can be changed without changing this one.</summary>
    /// <param name="op">another operator for it; null: the same</param>
    public OnnxNode Copy(string? op = null) => new()
    {
        Op = op ?? Op,
        Domain = Domain,
        Name = Name,
        Inputs = [.. Inputs],
        Outputs = [.. Outputs],
        Attributes = [.. Attributes.Select(a => a.Copy())],
        Unread = Unread.Copy(),
    };

    internal static OnnxNode Read(ReadOnlyMemory<byte> message, string what, int depth)
    {
        var reader = new WireReader(message, what);
        List<string> inputs = [], outputs = [];
        List<OnnxAttribute> attributes = [];
        string name = "", op = "", domain = "";
        var unread = new Unread();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: inputs.Add(reader.String()); break;
                case 2: outputs.Add(reader.String()); break;
                case 3: name = reader.String(); break;
                case 4: op = reader.String(); break;
                case 5: attributes.Add(OnnxAttribute.Read(reader.Bytes(), $"{what} attribute", depth)); break;
                case 7: domain = reader.String(); break;
                default: reader.Keep(unread); break;
            }
        }

        if (op.Length == 0) throw reader.Fault("a node without an operator");
        return new OnnxNode
        {
            Op = op,
            Domain = domain == "ai.onnx" ? "" : domain,
            Name = name,
            Inputs = inputs,
            Outputs = outputs,
            Attributes = attributes,
            Unread = unread,
        };
    }

    internal void WriteTo(WireWriter to)
    {
        foreach (string input in Inputs) to.Text(1, input);
        foreach (string output in Outputs) to.Text(2, output);
        if (Name.Length > 0) to.Text(3, Name);
        to.Text(4, Op);
        foreach (var attribute in Attributes) to.Message(5, attribute.WriteTo);
        if (Domain.Length > 0) to.Text(7, Domain);
        Unread.WriteTo(to);
    }
}
