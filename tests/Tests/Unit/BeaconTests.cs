using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Frames and keys with the sample values of their specifications.</summary>
public sealed class BeaconTests
{
    const string Tag = "T01";
    const ulong Address = 0xC00000000001;

    // Apple's AirLocate identity, major 1, minor 2, -59 dBm at a metre, behind its flags.
    const string IBeacon = "02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096e000010002c5";

    // AltBeacon 1.0: length 1B, type FF, manufacturer 0118, code BEAC, 20 bytes, power, reserved.
    const string AltBeacon = "0201061bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c500";

    // Eddystone-UID: the namespace of the specification's example; with and without its two reserved bytes.
    const string Uid = "0201060303aafe1716aafe00ee8b0ca750095477cb3e770000000000010000";
    const string UidShort = "0201060303aafe1516aafe00ee8b0ca750095477cb3e77000000000001";

    // Eddystone-TLM: 3.000 V, 22.5 degrees, 256 frames, 1000 tenths of a second.
    const string Tlm = "0201060303aafe1116aafe20000bb8168000000100000003e8";

    static readonly DateTimeOffset Wall = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    readonly List<Observation> _heard = [];

    [Theory]
    [InlineData(IBeacon, "ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2")]
    [InlineData(AltBeacon, "altbeacon:2F234454CF6D4A0FADF2F4911BA9FFA600010002")]
    [InlineData(Uid, "eddystone:8b0ca750095477cb3e77/000000000001")]
    [InlineData(UidShort, "eddystone:8B0CA750095477CB3E77/000000000001")]
    public void A_specification_s_frame_is_its_tag(string structures, string beacon)
    {
        var parser = Parser(beacon);
        parser.Take(new MonoTime(7), Message(structures, -61), _heard);
        Assert.Equal(Observation.OfRssi(new MonoTime(7), Tag, "S1", -61), Assert.Single(_heard));
        Assert.Equal(new BeaconCounts(1, 1, 0, 0, 0, 0), parser.Counts);

        // One bit off is somebody else.
        byte[] other = Message(structures, -61);
        other[^4] ^= 1;
        parser.Take(new MonoTime(8), other, _heard);
        Assert.Single(_heard);
        Assert.Equal(1, parser.Counts.Unknown);
        Assert.Equal(0, parser.Malformed);
    }

    [Theory] // published by the authors of ephemeral_calc, made with the specification's procedure
    [InlineData("0102030405060708090A111213141516", 10, 0u, 0xA9B76A71C5F89290)]
    [InlineData("0102030405060708090A111213141516", 10, 2000u, 0x4144413E45FEFA58)]
    public void Ephemeral_identities_are_the_published_ones(string key, int exponent, uint counterS, ulong identity) =>
        Assert.Equal(identity, RotatingKeys.EphemeralId(Convert.FromHexString(key), exponent, counterS));

    [Fact] // Core specification, volume 3, part H, appendix D.7
    public void The_hash_of_a_private_address_is_the_specification_s()
    {
        byte[] key = Convert.FromHexString("ec0234a357c8ad05341010a60a397d9b");
        Assert.Equal(0x0DFBAAu, RotatingKeys.Hash(key, 0x708194));
        Assert.True(RotatingKeys.IsOf(key, 0x7081940DFBAA));
        Assert.False(RotatingKeys.IsOf(key, 0x7081940DFBAB));
    }

