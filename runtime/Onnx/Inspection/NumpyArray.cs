using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>Arrays as numpy saves them (numpy.lib.format, versions 1 to 3): row-major, little-endian.</summary>
public static partial class NumpyArray
{
    static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <exception cref="InvalidDataException">no such array, or one of a kind that no model takes</exception>
    public static OnnxTensor Read(string path) => Read(File.ReadAllBytes(path), Path.GetFileName(path));

    /// <param name="name">for messages, and the tensor's own</param>
    public static OnnxTensor Read(ReadOnlyMemory<byte> bytes, string name)
    {
        var span = bytes.Span;
        if (span.Length < 12 || !span.StartsWith(Magic)) throw new InvalidDataException($"{name}: no array of numpy's (.npy)");
        bool isOld = span[6] == 1;
        int from = isOld ? 10 : 12;
        long length = isOld ? BinaryPrimitives.ReadUInt16LittleEndian(span[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(span[8..]);
        if (from + length > span.Length) throw new InvalidDataException($"{name}: it ends in its header");
        string header = Encoding.UTF8.GetString(span.Slice(from, (int)length));
        var kind = Kind().Match(header);
        var shape = Shape().Match(header);
        if (!kind.Success || !shape.Success) throw new InvalidDataException($"{name}: its header says no type or shape");
        if (header.Contains("'fortran_order': True", StringComparison.Ordinal))
            throw new InvalidDataException($"{name}: column-major: save numpy.ascontiguousarray of it");
        long[] dims = [.. shape.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(d => long.Parse(d, CultureInfo.InvariantCulture))];
        var type = TypeOf(kind.Groups[1].Value)
            ?? throw new InvalidDataException($"{name}: numbers of kind {kind.Groups[1].Value}");
        try { return OnnxTensor.Raw(name, type, dims, bytes[(from + (int)length)..]); }
        catch (ArgumentException fault) { throw new InvalidDataException(fault.Message, fault); }
    }

    static ElementType? TypeOf(string kind) => kind switch
    {
        "<f4" => ElementType.Float,
        "<f8" => ElementType.Double,
        "<f2" => ElementType.Float16,
        "<i8" => ElementType.Int64,
        "<i4" => ElementType.Int32,
        "|u1" => ElementType.UInt8,
        "|i1" => ElementType.Int8,
        "|b1" => ElementType.Bool,
        _ => null,
    };

    [GeneratedRegex("'descr': *'([^']*)'")]
    private static partial Regex Kind();

    [GeneratedRegex(@"'shape': *\(([0-9, ]*)\)")]
    private static partial Regex Shape();
}
