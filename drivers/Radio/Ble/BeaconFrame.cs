using System.Buffers.Binary;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What a beacon's advertisement turned out to be.</summary>
enum BeaconKind
{
    /// <summary>No beacon format known here.</summary>
    None,

    /// <summary>Apple's: proximity UUID, major, minor.</summary>
    IBeacon,

    /// <summary>AltBeacon 1.0: 20 bytes.</summary>
    AltBeacon,

    /// <summary>Eddystone-UID: namespace of 10 bytes, instance of 6.</summary>
    EddystoneUid,

    /// <summary>Eddystone-EID: 8 bytes that change with a key.</summary>
    EddystoneEid,

    /// <summary>Eddystone-TLM: no identity, telemetry.</summary>
    EddystoneTlm,
}

/// <summary>
/// The identity in a beacon's frame: up to 20 bytes, most significant first, kept as numbers so that looking one up
/// allocates nothing.
/// </summary>
readonly record struct BeaconKey(BeaconKind Kind, UInt128 First16, uint Last4)
{
    public static BeaconKey Of20(BeaconKind kind, ReadOnlySpan<byte> bytes) => new(
        kind, BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));

    public static BeaconKey Of16(BeaconKind kind, ReadOnlySpan<byte> bytes) =>
        new(kind, BinaryPrimitives.ReadUInt128BigEndian(bytes), 0);

    public static BeaconKey Of8(BeaconKind kind, ReadOnlySpan<byte> bytes) =>
        new(kind, BinaryPrimitives.ReadUInt64BigEndian(bytes), 0);
}

/// <summary>A beacon's telemetry (Eddystone-TLM, unencrypted).</summary>
/// <param name="BatteryVolts">null when the beacon has no such meter</param>
/// <param name="Degrees">Celsius; null when the beacon has no such meter</param>
/// <param name="Frames">advertisements sent since it was switched on</param>
/// <param name="UpFor">since it was switched on</param>
public readonly record struct BeaconTelemetry(double? BatteryVolts, double? Degrees, uint Frames, TimeSpan UpFor);

/// <summary>Finds the beacon's frame among an advertisement's AD structures.</summary>
static class BeaconFrame
{
    const ushort Apple = 0x004C, Eddystone = 0xFEAA;

    /// <summary>Kind, identity and what telemetry there is; <see cref="BeaconKind.None"/> for no beacon.</summary>
    /// <param name="isMalformed">true when the AD structures are cut off</param>
    public static BeaconKey Find(ReadOnlySpan<byte> structures, out BeaconTelemetry telemetry, out bool isMalformed)
    {
        telemetry = default;
        var all = new AdStructures(structures);
        var found = default(BeaconKey);
        while (found.Kind == BeaconKind.None && all.Next())
        {
            if (all.Content.Length < 2) continue;
            ushort whose = BinaryPrimitives.ReadUInt16LittleEndian(all.Content);
            if (all.Type == AdStructures.Manufacturer) found = OfManufacturer(whose, all.Content[2..]);
            else if (all.Type == AdStructures.Service16 && whose == Eddystone)
                found = OfEddystone(all.Content[2..], out telemetry);
        }

        isMalformed = all.IsMalformed;
        return found;
    }

    // iBeacon: 02 15, UUID 16, major 2, minor 2, power 1 (Apple's Proximity Beacon Specification R1).
    // AltBeacon 1.0: BE AC, 20 bytes, power 1, reserved 1, under any manufacturer's number.
    static BeaconKey OfManufacturer(ushort company, ReadOnlySpan<byte> bytes)
    {
        const int IBeaconBytes = 23, AltBeaconBytes = 24, IdentityBytes = 20;
        if (company == Apple && bytes.Length >= IBeaconBytes && bytes[0] == 0x02 && bytes[1] == 0x15)
            return BeaconKey.Of20(BeaconKind.IBeacon, bytes.Slice(2, IdentityBytes));
        if (bytes.Length >= AltBeaconBytes && bytes[0] == 0xBE && bytes[1] == 0xAC)
            return BeaconKey.Of20(BeaconKind.AltBeacon, bytes.Slice(2, IdentityBytes));
        return default;
    }

    // The first byte is the frame's type; UID frames without their two reserved bytes are allowed.
    static BeaconKey OfEddystone(ReadOnlySpan<byte> bytes, out BeaconTelemetry telemetry)
    {
        const byte Uid = 0x00, Tlm = 0x20, Eid = 0x30;
        const int UidBytes = 18, TlmBytes = 14, EidBytes = 10;
        telemetry = default;
        if (bytes.IsEmpty) return default;
        switch (bytes[0])
        {
            case Uid when bytes.Length >= UidBytes:
                return BeaconKey.Of16(BeaconKind.EddystoneUid, bytes.Slice(2, 16));
            case Eid when bytes.Length >= EidBytes:
                return BeaconKey.Of8(BeaconKind.EddystoneEid, bytes.Slice(2, 8));
            case Tlm when bytes.Length >= TlmBytes && bytes[1] == 0: // version 1 would be the encrypted one
                telemetry = Telemetry(bytes);
                return new BeaconKey(BeaconKind.EddystoneTlm, 0, 0);
            default:
                return default;
        }
    }

    static BeaconTelemetry Telemetry(ReadOnlySpan<byte> bytes)
    {
        ushort millivolts = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        short degrees256 = BinaryPrimitives.ReadInt16BigEndian(bytes[4..]);
        uint frames = BinaryPrimitives.ReadUInt32BigEndian(bytes[6..]);
        uint tenths = BinaryPrimitives.ReadUInt32BigEndian(bytes[10..]);
        return new BeaconTelemetry(
            millivolts == 0 ? null : millivolts / 1000.0,
            degrees256 == short.MinValue ? null : degrees256 / 256.0, // 0x8000: not supported
            frames, TimeSpan.FromMilliseconds(100.0 * tenths));
    }
}
