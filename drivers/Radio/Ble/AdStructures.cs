namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// The AD structures of an advertisement one after the other (Core specification, volume 3, part C, 11): a length, a
/// type, data. A length of 0 ends them early; one that reaches beyond the end is malformed, and what came before it
/// stands.
/// </summary>
ref struct AdStructures(ReadOnlySpan<byte> bytes)
{
    /// <summary>Types used here, from the Bluetooth SIG's assigned numbers.</summary>
    public const byte Flags = 0x01, ShortName = 0x08, WholeName = 0x09, TxPower = 0x0A, Service16 = 0x16,
        Service32 = 0x20, Service128 = 0x21, Manufacturer = 0xFF;

    ReadOnlySpan<byte> _left = bytes;

    public byte Type { get; private set; } = 0;

    public ReadOnlySpan<byte> Content { get; private set; } = default;

    /// <summary>True when the last structure reached beyond the end.</summary>
    public bool IsMalformed { get; private set; } = false;

    /// <summary>Goes to the next structure; false behind the last.</summary>
    public bool Next()
    {
        if (_left.IsEmpty || _left[0] == 0) return false;
        int length = _left[0];
        if (length >= _left.Length)
        {
            IsMalformed = true;
            _left = default;
            return false;
        }

        Type = _left[1];
        Content = _left[2..(1 + length)];
        _left = _left[(1 + length)..];
        return true;
    }
}
