namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What BlueZ has said of one device so far: it tells changes only.</summary>
sealed class BluezDevice(ulong address)
{
    readonly AdBytes _flags = new();
    readonly AdBytes _txPower = new();
    readonly AdBytes _manufacturer = new();
    readonly AdBytes _service = new();

    public ulong Address { get; private set; } = address;

    public BleAddressKind Kind { get; private set; } = BleAddressKind.Unknown;

    public sbyte? RssiDbm { get; private set; }

    /// <summary>BlueZ takes the power back: the device was not heard since.</summary>
    public void ForgetPower() => RssiDbm = null;

    /// <summary>
    /// Takes a dictionary a{sv} of org.bluez.Device1's properties, and answers whether an advertisement was heard:
    /// BlueZ tells of a power only when it changed, but of data each time they came, with DuplicateData.
    /// The name is not taken: it says who a person is, and nothing here needs it.
    /// </summary>
    public bool Take(BusReader properties)
    {
        bool isHeard = false;
        if (!properties.EnterArray("{sv}"u8)) return false;
        while (properties.EnterEntry("sv"u8))
        {
            isHeard |= TakeOne(properties, properties.ReadText());
            properties.Exit();
        }

        properties.Exit();
        return isHeard;
    }

    /// <summary>The message of what was heard last.</summary>
    public bool TryWrite(DateTimeOffset wall, Span<byte> into, out int bytes)
    {
        Span<byte> all = stackalloc byte[Advertisement.StructureBytesMax];
        int count = 0;
        bool fits = Put(_flags, all, ref count) & Put(_txPower, all, ref count)
            & Put(_manufacturer, all, ref count) & Put(_service, all, ref count);
        var heard = new Advertisement(Address, Kind, RssiDbm, wall, all[..count]);
        return heard.TryWrite(into, out bytes) && fits;
    }

    static bool Put(AdBytes part, Span<byte> into, ref int count)
    {
        if (!part.Bytes.TryCopyTo(into[count..])) return false;
        count += part.Bytes.Length;
        return true;
    }

    bool TakeOne(BusReader properties, ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("RSSI"u8))
        {
            // 127: not measured, as in HCI; anything else outside a byte is no power.
            RssiDbm = properties.ReadInt16Variant() is >= -127 and <= 20 and var dbm ? (sbyte)dbm : null;
            return RssiDbm is not null;
        }

        if (name.SequenceEqual("ManufacturerData"u8)) return TakeManufacturer(properties);
        if (name.SequenceEqual("ServiceData"u8)) return TakeService(properties);
        if (name.SequenceEqual("TxPower"u8))
        {
            _txPower.Clear();
            if (properties.ReadInt16Variant() is >= sbyte.MinValue and <= sbyte.MaxValue and var power)
                _txPower.TryAppend(AdStructures.TxPower, default, [(byte)(sbyte)power]);
        }
        else if (name.SequenceEqual("AdvertisingFlags"u8))
        {
            _flags.Clear();
            if (properties.TryReadBytesVariant(out var flags)) _flags.TryAppend(AdStructures.Flags, default, flags);
        }
        else TakeAddress(properties, name);

        return false;
    }

    void TakeAddress(BusReader properties, ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("Address"u8))
        {
            if (BluezPath.TryReadAddress(properties.ReadTextVariant(), (byte)':', out ulong address)) Address = address;
        }
        else if (name.SequenceEqual("AddressType"u8))
        {
            var kind = properties.ReadTextVariant();
            if (kind.SequenceEqual("public"u8)) Kind = BleAddressKind.Public;
            else if (kind.SequenceEqual("random"u8)) Kind = BleAddressKind.Random;
        }
        else properties.Skip("v"u8);
    }

    bool TakeManufacturer(BusReader properties)
    {
        if (!properties.TryEnterVariant("a{qv}"u8)) return false;
        _manufacturer.Clear();
        properties.EnterArray("{qv}"u8);
        while (properties.EnterEntry("qv"u8))
        {
            ushort company = properties.ReadUInt16();
            if (properties.TryReadBytesVariant(out var data)) _manufacturer.TryAppendManufacturer(company, data);
            properties.Exit();
        }

        properties.Exit();
        properties.Exit();
        return true;
    }

    bool TakeService(BusReader properties)
    {
        if (!properties.TryEnterVariant("a{sv}"u8)) return false;
        _service.Clear();
        properties.EnterArray("{sv}"u8);
        while (properties.EnterEntry("sv"u8))
        {
            var uuid = properties.ReadText();
            if (properties.TryReadBytesVariant(out var data)) _service.TryAppendService(uuid, data);
            properties.Exit();
        }

        properties.Exit();
        properties.Exit();
        return true;
    }
}

/// <summary>BlueZ's object paths: <c>/org/bluez/hci0</c>, <c>/org/bluez/hci0/dev_AA_BB_CC_DD_EE_FF</c>.</summary>
static class BluezPath
{
    /// <summary>The address in a device's path below the adapter's; false for any other path.</summary>
    public static bool TryReadDevice(ReadOnlySpan<byte> path, ReadOnlySpan<byte> adapter, out ulong address)
    {
        address = 0;
        if (!path.StartsWith(adapter)) return false;
        var rest = path[adapter.Length..];
        return rest.StartsWith("/dev_"u8) && TryReadAddress(rest[5..], (byte)'_', out address);
    }

    /// <summary>True for an adapter's own path, such as <c>/org/bluez/hci0</c>.</summary>
    public static bool IsAdapter(ReadOnlySpan<byte> path) =>
        path.StartsWith("/org/bluez/"u8) && path.Length > 11 && !path[11..].Contains((byte)'/');

    /// <summary>Six bytes in hex with a sign between each two.</summary>
    public static bool TryReadAddress(ReadOnlySpan<byte> text, byte between, out ulong address)
    {
        address = 0;
        if (text.Length != 17) return false;
        for (int i = 0; i < 6; i++)
        {
            if (i > 0 && text[(3 * i) - 1] != between) return false;
            if (!System.Buffers.Text.Utf8Parser.TryParse(text.Slice(3 * i, 2), out byte part, out int used, 'x'))
                return false;
            if (used != 2) return false;
            address = (address << 8) | part;
        }

        return true;
    }
}