    [Fact]
    public void A_rotating_identity_is_followed_over_days_and_drift()
    {
        const string Key = "0102030405060708090A111213141516";
        const int Exponent = 10;
        long zeroS = Wall.ToUnixTimeSeconds() - 100_000;
        var parser = Parser($"eid:{Key}/{Exponent}/{zeroS}");
        byte[] key = Convert.FromHexString(Key);
        bool IsKnown(double atS, double beaconS)
        {
            ulong identity = RotatingKeys.EphemeralId(key, Exponent, (uint)(100_000 + beaconS));
            _heard.Clear();
            parser.Take(MonoTime.FromSeconds(atS), Message($"0d16aafe30ee{identity:x16}", -70, Wall.AddSeconds(atS)),
                _heard);
            return _heard.Count == 1;
        }

        for (double atS = 0; atS < 10 * 86_400; atS += 1711)
        {
            Assert.True(IsKnown(atS, atS));
            Assert.True(IsKnown(atS, atS - 90_000)); // it lost a day with its battery
            Assert.True(IsKnown(atS, atS + 9_000)); // 150 ppm over two years
            Assert.False(IsKnown(atS, atS - 110_000)); // somebody plays an old recording
            Assert.False(IsKnown(atS, atS + 20_000));
        }

        Assert.True(IsKnown(-50_000, -50_000)); // the wall clock was set back
        Assert.True(IsKnown(3e8, 3e8)); // and forth
        Assert.True(parser.Counts.Unresolved > 0);
    }

    [Fact]
    public void Without_a_wall_clock_a_rotating_identity_stays_unresolved()
    {
        var parser = Parser("eid:0102030405060708090A111213141516/10/0");
        byte[] unknown = new byte[Advertisement.BytesMax];
        new Advertisement(Address, BleAddressKind.Random, -60, null, Hex("0d16aafe30eea9b76a71c5f89290"))
            .TryWrite(unknown, out int count);
        parser.Take(default, unknown.AsSpan(0, count), _heard);
        Assert.Empty(_heard);
        Assert.Equal(1, parser.Counts.Unresolved);
    }

    [Fact]
    public void A_private_address_is_resolved_by_its_key_and_by_no_other()
    {
        var parser = Parser("irk:ec0234a357c8ad05341010a60a397d9b");
        parser.Take(default, Message("", -50, address: 0x7081940DFBAA), _heard);
        parser.Take(default, Message("", -51, address: 0x7081940DFBAA), _heard); // from memory
        parser.Take(default, Message("", -52, address: 0x7081940DFBAB), _heard);
        parser.Take(default, Message("", -53, address: 0x7081940DFBAA, kind: BleAddressKind.Public), _heard);
        Assert.Equal([-50, -51], _heard.Select(one => one.Value));
        Assert.Equal((2, 1), (parser.Counts.Unknown, parser.Counts.Unresolved));
    }

    [Fact]
    public void Invented_addresses_cost_no_more_than_their_share()
    {
        var faults = new List<string>();
        var rows = Enumerable.Range(0, 1000).Select(i => new BeaconRow($"T{i}", $"irk:{i:x32}"));
        var parser = new BeaconParser(new BeaconShelf(BeaconBook.Of(rows, faults)), "S1");
        for (int i = 0; i < 100; i++)
            parser.Take(MonoTime.FromSeconds(1), Message("", -50, address: 0x400000000000 + (ulong)i), _heard);
        Assert.Equal(80, parser.Counts.Deferred);
        parser.Take(MonoTime.FromSeconds(2), Message("", -50, address: 0x400000001000), _heard);
        Assert.Equal(80, parser.Counts.Deferred);
        Assert.Empty(faults);
    }

    [Fact]
    public void Telemetry_belongs_to_who_spoke_from_the_same_address_of_late()
    {
        var parser = Parser("eddystone:8b0ca750095477cb3e77/000000000001");
        parser.Take(MonoTime.FromSeconds(0), Message(Tlm, -40), _heard); // nobody yet
        parser.Take(MonoTime.FromSeconds(1), Message(Uid, -41), _heard);
        parser.Take(MonoTime.FromSeconds(2), Message(Tlm, -42), _heard);
        parser.Take(MonoTime.FromSeconds(3), Message(Tlm, -43, address: Address + 1), _heard);
        parser.Take(MonoTime.FromSeconds(300), Message(Tlm, -44), _heard); // by now it may be anybody
        Assert.Equal([-41, -42], _heard.Select(one => one.Value));
        Assert.Equal(new BeaconTelemetry(3.0, 22.5, 256, TimeSpan.FromSeconds(100)), parser.TelemetryOf(Tag));
        Assert.Null(parser.TelemetryOf("T02"));
    }

