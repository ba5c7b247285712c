using System.Buffers.Binary;
using System.Security.Cryptography;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What rotating identities are made of: one block of AES-128 at a time.</summary>
static class RotatingKeys
{
    public const int KeyBytes = 16;

    /// <summary>The highest exponent of a rotation period, which is 2^exponent seconds.</summary>
    public const int ExponentMax = 15;

    /// <summary>
    /// The ephemeral identity of an Eddystone-EID beacon (its specification, "EID Computation"): a temporary key from
    /// the identity key and the counter's upper 16 bits, then the counter, its lowest bits cleared, under that key.
    /// </summary>
    /// <param name="exponent">K: a new identity every 2^K seconds, 0 to 15</param>
    /// <param name="counterS">the beacon's own seconds</param>
    public static ulong EphemeralId(ReadOnlySpan<byte> key, int exponent, uint counterS)
    {
        Span<byte> block = stackalloc byte[KeyBytes];
        Span<byte> temporary = stackalloc byte[KeyBytes];
        block.Clear();
        block[11] = 0xFF;
        BinaryPrimitives.WriteUInt16BigEndian(block[14..], (ushort)(counterS >> 16));
        Encrypt(key, block, temporary);

        block[11] = (byte)exponent;
        BinaryPrimitives.WriteUInt32BigEndian(block[12..], counterS >> exponent << exponent);
        Span<byte> identity = stackalloc byte[KeyBytes];
        Encrypt(temporary, block, identity);
        return BinaryPrimitives.ReadUInt64BigEndian(identity);
    }

    /// <summary>
    /// Whether a resolvable private address was made with the key: its lower 24 bits are <c>ah</c> of its upper 24
    /// (Core specification, volume 3, part H, 2.2.2).
    /// </summary>
    /// <param name="key">the identity resolving key, most significant byte first, as in the specification's samples
    /// </param>
    public static bool IsOf(ReadOnlySpan<byte> key, ulong address) =>
        Hash(key, (uint)(address >> 24)) == (uint)(address & 0xFFFFFF);

    /// <summary><c>ah</c>: 24 bits out of 24.</summary>
    public static uint Hash(ReadOnlySpan<byte> key, uint random24)
    {
        Span<byte> block = stackalloc byte[KeyBytes];
        Span<byte> hashed = stackalloc byte[KeyBytes];
        block.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(block[12..], random24);
        Encrypt(key, block, hashed);
        return BinaryPrimitives.ReadUInt32BigEndian(hashed[12..]) & 0xFFFFFF;
    }

    static void Encrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> block, Span<byte> into)
    {
        using var aes = Aes.Create();
        aes.SetKey(key);
        aes.EncryptEcb(block, into, PaddingMode.None);
    }
}
