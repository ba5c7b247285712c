using System.Buffers.Binary;
using System.Numerics;

namespace EdgeAppliance.CloudSync.Contract;

/// <summary>CRC-32C (Castagnoli, RFC 3720): finds torn and flipped bytes; it is no protection against intent.</summary>
public static class Checksum
{
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte one in bytes) crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }
}