    [Fact]
    public void What_a_beacon_does_not_measure_is_unknown()
    {
        var parser = Parser($"mac:C0:00:00:00:00:01");
        parser.Take(default, Message("1116aafe2000000080000000000000000000"[..36], -42), _heard);
        Assert.Equal(new BeaconTelemetry(null, null, 0, TimeSpan.Zero), parser.TelemetryOf(Tag));
    }

    [Fact]
    public void An_advertisement_without_power_is_counted_and_no_observation()
    {
        var parser = Parser("mac:c0-00-00-00-00-01");
        parser.Take(default, Message("020106", null), _heard);
        Assert.Empty(_heard);
        Assert.Equal((1, 1), (parser.Counts.Known, parser.Counts.WithoutPower));
    }

    [Fact]
    public void Another_book_is_in_force_at_once_and_tags_taken_out_leave_nothing()
    {
        var shelf = new BeaconShelf(Book(($"{Tag}", "eddystone:8b0ca750095477cb3e77/000000000001")));
        var parser = new BeaconParser(shelf, "S1");
        parser.Take(MonoTime.FromSeconds(1), Message(Uid, -41), _heard);
        parser.Take(MonoTime.FromSeconds(2), Message(Tlm, -42), _heard);
        shelf.Book = BeaconBook.Empty;
        parser.Take(MonoTime.FromSeconds(3), Message(Tlm, -43), _heard);
        Assert.Equal(2, _heard.Count);
        Assert.Null(parser.TelemetryOf(Tag));
        shelf.Book = Book(("T02", "eddystone:8b0ca750095477cb3e77/000000000001"));
        parser.Take(MonoTime.FromSeconds(4), Message(Uid, -44), _heard);
        Assert.Equal("T02", _heard[^1].Tag);
    }

    [Fact]
    public void A_message_reads_as_it_was_written()
    {
        byte[] bytes = Message(IBeacon, -128 + 1, Wall, 0x0123456789AB, BleAddressKind.Public);
        Assert.True(Advertisement.TryRead(bytes, out var read));
        Assert.Equal((0x0123456789ABul, BleAddressKind.Public, (sbyte?)-127, Wall),
            (read.Address, read.Kind, read.RssiDbm, read.Wall));
        Assert.Equal(Hex(IBeacon), read.Structures.ToArray());
        // The layout as it is documented: recordings of today are read for ever.
        Assert.Equal("010081" + "0123456789ab" + "0068e5cf8b010000" + "02011a",
            Convert.ToHexStringLower(bytes)[..40]);
        for (int cut = 0; cut < Advertisement.HeadBytes; cut++)
            Assert.False(Advertisement.TryRead(bytes.AsSpan(0, cut), out _));
        Assert.False(new Advertisement(1, default, -1, Wall, Hex(IBeacon)).TryWrite(new byte[bytes.Length - 1], out _));
    }

    [Fact]
    public void Cut_off_structures_are_malformed_and_what_came_before_stands()
    {
        var parser = Parser("ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2");
        parser.Take(default, Message("09ff" + IBeacon, -60), _heard);
        Assert.Empty(_heard); // the first structure swallowed the flags and the beginning of the second
        parser.Take(default, Message(IBeacon[..40], -60), _heard);
        Assert.Equal(1, parser.Malformed);
        parser.Take(default, Message("02010600" + IBeacon, -60), _heard); // a length of 0 ends them
        Assert.Empty(_heard);
        Assert.Equal(1, parser.Malformed);
    }

