namespace EdgeAppliance.Onnx.Model;

/// <summary>The name, type and sizes of a value of a graph.</summary>
public sealed class TypedValue
{
    ReadOnlyMemory<byte>? _otherType;

    public TypedValue(string name, ElementType type, IReadOnlyList<Dim>? shape)
    {
        Name = name;
        Type = type;
        Shape = shape;
    }

    public string Name { get; }

    /// <summary><see cref="ElementType.None"/> for what is no tensor, and where nothing is said.</summary>
    public ElementType Type { get; }

    /// <summary>Null when nothing is said of the sizes, not even how many there are.</summary>
    public IReadOnlyList<Dim>? Shape { get; }

    internal Unread Unread { get; private init; } = new();

    /// <summary>Sizes that the file leaves without a name get one that begins so, and lose it on saving.</summary>
    const string Nameless = "?(";

    /// <summary>The same type and sizes under another name.</summary>
    public TypedValue Named(string name) =>
        new(name, Type, Shape) { _otherType = _otherType, Unread = Unread.Copy() };

    internal static TypedValue Read(ReadOnlyMemory<byte> message, string what)
    {
        var reader = new WireReader(message, what);
        string name = "";
        ReadOnlyMemory<byte>? type = null;
        var unread = new Unread();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = reader.String(); break;
                case 2: type = reader.Bytes(); break;
                default: reader.Keep(unread); break;
            }
        }

        var (element, shape, isTensor) = type is { } said ? ReadType(said, what, name) : (ElementType.None, null, true);
        return new TypedValue(name, element, shape) { _otherType = isTensor ? null : type, Unread = unread };
    }

    static (ElementType, List<Dim>?, bool) ReadType(ReadOnlyMemory<byte> message, string what, string name)
    {
        var reader = new WireReader(message, what);
        var element = ElementType.None;
        List<Dim>? shape = null;
        bool isTensor = false;
        var unread = new Unread();
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Keep(unread);
                continue;
            }

            isTensor = true;
            var tensor = new WireReader(reader.Bytes(), what);
            while (tensor.Next())
            {
                if (tensor.Field == 1) element = (ElementType)tensor.Int32();
                else if (tensor.Field == 2) shape = ReadShape(tensor.Bytes(), what, name, unread);
                else tensor.Keep(unread);
            }
        }

        return (element, shape, isTensor && unread.IsEmpty);
    }

    static List<Dim> ReadShape(ReadOnlyMemory<byte> message, string what, string name, Unread unread)
    {
        var reader = new WireReader(message, what);
        List<Dim> shape = [];
        while (reader.Next())
        {
            if (reader.Field == 1) shape.Add(ReadDim(reader.Bytes(), what, $"{name}.{shape.Count}", unread));
            else reader.Keep(unread);
        }

        return shape;
    }

    static Dim ReadDim(ReadOnlyMemory<byte> message, string what, string place, Unread unread)
    {
        var reader = new WireReader(message, what);
        var dim = Dim.Named($"{Nameless}{place})");
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    long size = reader.Int64();
                    // -1 is how some exporters say "open".
                    if (size < -1) throw reader.Fault($"size {place} is {size}");
                    if (size >= 0) dim = size;
                    break;
                case 2:
                    if (reader.String() is { Length: > 0 } symbol) dim = Dim.Named(symbol);
                    break;
                default: reader.Keep(unread); break;
            }
        }

        return dim;
    }

    internal void WriteTo(WireWriter to)
    {
        to.Text(1, Name);
        if (_otherType is { } other) to.Bytes(2, other.Span);
        else if (Type != ElementType.None || Shape is not null) to.Message(2, type => type.Message(1, WriteTensorType));
        Unread.WriteTo(to);
    }

    void WriteTensorType(WireWriter to)
    {
        to.Int(1, (int)Type);
        if (Shape is null) return;
        to.Message(2, shape =>
        {
            foreach (var size in Shape) shape.Message(1, dim => WriteDim(dim, size));
        });
    }

    static void WriteDim(WireWriter to, Dim size)
    {
        if (size.Known is { } known) to.Int(1, known);
        else if (size.ToString() is var text && !text.Contains(Nameless, StringComparison.Ordinal)) to.Text(2, text);
    }
}
