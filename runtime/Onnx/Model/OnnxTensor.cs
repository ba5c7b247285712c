using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Onnx.Model;

/// <summary>A constant tensor: its type, its sizes, its numbers as the format stores them.</summary>
public sealed class OnnxTensor
{
    OnnxTensor(string name, ElementType type, long[] dims, ReadOnlyMemory<byte> data)
    {
        Name = name;
        Type = type;
        Dims = dims;
        Data = data;
    }

    public string Name { get; set; }

    public ElementType Type { get; }

    /// <summary>Sizes; empty for a scalar.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>
    /// Raw numbers, row-major, little-endian: a view of the file it was read from. Empty for strings.
    /// </summary>
    public ReadOnlyMemory<byte> Data { get; private set; }

    /// <summary>Where the numbers lie when they are in a file beside the model; null once they are here.</summary>
    internal NumbersBeside? External { get; private set; }

    internal Unread Unread { get; private init; } = new();

    IReadOnlyList<ReadOnlyMemory<byte>> Strings { get; init; } = [];

    public long Count => Dims.Aggregate(1L, (a, b) => checked(a * b));

    /// <summary>A tensor of 32-bit floats.</summary>
    /// <exception cref="ArgumentException">sizes that do not fit the numbers</exception>
    public static OnnxTensor Of(string name, ReadOnlySpan<float> values, params long[] dims) =>
        Whole(name, ElementType.Float, dims, WireWriter.LittleEndian(values), values.Length);

    /// <summary>A tensor of 64-bit integers, as shapes and axes are.</summary>
    /// <exception cref="ArgumentException">sizes that do not fit the numbers</exception>
    public static OnnxTensor Of(string name, ReadOnlySpan<long> values, params long[] dims) =>
        Whole(name, ElementType.Int64, dims, WireWriter.LittleEndian(values), values.Length);

    /// <summary>A tensor of truth values.</summary>
    /// <exception cref="ArgumentException">sizes that do not fit the numbers</exception>
    public static OnnxTensor Of(string name, ReadOnlySpan<bool> values, params long[] dims) =>
        Whole(name, ElementType.Bool, dims, MemoryMarshal.AsBytes(values).ToArray(), values.Length);

    /// <summary>A tensor of any fixed-size type from its raw bytes.</summary>
    /// <exception cref="ArgumentException">sizes that do not fit the bytes</exception>
    public static OnnxTensor Raw(string name, ElementType type, long[] dims, ReadOnlyMemory<byte> data)
    {
        int each = type.Bytes() ?? throw new ArgumentException($"{name}: {type} has no fixed size");
        return Whole(name, type, dims, data, data.Length / each);
    }

    static OnnxTensor Whole(string name, ElementType type, long[] dims, ReadOnlyMemory<byte> data, int count) =>
        dims.Aggregate(1L, (a, b) => a * b) == count
            ? new OnnxTensor(name, type, dims, data)
            : throw new ArgumentException($"{name}: {count} numbers are no {string.Join('x', dims)}");

    /// <summary>The same numbers under another name.</summary>
    public OnnxTensor Named(string name) =>
        new(name, Type, [.. Dims], Data) { Strings = Strings, Unread = Unread.Copy(), External = External };

