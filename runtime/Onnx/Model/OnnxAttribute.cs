using System.Text;

namespace EdgeAppliance.Onnx.Model;

/// <summary>What kind of value an attribute has; the numbers are the format's own.</summary>
public enum AttributeKind
{
    None = 0, Float = 1, Int = 2, String = 3, Tensor = 4, Graph = 5, Floats = 6, Ints = 7, Strings = 8,
}

/// <summary>A named setting of a node.</summary>
public sealed class OnnxAttribute
{
    public required string Name { get; init; }

    public required AttributeKind Kind { get; init; }

    public float Float { get; private init; }

    public long Int { get; private init; }

    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public ReadOnlyMemory<byte> Bytes { get; private init; }

    public OnnxTensor? Tensor { get; private init; }

    public OnnxGraph? Graph { get; private init; }

    public IReadOnlyList<float> Floats { get; private init; } = [];

    public IReadOnlyList<long> Ints { get; private init; } = [];

    public IReadOnlyList<ReadOnlyMemory<byte>> Strings { get; private init; } = [];

    internal Unread Unread { get; private init; } = new();

    public static OnnxAttribute Of(string name, long value) =>
        new() { Name = name, Kind = AttributeKind.Int, Int = value };

    public static OnnxAttribute Of(string name, float value) =>
        new() { Name = name, Kind = AttributeKind.Float, Float = value };

    public static OnnxAttribute Of(string name, string value) =>
        new() { Name = name, Kind = AttributeKind.String, Bytes = Encoding.UTF8.GetBytes(value) };

    public static OnnxAttribute Of(string name, IReadOnlyList<long> values) =>
        new() { Name = name, Kind = AttributeKind.Ints, Ints = values };

    public static OnnxAttribute Of(string name, OnnxTensor value) =>
        new() { Name = name, Kind = AttributeKind.Tensor, Tensor = value };

    public static OnnxAttribute Of(string name, OnnxGraph value) =>
        new() { Name = name, Kind = AttributeKind.Graph, Graph = value };

    public static OnnxAttribute Of(string name, IReadOnlyList<float> values) =>
        new() { Name = name, Kind = AttributeKind.Floats, Floats = values };

    /// <summary>The same setting; a graph in it is one that can be changed without changing this one's.</summary>
    public OnnxAttribute Copy() => Graph is null ? this
        : new() { Name = Name, Kind = Kind, Graph = Graph.Copy(), Unread = Unread.Copy() };

    /// <summary>The same setting with another tensor.</summary>
    public OnnxAttribute With(OnnxTensor tensor) =>
        new() { Name = Name, Kind = AttributeKind.Tensor, Tensor = tensor, Unread = Unread.Copy() };

    internal static OnnxAttribute Read(ReadOnlyMemory<byte> message, string what, int depth)
    {
        var reader = new WireReader(message, what);
        string name = "";
        int kind = 0;
        float f = 0;
        long i = 0;
        ReadOnlyMemory<byte> s = default;
        OnnxTensor? tensor = null;
        OnnxGraph? graph = null;
        List<float> floats = [];
        List<long> ints = [];
        List<ReadOnlyMemory<byte>> strings = [];
        var unread = new Unread();
        int seen = 0;
        while (reader.Next())
        {
            seen = ValueField(reader.Field, seen);
            switch (reader.Field)
            {
                case 1: name = reader.String(); break;
                case 2: f = reader.Float(); break;
                case 3: i = reader.Int64(); break;
                case 4: s = reader.Bytes(); break;
                case 5: tensor = OnnxTensor.Read(reader.Bytes(), $"{what}.{name}"); break;
                case 6: graph = OnnxGraph.Read(reader.Bytes(), $"{what}.{name}", depth + 1); break;
                case 7: reader.Floats(floats); break;
                case 8: reader.Int64s(ints); break;
                case 9: strings.Add(reader.Bytes()); break;
                case 20: kind = reader.Int32(); break;
                default: reader.Keep(unread); break;
            }
        }

        // Before format version 3 nothing said which kind it is.
        kind = (int)Stated(kind, seen);
        bool isWhole = (AttributeKind)kind switch
        {
            AttributeKind.Tensor => tensor is not null,
            AttributeKind.Graph => graph is not null,
            _ => true,
        };
        if (!isWhole) throw reader.Fault($"attribute '{name}' has no {(AttributeKind)kind}");
        return new OnnxAttribute
        {
            Name = name,
            Kind = (AttributeKind)kind,
            Float = f,
            Int = i,
            Bytes = s,
            Tensor = tensor,
            Graph = graph,
            Floats = floats,
            Ints = ints,
            Strings = strings,
            Unread = unread,
        };
    }

    static int ValueField(int field, int before) => field is >= 2 and <= 9 ? field : before;

    static AttributeKind Stated(int kind, int seen) => kind == 0 ? KindOf(seen) : (AttributeKind)kind;

    static AttributeKind KindOf(int field) => field switch
    {
        2 => AttributeKind.Float,
        3 => AttributeKind.Int,
        4 => AttributeKind.String,
        5 => AttributeKind.Tensor,
        6 => AttributeKind.Graph,
        7 => AttributeKind.Floats,
        8 => AttributeKind.Ints,
        9 => AttributeKind.Strings,
        _ => AttributeKind.None,
    };

    internal void WriteTo(WireWriter to)
    {
        to.Text(1, Name);
        // Only what the kind names: the other fields are defaults then.
        switch (Kind)
        {
            case AttributeKind.Float: to.Float(2, Float); break;
            case AttributeKind.Int: to.Int(3, Int); break;
            case AttributeKind.String: to.Bytes(4, Bytes.Span); break;
            case AttributeKind.Tensor: to.Message(5, Tensor!.WriteTo); break;
            case AttributeKind.Graph: to.Message(6, Graph!.WriteTo); break;
            case AttributeKind.Floats: to.Floats(7, Floats); break;
            case AttributeKind.Ints: to.Ints(8, Ints); break;
            case AttributeKind.Strings:
                foreach (var text in Strings) to.Bytes(9, text.Span);
                break;
        }

        to.Int(20, (int)Kind);
        Unread.WriteTo(to);
    }
}
