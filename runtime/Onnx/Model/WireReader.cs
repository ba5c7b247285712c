using System.Buffers.Binary;
using System.Text;

namespace EdgeAppliance.Onnx.Model;

/// <summary>How a field of the wire format is written.</summary>
enum WireType { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 }

/// <summary>
/// Reads the protocol buffer wire format in place. Whatever cannot be right ends in
/// <see cref="OnnxFormatException"/>; nothing is allocated on a length's word alone.
/// </summary>
ref struct WireReader(ReadOnlyMemory<byte> message, string what)
{
    readonly ReadOnlySpan<byte> _span = message.Span;
    int _at;

    public readonly string What => what;

    /// <summary>Number of the field just begun.</summary>
    public int Field { get; private set; }

    public WireType Type { get; private set; }

    /// <summary>Where the field just begun starts, tag included.</summary>
    int _fieldFrom;

    /// <summary>Goes on to the next field; false at the end.</summary>
    public bool Next()
    {
        if (_at == _span.Length) return false;
        _fieldFrom = _at;
        ulong tag = Varint();
        Type = (WireType)(tag & 7);
        if (tag >> 3 is 0 or > 536870911) throw Fault($"field number {tag >> 3}");
        Field = (int)(tag >> 3);
        if (Type is not (WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32))
            throw Fault($"field {Field} has wire type {(int)Type}");
        return true;
    }

    public long Int64()
    {
        Want(WireType.Varint);
        return unchecked((long)Varint());
    }

    public int Int32() => unchecked((int)Int64());

    public float Float()
    {
        Want(WireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public string String()
    {
        try { return Strict.GetString(Bytes().Span); }
        catch (DecoderFallbackException) { throw Fault($"field {Field} is no UTF-8 text"); }
    }

    /// <summary>A nested message or raw bytes: a view of the file, not a copy.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        Want(WireType.Bytes);
        ulong length = Varint();
        if (length > (ulong)(_span.Length - _at))
            throw Fault($"field {Field} says it has {length} bytes, {_span.Length - _at} are left");
        var taken = message.Slice(_at, (int)length);
        _at += (int)length;
        return taken;
    }

    /// <summary>Repeated integers, packed or one by one.</summary>
    public void Int64s(List<long> into)
    {
        if (Type == WireType.Varint)
        {
            into.Add(Int64());
            return;
        }

        var packed = new WireReader(Bytes(), what);
        while (packed._at < packed._span.Length) into.Add(unchecked((long)packed.Varint()));
    }

    /// <summary>Repeated 32-bit floats, packed or one by one.</summary>
    public void Floats(List<float> into)
    {
        if (Type == WireType.Fixed32)
        {
            into.Add(Float());
            return;
        }

        var packed = Bytes().Span;
        if (packed.Length % 4 != 0) throw Fault($"field {Field}: {packed.Length} bytes are no whole floats");
        for (int i = 0; i < packed.Length; i += 4) into.Add(BinaryPrimitives.ReadSingleLittleEndian(packed[i..]));
    }

    /// <summary>Repeated 64-bit floats, packed or one by one.</summary>
    public void Doubles(List<double> into)
    {
        if (Type == WireType.Fixed64)
        {
            into.Add(BinaryPrimitives.ReadDoubleLittleEndian(Take(8)));
            return;
        }

        var packed = Bytes().Span;
        if (packed.Length % 8 != 0) throw Fault($"field {Field}: {packed.Length} bytes are no whole doubles");
        for (int i = 0; i < packed.Length; i += 8) into.Add(BinaryPrimitives.ReadDoubleLittleEndian(packed[i..]));
    }

    /// <summary>Steps over a field that has no meaning here and keeps it as it is, tag included.</summary>
    public void Keep(Unread into)
    {
        switch (Type)
        {
            case WireType.Varint: Varint(); break;
            case WireType.Fixed64: Take(8); break;
            case WireType.Fixed32: Take(4); break;
            default: Bytes(); break;
        }

        into.Add(message[_fieldFrom.._at]);
    }

    public readonly OnnxFormatException Fault(string why) => new($"{what}: {why}: not an ONNX model, or a damaged one");

    ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (_at == _span.Length) throw Fault("it ends in the middle of a number");
            byte b = _span[_at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }

        throw Fault("a number has more than ten bytes");
    }

    ReadOnlySpan<byte> Take(int count)
    {
        if (_span.Length - _at < count) throw Fault("it ends in the middle of a number");
        var taken = _span.Slice(_at, count);
        _at += count;
        return taken;
    }

    readonly void Want(WireType type)
    {
        if (Type != type) throw Fault($"field {Field} is written as {Type}, not {type}");
    }

    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
}

/// <summary>Fields this library does not interpret, kept byte for byte so that saving loses nothing.</summary>
public sealed class Unread
{
    readonly List<ReadOnlyMemory<byte>> _fields = [];

    public bool IsEmpty => _fields.Count == 0;

    internal void Add(ReadOnlyMemory<byte> field) => _fields.Add(field);

    internal void WriteTo(WireWriter to)
    {
        foreach (var field in _fields) to.Raw(field.Span);
    }

    internal Unread Copy()
    {
        var copy = new Unread();
        copy._fields.AddRange(_fields);
        return copy;
    }
}
