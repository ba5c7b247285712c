using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class RemoteScannersTests : IDisposable
{
    const string Own = "edge/scanners";
    const string Uuid = "e2c56db5-dffb-48d2-b060-d0f5a71096e0";

    // As ESPresense 4 writes it (BleFingerprint::fill).
    const string Espresense = """
        {"mac":"c00000000001","id":"iBeacon:e2c56db5-dffb-48d2-b060-d0f5a71096e0-1-2","name":"somebody","rssi@1m":-59,
        "rssi":-82.48,"rxAdj":20,"rssiVar":3.92,"distance":2.66,"var":0.22,"int":666}
        """;

    readonly RemoteScanners _radio;
    readonly Observation[] _into = new Observation[64];

    public RemoteScannersTests()
    {
        var faults = new List<string>();
        _radio = new RemoteScanners("remote", new BeaconShelf(BeaconBook.Of(
        [
            new BeaconRow("T01", $"ibeacon:{Uuid}/1/2"), new BeaconRow("T02", null),
            new BeaconRow("T03", "eddystone:8b0ca750095477cb3e77/000000000001"),
            new BeaconRow("T04", "irk:ec0234a357c8ad05341010a60a397d9b"), new BeaconRow("T05", "mac:C0:00:00:00:00:05"),
            new BeaconRow("T06", "espresense:phone:anna"),
            new BeaconRow("T07", "altbeacon:2F234454CF6D4A0FADF2F4911BA9FFA600010002"),
        ], faults)));
        Assert.Empty(faults);
    }

    public void Dispose() => _radio.Dispose();

    [Fact]
    public void One_reading_or_an_array_of_them_is_taken()
    {
        var now = MonoTime.FromSeconds(5);
        Offer(Own, """{"scanner": "S2", "tag": "T01", "rssi": -61, "t": 12.25, "firmware": {"major": [1, 2]}}""", now);
        Offer(Own, """[{"scanner":"S2","tag":"T02","rssi":-70.5},{"rssi":-71,"tag":"T01","scanner":"S3"}]""", now);
        Assert.Equal(
        [
            Observation.OfRssi(now, "T01", "S2", -61), Observation.OfRssi(now, "T02", "S2", -70.5),
            Observation.OfRssi(now, "T01", "S3", -71),
        ], Drain());
        Assert.Equal(new RadioCounts(3, 0, 0), _radio.Counts);
    }

    [Theory]
    [InlineData($"iBeacon:{Uuid}-1-2", "T01")]
    [InlineData("T02", "T02")] // an alias the node's owner gave
    [InlineData("eddy:8b0ca750095477cb3e77-000000000001", "T03")]
    [InlineData("eddy:8b0ca75009095477cb3e77-000000000001", "T03")] // the fifth byte twice, as nodes do
    [InlineData("irk:ec0234a357c8ad05341010a60a397d9b", "T04")]
    [InlineData("c00000000005", "T05")]
    [InlineData("known:c00000000005", "T05")]
    [InlineData("phone:anna", "T06")]
    [InlineData("altBeacon:2f234454-cf6d-4a0f-adf2-f4911ba9ffa6-1-2", "T07")]
    [InlineData($"iBeacon:{Uuid}-1-3", null)]
    [InlineData("apple:1006:10-12", null)]
    [InlineData("c00000000006", null)]
    public void An_ESPresense_node_s_id_is_its_tag(string id, string? tag)
    {
        var now = MonoTime.FromSeconds(5);
        Offer($"espresense/devices/{id}/kitchen", Espresense, now);
        Assert.Equal(tag is null ? [] : [Observation.OfRssi(now, tag, "kitchen", -82.48) with { Variance = 3.92 }],
            Drain());
        Assert.Equal(tag is null ? 1 : 0, _radio.Remote.Unknown);
        Assert.Equal(0, _radio.Counts.Malformed);
    }

    [Theory]
    [InlineData(Own, "")]
    [InlineData(Own, "null")]
    [InlineData(Own, "[")]
    [InlineData(Own, """{"scanner":"S2","tag":"T01"}""")]
    [InlineData(Own, """{"scanner":"S2","tag":"T01","rssi":"-61"}""")]
    [InlineData(Own, """{"scanner":"S2","tag":"T01","rssi":61}""")]
    [InlineData(Own, """{"scanner":"S2","tag":"T01","rssi":-1e999}""")]
    [InlineData(Own, """{"scanner":"S2","tag":7,"rssi":-61}""")]
    [InlineData(Own, """{"scanner":"","tag":"T01","rssi":-61}""")]
    [InlineData(Own, """{"scanner":"S\u00002","tag":"T01","rssi":-61}""")]
    [InlineData(Own, """{"scanner":"S2","tag":"T01","rssi":-61,"t":"now"}""")]
    [InlineData(Own, """[[{"scanner":"S2","tag":"T01","rssi":-61}]]""")]
    [InlineData("espresense/devices/T02", """{"rssi":-61}""")]
    [InlineData("espresense/devices/T02/kitchen/more", """{"rssi":-61}""")]
    [InlineData("espresense/devices//kitchen", """{"rssi":-61}""")]
    [InlineData("espresense/devices/T02/kitchen", """{"distance":2.66}""")]
    [InlineData("espresense/devices/T02/kitchen", "not_home")]
    public void What_makes_no_sense_is_counted(string topic, string payload)
    {
        Offer(topic, payload, MonoTime.FromSeconds(5));
        Assert.Empty(Drain());
        Assert.Equal(1, _radio.Counts.Malformed);
    }

    [Fact]
    public void Limits_hold()
    {
        string one = """{"scanner":"S2","tag":"T01","rssi":-61}""";
        Offer(Own, $"[{string.Join(',', Enumerable.Repeat(one, RemoteParser.ReadingsMax + 1))}]",
            MonoTime.FromSeconds(1));
        Assert.Equal((RemoteParser.ReadingsMax, 1), (_radio.Counts.Observations, _radio.Counts.Malformed));
        Offer(Own, one + new string(' ', RemoteParser.MessageBytesMax), MonoTime.FromSeconds(1));
        Assert.Equal(2, _radio.Counts.Malformed);
        for (int i = 0; i < 10_000; i++)
            Offer(Own, $$"""{"scanner":"S{{i}}","tag":"T01","rssi":-61,"t":1}""", MonoTime.FromSeconds(2));
        Assert.Equal(RemoteParser.ReadingsMax + 10_000 - 4096, _radio.Counts.Overrun);
    }

    [Fact]
    public void A_scanner_s_own_stamps_take_the_network_s_jitter_away()
    {
        var random = new Random(3);
        double worstS = 0;
        for (int i = 0; i < 2000; i++)
        {
            double sentS = i * 0.1;
            double lateS = 0.003 + (random.NextDouble() < 0.2 ? 0.4 * random.NextDouble() : 0.01 * random.NextDouble());
            // The scanner's zero is its own start, and its crystal is 40 ppm fast.
            string stamp = (sentS * 1.00004 + 777).ToString("F4", System.Globalization.CultureInfo.InvariantCulture);
            Offer(Own, $$"""{"scanner":"S2","tag":"T01","rssi":-61,"t":{{stamp}}}""",
                MonoTime.FromSeconds(1000 + sentS + lateS));
            var at = Assert.Single(Drain()).At;
            if (i >= 50) worstS = Math.Max(worstS, Math.Abs(at.Seconds - 1000 - sentS));
        }

        // The shortest way, 3 to 4 ms, and 2.4 ms of drift are left of 400 ms.
        Assert.InRange(worstS, 0, 0.010);
        Assert.InRange(_radio.Remote.Stamped, 1980, 2000);
    }

    [Fact]
    public void A_clock_that_was_set_or_stamps_at_random_is_not_believed()
    {
        void Send(double t, double arrivedS) => Offer(Own, string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $$"""{"scanner":"S2","tag":"T01","rssi":-61,"t":{{t}}}"""), MonoTime.FromSeconds(arrivedS));
        for (int i = 0; i < 20; i++) Send(i, 100 + i);
        long stamped = _radio.Remote.Stamped;
        Assert.Equal(11, stamped); // the tenth is the first to be believed
        Drain();
        Send(1e9, 121); // a wrong one: on arrival
        Assert.Equal(121, Assert.Single(Drain()).At.Seconds);
        Assert.Equal(stamped, _radio.Remote.Stamped);
        for (int i = 0; i < 20; i++) Send(5000 + i, 122 + i); // it was started anew
        Assert.True(_radio.Remote.Stamped > stamped);
        Assert.Equal(Enumerable.Range(122, 20).Select(s => (double)s), Drain().Select(one => one.At.Seconds));

        var random = new Random(4);
        long before = _radio.Remote.Stamped;
        for (int i = 0; i < 500; i++) Send(random.NextDouble() * 1e6, 200 + i);
        foreach (var one in Drain()) Assert.True(one.At.Seconds >= 190); // never far from its arrival
        Assert.InRange(_radio.Remote.Stamped - before, 0, 5);
    }

    [Fact]
    public void Readings_come_out_in_the_order_they_were_taken()
    {
        for (int i = 0; i < 20; i++)
            Offer(Own, $$"""{"scanner":"S2","tag":"T01","rssi":-61,"t":{{i}}}""", MonoTime.FromSeconds(100 + i));
        Offer(Own, """{"scanner":"S3","tag":"T01","rssi":-70}""", MonoTime.FromSeconds(121));
        Offer(Own, """{"scanner":"S2","tag":"T01","rssi":-62,"t":20}""", MonoTime.FromSeconds(122)); // 2 s late
        Assert.Equal(22, _radio.Drain(MonoTime.FromSeconds(200), _into));
        Assert.Equal([120.0, 121.0], _into[20..22].Select(one => one.At.Seconds));
        Assert.Equal("S2", _into[20].Station);
    }

    [Fact]
    public void A_recording_gives_the_same_readings_and_holds_no_strangers()
    {
        using var folder = new ScratchFolder();
        var shelf = new BeaconShelf(BeaconTests.Book(("T01", $"ibeacon:{Uuid}/1/2"), ("T02", "mac:000000000002")));
        var uri = RadioUri.Parse($"mqtt-scanners:edge/scanners?record={folder.File("remote.raw")}");
        var heard = new List<Observation>();
        using (var live = BleRadio.OpenRemote(uri, shelf, NullLogger.Instance))
        {
            for (int i = 0; i < 40; i++)
            {
                var now = MonoTime.FromSeconds(1000 + i + (0.1 * (i % 3)));
                string own = $$"""{"scanner":"S2","tag":"T02","rssi":-{{60 + i}},"t":{{i}}}""";
                live.Offer(Own, Encoding.UTF8.GetBytes(own), now);
                live.Offer("espresense/devices/apple:1006:10-12/hall", Encoding.UTF8.GetBytes(Espresense), now);
                live.Offer($"espresense/devices/iBeacon:{Uuid}-1-2/hall", Encoding.UTF8.GetBytes(Espresense), now);
                heard.AddRange(_into[..live.Drain(now, _into)]);
            }

            Assert.Equal(40, live.Remote.Unknown);
        }

        Assert.DoesNotContain("apple", File.ReadAllText(folder.File("remote.raw")), StringComparison.Ordinal);
        using var replay = ReplayedRadio.Open(folder.File("remote.raw"), MonoTime.FromSeconds(1000),
            kind => BleRadio.ParserFor(kind, shelf), NullLogger.Instance);
        var again = new List<Observation>();
        while (replay.Drain(new MonoTime(long.MaxValue), _into) is > 0 and var count) again.AddRange(_into[..count]);
        Assert.Equal(80, heard.Count);
        Assert.Equal(InOrder(heard), InOrder(again));
    }

    static IEnumerable<Observation> InOrder(List<Observation> readings) =>
        readings.OrderBy(one => one.At).ThenBy(one => one.Tag);

    void Offer(string topic, string payload, MonoTime arrived) =>
        _radio.Offer(topic, Encoding.UTF8.GetBytes(payload), arrived);

    List<Observation> Drain()
    {
        var all = new List<Observation>();
        while (_radio.Drain(new MonoTime(long.MaxValue), _into) is > 0 and var count) all.AddRange(_into[..count]);
        return all;
    }
}
