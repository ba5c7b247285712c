using System.Buffers.Binary;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What kind of number a Bluetooth address is (Core specification, volume 6, part B, 1.3).</summary>
enum BleAddressKind
{
    /// <summary>Bought from the IEEE, never changes.</summary>
    Public,

    /// <summary>Made up: static, or private and changing every quarter of an hour or so.</summary>
    Random,

    /// <summary>The scanner did not say.</summary>
    Unknown,
}

/// <summary>
/// One received advertisement as the scanner hands it on, is recorded and replayed. Layout, version 1:
/// <code>
/// 0      version, 1
/// 1      address kind: 0 public, 1 random, 2 not stated
/// 2      received power, dBm, signed; 127: not measured (as in HCI)
/// 3..8   address, most significant byte first
/// 9..16  wall clock at reception, milliseconds since 1970 UTC, little endian, signed; 0: not known
/// 17..   AD structures as on the air: length, type, data (Core specification, volume 3, part C, 11)
/// </code>
/// </summary>
readonly ref struct Advertisement
{
    /// <summary>What stands before the AD structures, bytes.</summary>
    public const int HeadBytes = 17;

    /// <summary>The most AD structures can be together: an extended advertisement's 1650 bytes.</summary>
    public const int StructureBytesMax = 1650;

    /// <summary>The longest message.</summary>
    public const int BytesMax = HeadBytes + StructureBytesMax;

    const byte Version = 1;
    const sbyte NotMeasured = 127;

    // Core specification, volume 4, part E, 7.7.65.2: -127 to +20 dBm.
    const int PowerMax = 20;

    public Advertisement(
        ulong address, BleAddressKind kind, sbyte? rssiDbm, DateTimeOffset? wall, ReadOnlySpan<byte> structures)
    {
        Address = address;
        Kind = kind;
        RssiDbm = rssiDbm;
        Wall = wall;
        Structures = structures;
    }

    /// <summary>
    /// 48 bits, the first byte people write is the most significant one. In memory only: what is given on has a tag's
    /// pseudonym.
    /// </summary>
    public ulong Address { get; }

    public BleAddressKind Kind { get; }

    /// <summary>Received power, dBm; null when the controller measured none.</summary>
    public sbyte? RssiDbm { get; }

    /// <summary>The wall clock at reception: keys of rotating beacons need it. Null when it is not known.</summary>
    public DateTimeOffset? Wall { get; }

    public ReadOnlySpan<byte> Structures { get; }

    /// <summary>True for a private address that its key resolves: random, its two highest bits 01.</summary>
    public bool IsResolvable => Kind != BleAddressKind.Public && Address >> 46 == 1;

    /// <summary>Reads a message; false for one of another version, too short, too long or with a power none has.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Advertisement heard)
    {
        heard = default;
        if (bytes.Length is < HeadBytes or > BytesMax || bytes[0] != Version) return false;
        if (bytes[1] > (byte)BleAddressKind.Unknown) return false;
        sbyte power = (sbyte)bytes[2];
        if (power is sbyte.MinValue or (> PowerMax and not NotMeasured)) return false;
        ulong address = ((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]) << 32)
            | BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]);
        long wallMs = BinaryPrimitives.ReadInt64LittleEndian(bytes[9..]);
        if (wallMs < 0 || wallMs > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) return false;
        heard = new Advertisement(
            address, (BleAddressKind)bytes[1], power == NotMeasured ? null : power,
            wallMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(wallMs), bytes[HeadBytes..]);
        return true;
    }

    /// <summary>Writes the message; false when there is no room for it.</summary>
    /// <param name="bytes">how many were written</param>
    public bool TryWrite(Span<byte> into, out int bytes)
    {
        bytes = HeadBytes + Structures.Length;
        if (bytes > into.Length || bytes > BytesMax) return false;
        into[0] = Version;
        into[1] = (byte)Kind;
        into[2] = (byte)(RssiDbm ?? NotMeasured);
        BinaryPrimitives.WriteUInt16BigEndian(into[3..], (ushort)(Address >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(into[5..], (uint)Address);
        BinaryPrimitives.WriteInt64LittleEndian(into[9..], Wall?.ToUnixTimeMilliseconds() ?? 0);
        Structures.CopyTo(into[HeadBytes..]);
        return true;
    }
}