    [Theory]
    [InlineData("ibeacon:E2C56DB5/1/2", "UUID/MAJOR/MINOR")]
    [InlineData("ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/65536", "UUID/MAJOR/MINOR")]
    [InlineData("altbeacon:00", "40 hex digits")]
    [InlineData("eddystone:8b0ca750095477cb3e77000000000001", "20 hex digits of namespace")]
    [InlineData("eid:0102030405060708090A111213141516/16/0", "exponent 0 to 15")]
    [InlineData("eid:0102030405060708090A111213141516/4", "Unix seconds")]
    [InlineData("eid:/4/0", "32 hex digits of key")]
    [InlineData("irk:0102", "32 hex digits")]
    [InlineData("mac:AA:BB:CC:DD:EE", "six bytes")]
    [InlineData("mac:GA:BB:CC:DD:EE:00", "six bytes")]
    [InlineData("espresense:", "the id its node publishes")]
    [InlineData("wifi:1", "of no kind known here")]
    [InlineData("E2C56DB5", "no kind before a colon")]
    public void A_wrong_line_is_told_with_its_tag_and_without_its_key(string beacon, string told)
    {
        var faults = new List<string>();
        var book = BeaconBook.Of([new BeaconRow("T9", beacon), new BeaconRow("T1", "mac:000000000001")], faults);
        string fault = Assert.Single(faults);
        Assert.StartsWith("tag 'T9': ", fault, StringComparison.Ordinal);
        Assert.Contains(told, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("01020304", fault, StringComparison.Ordinal);
        Assert.Equal(1, book.Beacons);
    }

    [Fact]
    public void Two_tags_cannot_bear_one_beacon_and_a_tag_may_bear_several()
    {
        var faults = new List<string>();
        var book = BeaconBook.Of(
        [
            new BeaconRow("T1", "mac:000000000001"), new BeaconRow("T1", "mac:000000000002"),
            new BeaconRow("T2", "mac:00:00:00:00:00:02"), new BeaconRow("T3", null), new BeaconRow("", null),
        ], faults);
        Assert.Equal(2, book.Beacons);
        Assert.Equal(["tag 'T2': its beacon is another tag's already", "a beacon without a tag"], faults);
    }

    [Fact]
    public void A_book_has_a_limit()
    {
        var faults = new List<string>();
        var rows = Enumerable.Range(0, BeaconBook.BeaconsMax + 10).Select(i => new BeaconRow($"T{i}", $"mac:{i:x12}"));
        Assert.Equal(BeaconBook.BeaconsMax, BeaconBook.Of(rows, faults).Beacons);
        Assert.Contains("left out", Assert.Single(faults), StringComparison.Ordinal);
        faults.Clear();
        BeaconBook.Of(Enumerable.Range(0, BeaconBook.KeysMax + 1).Select(i => new BeaconRow($"T{i}", $"irk:{i:x32}")),
            faults);
        Assert.Contains("more than 1024 keys", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Strangers_do_not_come_as_far_as_a_recording()
    {
        var shelf = new BeaconShelf(Book((Tag, "mac:c00000000001")));
        var messages = new Queue<byte[]>();
        for (int i = 0; i < 100; i++)
        {
            messages.Enqueue(Message("020106", -50, address: Address + 1 + (ulong)i));
            if (i % 10 == 0) messages.Enqueue(Message("020106", -60));
        }

        using var source = new KnownOnly(new Queued(messages), shelf);
        byte[] into = new byte[Advertisement.BytesMax];
        int known = 0;
        while (source.Read(into, TimeSpan.Zero, out _) is > 0 and var count)
        {
            known++;
            Assert.Equal(Message("020106", -60), into[..count]);
        }

        Assert.Equal((10, 100), (known, source.HeldBack));
    }

    [Fact]
    public void A_recording_gives_the_same_readings_byte_for_byte()
    {
        using var folder = new ScratchFolder();
        var shelf = new BeaconShelf(Book((Tag, "ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2"),
            ("T02", "eid:0102030405060708090A111213141516/10/1700000000")));
        string eid = "0d16aafe30eea9b76a71c5f89290"; // at the counter's 0, which is the clock's time then
        var messages = new Queue<byte[]>();
        for (int i = 0; i < 50; i++)
        {
            messages.Enqueue(Message(IBeacon, (sbyte)(-40 - i)));
            messages.Enqueue(Message(eid, (sbyte)(-41 - i), address: 0x400000000000 + (ulong)i));
            messages.Enqueue(Message(AltBeacon, -99, address: 0x0BADC0FFEE00)); // a stranger
        }

        string path = folder.File("ble.raw");
        var recording = new RawRecording(path, new RawKind("ble", "station=S-1"), new RawRecordingOptions(),
            NullLogger.Instance);
        var live = new BeaconParser(shelf, "S-1");
        byte[] into = new byte[Advertisement.BytesMax];
        using (var source = recording.Of(new KnownOnly(new Queued(messages), shelf)))
        {
            while (source.Read(into, TimeSpan.Zero, out var at) is > 0 and var count)
                live.Take(at, into.AsSpan(0, count), _heard);
        }

        Assert.Equal(100, _heard.Count);
        Assert.Equal(-1, File.ReadAllBytes(path).AsSpan().IndexOf(Hex("0badc0ffee00")));
        using var replay = ReplayedRadio.Open(path, default, kind => BleRadio.ParserFor(kind, shelf),
            NullLogger.Instance);
        var again = new Observation[200];
        Assert.Equal(100, replay.Drain(new MonoTime(long.MaxValue), again));
        Assert.Equal(_heard.Select(one => (one.Tag, one.Station, one.Value)),
            again[..100].Select(one => (one.Tag, one.Station, one.Value)));
        Assert.Equal("S-1", again[0].Station);
    }

    [Fact]
    public void Nothing_is_allocated_for_an_advertisement()
    {
        var parser = Parser("ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2", "irk:ec0234a357c8ad05341010a60a397d9b");
        byte[] known = Message(IBeacon, -60), stranger = Message(AltBeacon, -60, address: 0x4ABCDEF01234);
        var heard = new List<Observation>(4);
        void Once()
        {
            heard.Clear();
            parser.Take(MonoTime.FromSeconds(1), known, heard);
            parser.Take(MonoTime.FromSeconds(1), stranger, heard);
        }

        for (int i = 0; i < 1000; i++) Once();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    internal static byte[] Hex(string digits) => Convert.FromHexString(digits);

    internal static byte[] Message(
        string structures, sbyte? dbm, DateTimeOffset? wall = null, ulong address = Address,
        BleAddressKind kind = BleAddressKind.Random)
    {
        byte[] bytes = new byte[Advertisement.BytesMax];
        var heard = new Advertisement(address, kind, dbm, wall ?? Wall, Hex(structures));
        Assert.True(heard.TryWrite(bytes, out int count));
        return bytes[..count];
    }

    internal static BeaconBook Book(params IEnumerable<(string Tag, string Beacon)> rows)
    {
        var faults = new List<string>();
        var book = BeaconBook.Of(rows.Select(row => new BeaconRow(row.Tag, row.Beacon)), faults);
        Assert.Empty(faults);
        return book;
    }

    static BeaconParser Parser(params IEnumerable<string> beacons) =>
        new(new BeaconShelf(Book(beacons.Select(beacon => (Tag, beacon)))), "S1");

    sealed class Queued(Queue<byte[]> messages) : IRawSource
    {
        public string Name => "queued";

        public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
        {
            at = MonoTime.Now;
            if (!messages.TryDequeue(out byte[]? next)) return 0;
            next.CopyTo(into);
            return next.Length;
        }

        public void Write(ReadOnlySpan<byte> bytes) { }

        public void Dispose() { }
    }
}
