using System.Buffers.Binary;
using EdgeAppliance.Drivers.Radio.Ble;

namespace EdgeAppliance.Tests;

/// <summary>One advertising packet of a capture.</summary>
/// <param name="Type">of the PDU: 0 connectable, 2 not connectable, 4 scan response, 6 scannable; others say nothing
/// </param>
/// <param name="Structures">AD structures of one that advertises, else empty</param>
/// <param name="IsWhole">the checksum on the air fits</param>
sealed record CapturedPacket(
    double Seconds, int Type, ulong Address, BleAddressKind Kind, int RssiDbm, byte[] Structures, bool IsWhole)
{
    public bool Advertises => IsWhole && Type is 0 or 2 or 4 or 6;

    /// <summary>The packet as a scanner of ours hands it on.</summary>
    public byte[] Message()
    {
        byte[] bytes = new byte[Advertisement.BytesMax];
        var heard = new Advertisement(Address, Kind, (sbyte)RssiDbm,
            DateTimeOffset.FromUnixTimeMilliseconds((long)(Seconds * 1000)), Structures);
        Assert.True(heard.TryWrite(bytes, out int count));
        return bytes[..count];
    }
}

/// <summary>Readers of captures of Bluetooth low energy, as far as the recordings here need them.</summary>
static class BleCaptures
{
    const int NordicSniffer = 272, LinkLayerWithHeader = 256;

    /// <summary>A pcapng file, little endian: section, interface and enhanced packet blocks.</summary>
    public static List<CapturedPacket> ReadPcapng(string path)
    {
        const uint Interface = 1, EnhancedPacket = 6;
        var packets = new List<CapturedPacket>();
        var links = new List<(int Type, double TickS)>();
        byte[] file = File.ReadAllBytes(path);
        for (int at = 0; at + 12 <= file.Length;)
        {
            var block = file.AsSpan(at, (int)U32(file, at + 4));
            at += block.Length;
            if (U32(block, 0) == Interface) links.Add((block[8] | (block[9] << 8), TickOf(block[16..^4])));
            if (U32(block, 0) != EnhancedPacket) continue;
            var (type, tickS) = links[(int)U32(block, 8)];
            double seconds = (((ulong)U32(block, 12) << 32) | U32(block, 16)) * tickS;
            var bytes = block.Slice(28, (int)U32(block, 20));
            packets.Add(type switch
            {
                // board, lengths, version, counter, protocol, flags, channel, -RSSI, event, time: 17 bytes
                NordicSniffer => Of(seconds, -bytes[10], bytes[17..]),
                LinkLayerWithHeader => Of(seconds, (sbyte)bytes[1], bytes[10..]),
                _ => throw new InvalidDataException($"{path}: link type {type}"),
            });
        }

        return packets;
    }

    /// <summary>LE advertising reports of a btsnoop file, version 1, of HCI packets with their type (H4).</summary>
    public static List<CapturedPacket> ReadBtsnoop(string path, out int records)
    {
        const int HciH4 = 1002, Event = 4, LowEnergy = 0x3E, AdvertisingReport = 2;
        byte[] file = File.ReadAllBytes(path);
        Assert.Equal("btsnoop\0"u8.ToArray(), file[..8]);
        Assert.Equal((1u, (uint)HciH4), (Big(file, 8), Big(file, 12)));
        records = 0;
        var packets = new List<CapturedPacket>();
        for (int at = 16; at + 24 <= file.Length; records++)
        {
            int count = (int)Big(file, at + 4);
            double seconds = BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(at + 16)) / 1e6;
            var hci = file.AsSpan(at + 24, count);
            at += 24 + count;
            if (count < 5 || hci[0] != Event || hci[1] != LowEnergy || hci[3] != AdvertisingReport) continue;
            Assert.Equal(1, hci[4]); // reports in it
            int length = hci[13];
            packets.Add(new CapturedPacket(seconds, hci[5], Address(hci[7..]),
                hci[6] == 0 ? BleAddressKind.Public : BleAddressKind.Random, (sbyte)hci[14 + length],
                hci.Slice(14, length).ToArray(), IsWhole: true));
        }

        return packets;
    }

    // Access address 4, header 2, advertiser 6, structures, checksum 3 (Core specification, volume 6, part B, 2).
    static CapturedPacket Of(double seconds, int rssiDbm, ReadOnlySpan<byte> air)
    {
        var pdu = air[4..];
        int type = pdu[0] & 15, length = pdu[1];
        bool isWhole = pdu.Length >= 2 + length + 3 && length >= 6
            && Checksum(pdu[..(2 + length)]) == (pdu[2 + length] | (pdu[3 + length] << 8) | (pdu[4 + length] << 16));
        return new CapturedPacket(seconds, type, pdu.Length >= 8 ? Address(pdu[2..]) : 0,
            (pdu[0] & 0x40) == 0 ? BleAddressKind.Public : BleAddressKind.Random, rssiDbm,
            isWhole ? pdu[8..(2 + length)].ToArray() : [], isWhole);
    }

    // CRC-24, x^24 + x^10 + x^9 + x^6 + x^4 + x^3 + x + 1, from 0x555555, least significant bit first.
    static int Checksum(ReadOnlySpan<byte> bytes)
    {
        const int Reversed = 0xDA6000;
        int crc = 0xAAAAAA;
        foreach (byte one in bytes)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ Reversed;
        }

        return crc;
    }

    // Option 9 is the clock's resolution: a negative power of 10, or of 2 with the highest bit; else microseconds.
    static double TickOf(ReadOnlySpan<byte> options)
    {
        while (options.Length >= 4)
        {
            int code = options[0] | (options[1] << 8), length = options[2] | (options[3] << 8);
            if (code == 9)
                return (options[4] & 0x80) == 0 ? Math.Pow(10, -options[4]) : Math.Pow(2, -(options[4] & 127));
            if (code == 0) break;
            options = options[Math.Min(options.Length, 4 + ((length + 3) & ~3))..];
        }

        return 1e-6;
    }

    static ulong Address(ReadOnlySpan<byte> bytes)
    {
        ulong address = 0;
        for (int i = 5; i >= 0; i--) address = (address << 8) | bytes[i];
        return address;
    }

    static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    static uint Big(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