    /// <summary>The numbers as 32-bit floats, from any float type.</summary>
    /// <exception cref="InvalidOperationException">not a float type</exception>
    public float[] Floats()
    {
        var data = Data.Span;
        float[] to = new float[Count];
        switch (Type)
        {
            case ElementType.Float:
                for (int i = 0; i < to.Length; i++) to[i] = BinaryPrimitives.ReadSingleLittleEndian(data[(4 * i)..]);
                break;
            case ElementType.Double:
                for (int i = 0; i < to.Length; i++)
                    to[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(data[(8 * i)..]);
                break;
            case ElementType.Float16:
                for (int i = 0; i < to.Length; i++)
                    to[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(data[(2 * i)..]);
                break;
            case ElementType.BFloat16:
                for (int i = 0; i < to.Length; i++)
                {
                    to[i] = BitConverter.Int32BitsToSingle(
                        BinaryPrimitives.ReadInt16LittleEndian(data[(2 * i)..]) << 16);
                }

                break;
            default: throw new InvalidOperationException($"{Name} is of {Type}, not of a float type");
        }

        return to;
    }

    /// <summary>The numbers as 64-bit integers, from any integer type.</summary>
    /// <exception cref="InvalidOperationException">not an integer type</exception>
    public long[] Longs()
    {
        var data = Data.Span;
        long[] to = new long[Count];
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = Type switch
            {
                ElementType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(data[(8 * i)..]),
                ElementType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(data[(4 * i)..]),
                ElementType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(data[(2 * i)..]),
                ElementType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(data[(2 * i)..]),
                ElementType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(data[(4 * i)..]),
                ElementType.Int8 => (sbyte)data[i],
                ElementType.UInt8 or ElementType.Bool => data[i],
                _ => throw new InvalidOperationException($"{Name} is of {Type}, not of an integer type"),
            };
        }

        return to;
    }

    internal static OnnxTensor Read(ReadOnlyMemory<byte> message, string what)
    {
        var reader = new WireReader(message, what);
        List<long> dims = [];
        var numbers = new TypedNumbers();
        List<ReadOnlyMemory<byte>> strings = [];
        Dictionary<string, string> external = [];
        ReadOnlyMemory<byte>? raw = null;
        var unread = new Unread();
        string name = "";
        int type = 0, location = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Int64s(dims); break;
                case 2: type = reader.Int32(); break;
                case 6: strings.Add(reader.Bytes()); break;
                case 8: name = reader.String(); break;
                case 9: raw = reader.Bytes(); break;
                case 13: ReadEntry(reader.Bytes(), what, external); break;
                case 14: location = reader.Int32(); break;
                default:
                    if (!numbers.Take(ref reader)) reader.Keep(unread);
                    break;
            }
        }

        long count = CountOf(dims, reader);
        var element = (ElementType)type;
        if (location == 1)
        {
            return new OnnxTensor(name, element, [.. dims], default)
            {
                External = NumbersBeside.From(external, reader),
                Unread = unread,
            };
        }

        var tensor = new OnnxTensor(name, element, [.. dims],
            element == ElementType.String ? default : raw ?? numbers.Pack(element, reader))
        {
            Strings = strings,
            Unread = unread,
        };
        return tensor.Holds(count) ? tensor : throw reader.Fault($"tensor '{name}' of {element} "
            + $"{string.Join('x', dims)} wants {count} numbers, its data has {tensor.Data.Length} bytes");
    }

    bool Holds(long count) => Type == ElementType.String ? Strings.Count == count
        : Type.Bytes() is not { } each || Data.Length == each * (decimal)count;

    static long CountOf(List<long> dims, WireReader reader)
    {
        long count = 1;
        foreach (long dim in dims)
        {
            if (dim < 0 || (dim > 0 && count > long.MaxValue / 16 / dim))
                throw reader.Fault($"a tensor has size {dim}");
            count *= dim;
        }

        return count;
    }

    static void ReadEntry(ReadOnlyMemory<byte> message, string what, Dictionary<string, string> into)
    {
        var (key, value) = OnnxModel.ReadPair(message, what, new Unread());
        into[key] = value;
    }

    /// <summary>Brings numbers in from beside the model.</summary>
    internal void LoadExternal(string? folder)
    {
        if (External is not { } where) return;
        Data = where.Read(Name, folder, checked(Count * (Type.Bytes() ?? 0)));
        External = null;
    }

    internal void WriteTo(WireWriter to)
    {
        if (External is not null) throw new InvalidOperationException($"{Name}: its numbers were never loaded");
        to.Ints(1, Dims);
        to.Int(2, (int)Type);
        foreach (var text in Strings) to.Bytes(6, text.Span);
        if (Name.Length > 0) to.Text(8, Name);
        if (Type != ElementType.String) to.Bytes(9, Data.Span);
        Unread.WriteTo(to);
    }

    /// <summary>Turns the byte order of every element.</summary>
    internal static void Swap(Span<byte> bytes, int each)
    {
        for (int i = 0; i < bytes.Length; i += each) bytes.Slice(i, each).Reverse();
    }
}
