namespace EdgeAppliance.Onnx.Model;

/// <summary>Numbers of a tensor that came in the format's typed fields instead of raw bytes.</summary>
sealed class TypedNumbers
{
    List<float> Floats { get; } = [];

    List<double> Doubles { get; } = [];

    List<long> Integers { get; } = [];

    /// <summary>Takes the field just begun if it is one of numbers.</summary>
    public bool Take(ref WireReader reader)
    {
        switch (reader.Field)
        {
            case 4: reader.Floats(Floats); return true;
            case 5 or 7 or 11: reader.Int64s(Integers); return true;
            case 10: reader.Doubles(Doubles); return true;
            default: return false;
        }
    }

    /// <summary>The raw form: little-endian, as wide as the type is.</summary>
    public ReadOnlyMemory<byte> Pack(ElementType type, WireReader reader)
    {
        switch (type)
        {
            case ElementType.Float or ElementType.Complex64: return Little<float>([.. Floats]);
            case ElementType.Double or ElementType.Complex128: return Little<double>([.. Doubles]);
        }

        if (type.Bytes() is not { } each)
        {
            return Integers.Count + Floats.Count + Doubles.Count == 0
                ? default
                : throw reader.Fault($"numbers of an unknown element type {(int)type}");
        }

        byte[] bytes = new byte[checked(Integers.Count * each)];
        for (int i = 0; i < Integers.Count; i++)
        {
            for (int b = 0; b < each; b++) bytes[i * each + b] = unchecked((byte)(Integers[i] >> 8 * b));
        }

        return bytes;
    }

    static byte[] Little<T>(T[] values) where T : unmanaged => WireWriter.LittleEndian<T>(values);
}
