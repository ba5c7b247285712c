using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

/// <summary>100,000 damaged or made-up messages a parser: none throws, none is kept.</summary>
public sealed class BleFuzzTests
{
    const int Messages = 100_000;

    [Fact]
    public void No_advertisement_breaks_the_parser()
    {
        byte[][] good =
        [
            BeaconTests.Message("02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096e000010002c5", -60),
            BeaconTests.Message("0201061bff1801beac2f234454cf6d4a0fadf2f4911ba9ffa600010002c500", -61),
            BeaconTests.Message("0201060303aafe1716aafe00ee8b0ca750095477cb3e770000000000010000", -62),
            BeaconTests.Message("0201060303aafe1116aafe20000bb8168000000100000003e8", -63),
            BeaconTests.Message("0d16aafe30eea9b76a71c5f89290", -64, address: 0x7081940DFBAA),
        ];
        var shelf = new BeaconShelf(BeaconTests.Book(("T1", "ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2"),
            ("T2", "eid:0102030405060708090A111213141516/10/0"), ("T3", "irk:ec0234a357c8ad05341010a60a397d9b"),
            ("T4", "eddystone:8b0ca750095477cb3e77/000000000001")));
        var parser = new BeaconParser(shelf, "S1");
        var random = new Random(1);
        var heard = new List<Observation>();
        for (int i = 0; i < Messages; i++)
        {
            byte[] bytes = Damaged(good, random);
            parser.Take(MonoTime.FromSeconds(i / 100.0), bytes, heard);
        }

        // Nothing but these can have been said, and each is of the book and of a power a radio receives.
        Assert.True(heard.Count <= Messages);
        Assert.All(heard, one => Assert.InRange(one.Value, -127, 20));
        Assert.All(heard, one => Assert.Contains(one.Tag, (string[])["T1", "T2", "T3", "T4"]));
        Assert.True(parser.Malformed > Messages / 10);
        Assert.True(parser.Counts.Known > 0);
        Assert.True(parser.Counts.Heard <= Messages);
    }

    [Fact]
    public void No_remote_message_breaks_the_parser()
    {
        byte[][] good =
        [
            Encoding.UTF8.GetBytes("""{"scanner":"S2","tag":"T1","rssi":-61.5,"t":12.25}"""),
            Encoding.UTF8.GetBytes("""[{"scanner":"S2","tag":"T1","rssi":-6e1},{"scanner":"S\u00e4","tag":"T1"}]"""),
            Encoding.UTF8.GetBytes("""{"mac":"c0","id":"T1","rssi@1m":-59,"rssi":-82.4,"rssiVar":3.9,"int":6}"""),
        ];
        using var radio = new RemoteScanners("remote", new BeaconShelf(BeaconTests.Book(("T1", "mac:000000000001"))));
        string[] topics =
            ["edge/scanners", "espresense/devices/T1/hall", "espresense/devices/", "espresense/devices/a/b/c"];
        var random = new Random(2);
        for (int i = 0; i < Messages; i++)
        {
            string topic = topics[random.Next(topics.Length)];
            if (random.Next(4) == 0) topic += (char)random.Next(1, 0xFFFF);
            radio.Offer(topic, Damaged(good, random), MonoTime.FromSeconds(i / 100.0));
        }

        var into = new Observation[8192];
        int kept = radio.Drain(new MonoTime(long.MaxValue), into);
        Assert.InRange(kept, 1, 4096);
        Assert.Equal(radio.Counts.Observations - radio.Counts.Overrun, kept);
        Assert.All(into[..kept], one => Assert.InRange(one.Value, -127, 20));
        Assert.True(radio.Counts.Malformed > Messages / 10);
    }

    [Fact]
    public void No_recorded_message_of_a_remote_scanner_breaks_the_parser()
    {
        byte[][] good =
        [
            RemoteParser.Message("edge/s", Encoding.UTF8.GetBytes("""{"scanner":"S2","tag":"T1","rssi":-61.5}"""))!,
            RemoteParser.Message("espresense/devices/T1/hall", Encoding.UTF8.GetBytes("""{"rssi":-82.4}"""))!,
        ];
        var parser = new RemoteParser(new BeaconShelf(BeaconTests.Book(("T1", "mac:000000000001"))));
        var random = new Random(4);
        var heard = new List<Observation>();
        for (int i = 0; i < Messages; i++) parser.Take(MonoTime.FromSeconds(i), Damaged(good, random), heard);
        Assert.Equal(heard.Count, parser.Counts.Readings);
        Assert.InRange(heard.Count, 1, Messages);
        Assert.True(parser.Malformed > Messages / 10);
    }

    [Fact]
    public void No_registry_line_breaks_the_book()
    {
        byte[][] good =
        [
            .. ((string[])
            [
                "ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2", "eid:0102030405060708090A111213141516/10/0",
                "altbeacon:2F234454CF6D4A0FADF2F4911BA9FFA600010002", "mac:AA:BB:CC:DD:EE:FF",
                "eddystone:8b0ca750095477cb3e77/000000000001", "irk:ec0234a357c8ad05341010a60a397d9b",
            ]).Select(Encoding.Latin1.GetBytes),
        ];
        var random = new Random(3);
        var faults = new List<string>();
        for (int i = 0; i < Messages; i++)
        {
            faults.Clear();
            var book = BeaconBook.Of([new BeaconRow("T1", Encoding.Latin1.GetString(Damaged(good, random)))], faults);
            Assert.Equal(1, book.Beacons + faults.Count);
        }
    }

    static byte[] Damaged(byte[][] good, Random random)
    {
        if (random.Next(10) == 0)
        {
            byte[] made = new byte[random.Next(Advertisement.BytesMax + 100)];
            random.NextBytes(made);
            if (made.Length > 0 && random.Next(2) == 0) made[0] = 1;
            return made;
        }

        return MutatedBytes.Of(good[random.Next(good.Length)], good[random.Next(good.Length)], random);
    }
}
