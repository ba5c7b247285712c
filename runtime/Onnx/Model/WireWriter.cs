using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace EdgeAppliance.Onnx.Model;

/// <summary>
/// Writes the protocol buffer wire format. A message of 2 GiB or more is refused: the format ends there.
/// </summary>
sealed class WireWriter
{
    readonly ArrayBufferWriter<byte> _to = new();

    public ReadOnlyMemory<byte> Written => _to.WrittenMemory;

    /// <summary>Nothing is written for null.</summary>
    public void Int(int field, long? value)
    {
        if (value is not { } number) return;
        Tag(field, WireType.Varint);
        Varint(unchecked((ulong)number));
    }

    public void Float(int field, float value)
    {
        Tag(field, WireType.Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_to.GetSpan(4), value);
        _to.Advance(4);
    }

    /// <summary>Nothing is written for null.</summary>
    public void Text(int field, string? value)
    {
        if (value is not null) Bytes(field, Encoding.UTF8.GetBytes(value));
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)value.Length);
        Raw(value);
    }

    /// <summary>A nested message.</summary>
    public void Message(int field, Action<WireWriter> write)
    {
        var inner = new WireWriter();
        write(inner);
        Bytes(field, inner.Written.Span);
    }

    /// <summary>Repeated integers, one by one: what the format's own library writes for dims (proto2).</summary>
    public void Ints(int field, IReadOnlyList<long> values)
    {
        foreach (long value in values) Int(field, value);
    }

    public void Floats(int field, IReadOnlyList<float> values)
    {
        foreach (float value in values) Float(field, value);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        if ((long)_to.WrittenCount + bytes.Length + 16 > Array.MaxLength)
            throw new OnnxFormatException("the model has 2 GiB or more, which ONNX cannot write in one file");
        _to.Write(bytes);
    }

    /// <summary>Numbers as the format stores raw data: little-endian.</summary>
    public static byte[] LittleEndian<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        byte[] bytes = MemoryMarshal.AsBytes(values).ToArray();
        if (!BitConverter.IsLittleEndian) OnnxTensor.Swap(bytes, Marshal.SizeOf<T>());
        return bytes;
    }

    void Tag(int field, WireType type) => Varint((ulong)field << 3 | (ulong)type);

    void Varint(ulong value)
    {
        var span = _to.GetSpan(10);
        int count = 0;
        while (value >= 0x80)
        {
            span[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[count++] = (byte)value;
        _to.Advance(count);
    }
}
