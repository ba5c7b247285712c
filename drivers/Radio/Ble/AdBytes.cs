using System.Buffers.Binary;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// AD structures being put together again of what BlueZ took apart. Grows to what a device needs and no further than an
/// extended advertisement; what does not fit is left out whole.
/// </summary>
sealed class AdBytes
{
    const int TypeBytes = 2, DataMax = 255 - 1;

    byte[] _bytes = [];
    int _count;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _count);

    public void Clear() => _count = 0;

    /// <summary>Appends a structure: the type, what stands before the data, the data. False when it is too long.
    /// </summary>
    public bool TryAppend(byte type, ReadOnlySpan<byte> before, ReadOnlySpan<byte> data)
    {
        int length = before.Length + data.Length;
        if (length > DataMax || _count + TypeBytes + length > Advertisement.StructureBytesMax) return false;
        if (_bytes.Length < _count + TypeBytes + length)
            Array.Resize(ref _bytes, Math.Min(Advertisement.StructureBytesMax, 2 * (_count + TypeBytes + length)));
        _bytes[_count++] = (byte)(1 + length);
        _bytes[_count++] = type;
        before.CopyTo(_bytes.AsSpan(_count));
        data.CopyTo(_bytes.AsSpan(_count + before.Length));
        _count += length;
        return true;
    }

    public bool TryAppendManufacturer(ushort company, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(number, company);
        return TryAppend(AdStructures.Manufacturer, number, data);
    }

    /// <param name="uuid">as BlueZ writes it: 36 lower-case characters</param>
    public bool TryAppendService(ReadOnlySpan<byte> uuid, ReadOnlySpan<byte> data)
    {
        // The tail all short service numbers share: 0000xxxx-0000-1000-8000-00805f9b34fb.
        ReadOnlySpan<byte> shared = [0xFB, 0x34, 0x9B, 0x5F, 0x80, 0x00, 0x00, 0x80, 0x00, 0x10, 0x00, 0x00];
        if (!System.Buffers.Text.Utf8Parser.TryParse(uuid, out Guid parsed, out int used) || used != uuid.Length)
            return false;
        Span<byte> backwards = stackalloc byte[16];
        parsed.TryWriteBytes(backwards, bigEndian: true, out _);
        backwards.Reverse();
        if (!backwards[..12].SequenceEqual(shared)) return TryAppend(AdStructures.Service128, backwards, data);
        return backwards[14] == 0 && backwards[15] == 0
            ? TryAppend(AdStructures.Service16, backwards[12..14], data)
            : TryAppend(AdStructures.Service32, backwards[12..], data);
    }
}
