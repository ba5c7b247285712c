using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>The real binding to sd-bus on a real bus; only bluetoothd's objects are made up.</summary>
public sealed class BluezTests
{
    const string Tag = "T01", Beacon = "C0:00:00:00:00:01";

    // Apple's own sample identity, major 1, minor 2.
    const string IBeacon = "manufacturer 4c 0215e2c56db5dffb48d2b060d0f5a71096e000010002c5";
    const string EddystoneUid = "0000feaa-0000-1000-8000-00805f9b34fb 00ee8b0ca750095477cb3e770000000000010000";

    readonly ScanCounts _counts = new();

    [SkippableFact]
    public void Powers_are_heard_exactly_as_they_were_sent()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        using var source = Open(bluez);
        Assert.Equal("bluez:hci0", source.Name);
        Assert.Equal("DuplicateData=1 Transport=le", bluez.Ask("get hci0 DiscoveryFilter"));
        Assert.Equal("1", bluez.Ask("get hci0 Discovering"));

        bluez.Say($"device hci0 {Beacon}");
        int[] sent = [-60, -71, -71, -48, -99, -60];
        foreach (int dbm in sent) bluez.Say($"heard hci0 {Beacon} {dbm} {IBeacon}");
        bluez.Say($"heard hci0 {Beacon} - {IBeacon}"); // the same power once more: BlueZ tells of the data only

        var parser = new BeaconParser(Shelf("ibeacon:E2C56DB5-DFFB-48D2-B060-D0F5A71096E0/1/2"), "S1");
        var heard = Hear(source, parser, sent.Length + 1);
        Assert.Equal([.. sent.Select(dbm => (double)dbm), -60], heard.Select(one => one.Value));
        Assert.All(heard, one => Assert.Equal((Tag, "S1"), (one.Tag, one.Station)));
        // The device's first appearance came with a power and no beacon yet.
        Assert.Equal((0, 1), (parser.Malformed, parser.Counts.Unknown));
        Assert.Equal(sent.Length + 2, _counts.Heard);
    }

    [SkippableFact]
    public void Service_data_and_addresses_name_a_tag_too()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        using var source = Open(bluez);
        var byFrame = new BeaconParser(Shelf("eddystone:8b0ca750095477cb3e77/000000000001"), "S1");
        bluez.Say($"device hci0 {Beacon}");
        bluez.Say($"heard hci0 {Beacon} -50 service {EddystoneUid}");
        Assert.Equal(-50, Assert.Single(Hear(source, byFrame, 1)).Value);

        var byAddress = new BeaconParser(Shelf($"mac:{Beacon}"), "S1");
        bluez.Say($"heard hci0 {Beacon} -51");
        Assert.Equal(-51, Assert.Single(Hear(source, byAddress, 1)).Value);
    }

    [SkippableFact]
    public void What_bluetoothd_remembers_from_before_was_not_heard()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        bluez.Say($"device hci0 {Beacon}");
        using var source = Open(bluez);
        bluez.Say($"heard hci0 {Beacon} -52");
        var parser = new BeaconParser(Shelf($"mac:{Beacon}"), "S1");
        Assert.Equal(-52, Assert.Single(Hear(source, parser, 1)).Value);
        Assert.Equal(1, _counts.Heard);
    }

    [SkippableFact]
    public void Of_two_adapters_the_first_by_name_or_the_named_one_scans()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci1");
        bluez.Say("adapter hci0");
        using (var first = Open(bluez)) Assert.Equal("bluez:hci0", first.Name);
        using var named = new BluezSource(
            new BluezOptions { BusAddress = bluez.Address, Adapter = "hci1" }, _counts, NullLogger.Instance);
        Assert.Equal("1", bluez.Ask("get hci1 Discovering"));
        bluez.Say($"device hci0 {Beacon}"); // the other one's
        bluez.Say($"device hci1 {Beacon}");
        bluez.Say($"heard hci0 {Beacon} -50");
        bluez.Say($"heard hci1 {Beacon} -51");
        var heard = Hear(named, new BeaconParser(Shelf($"mac:{Beacon}"), "S1"), 2);
        Assert.Equal([-79, -51], heard.Select(one => one.Value)); // the mock's first power is always -79
    }

    [SkippableFact]
    public void A_switched_off_adapter_is_switched_on()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        bluez.Say("set hci0 Powered false");
        using var source = Open(bluez);
        Assert.Equal("1", bluez.Ask("get hci0 Powered"));
    }

    [SkippableFact]
    public void Discovery_that_others_stopped_is_started_again()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        using var source = Open(bluez);
        bluez.Say("set hci0 Discovering false");
        Read(source, until: () => _counts.Resumed > 0);
        Assert.Equal("1", bluez.Ask("get hci0 Discovering"));
    }

    [SkippableFact]
    public void A_deaf_controller_is_started_anew()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        using var source = new BluezSource(
            new BluezOptions { BusAddress = bluez.Address, Silence = TimeSpan.FromSeconds(1) }, _counts,
            NullLogger.Instance);
        Read(source, until: () => _counts.Nudged > 0);
        Assert.Equal("1", bluez.Ask("get hci0 Discovering"));
    }

    [SkippableFact]
    public void Unplugged_and_switched_off_end_the_session_with_a_remedy()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        using (var source = Open(bluez))
        {
            bluez.Say("remove hci0");
            var gone = Assert.Throws<DeviceException>(() => Read(source, until: () => false));
            Assert.Contains("plug it in again", gone.Message, StringComparison.Ordinal);
        }

        bluez.Say("adapter hci0");
        using (var source = Open(bluez))
        {
            bluez.Say("set hci0 Powered false");
            var off = Assert.Throws<DeviceException>(() => Read(source, until: () => false));
            Assert.Contains("rfkill unblock bluetooth", off.Message, StringComparison.Ordinal);
            Assert.False(off.IsFinal);
        }
    }

    [SkippableTheory]
    [InlineData("StartDiscovery", "org.bluez.Error.NotReady Resource not ready", "rfkill unblock bluetooth")]
    [InlineData("StartDiscovery", "org.bluez.Error.Blocked Blocked through rfkill", "rfkill unblock bluetooth")]
    [InlineData("StartDiscovery", "org.freedesktop.DBus.Error.AccessDenied Rejected", "usermod -aG bluetooth")]
    [InlineData("StartDiscovery", "org.bluez.Error.Failed Internal error", "Internal error (org.bluez.Error.Failed)")]
    public void A_refusal_is_told_in_its_own_words_and_with_a_remedy(string member, string refusal, string told)
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        bluez.Say($"refuse hci0 {member} {refusal}");
        var fault = Assert.Throws<DeviceException>(() => Open(bluez));
        Assert.Contains(told, fault.Message, StringComparison.Ordinal);
        Assert.Equal(member, fault.Call);
        Assert.False(fault.IsFinal);
    }

    [SkippableFact]
    public void No_adapter_no_daemon_and_no_bus_are_told_apart()
    {
        string away;
        using (var bluez = new MockBluez(isStarted: false))
        {
            away = bluez.Address;
            var noDaemon = Assert.Throws<DeviceException>(() => Open(bluez));
            Assert.Contains("apt-get install bluez", noDaemon.Message, StringComparison.Ordinal);

            bluez.Say("start");
            var none = Assert.Throws<DeviceException>(() => Open(bluez));
            Assert.Contains("no Bluetooth adapter: plug one in", none.Message, StringComparison.Ordinal);

            bluez.Say("adapter hci0");
            var other = Assert.Throws<DeviceException>(() => new BluezSource(
                new BluezOptions { BusAddress = bluez.Address, Adapter = "hci3" }, _counts, NullLogger.Instance));
            Assert.Contains("no Bluetooth adapter hci3", other.Message, StringComparison.Ordinal);
        }

        var noBus = Assert.Throws<DeviceException>(
            () => new BluezSource(new BluezOptions { BusAddress = away }, _counts, NullLogger.Instance));
        Assert.Contains("apt-get install dbus", noBus.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_live_radio_outlives_adapter_and_daemon()
    {
        using var bluez = new MockBluez();
        bluez.Say("adapter hci0");
        using var radio = new LiveRadio("ble", () => Open(bluez), new BeaconParser(Shelf($"mac:{Beacon}"), "S1"),
            new LiveRadioOptions { Reconnect = new ReconnectOptions { PauseMax = TimeSpan.FromSeconds(0.3) } },
            NullLogger.Instance);
        Wait(() => bluez.Ask("get hci0 Discovering") == "1");
        bluez.Say($"device hci0 {Beacon}");
        HearUntil(bluez, radio, -40);

        bluez.Say("remove hci0");
        Wait(() => radio.State == RadioState.Lost);
        bluez.Say("adapter hci0");
        Wait(() => bluez.Ask("get hci0 Discovering") == "1");
        HearUntil(bluez, radio, -41);

        bluez.Say("stop");
        Wait(() => radio.State == RadioState.Lost);
        bluez.Say("start");
        bluez.Say("adapter hci0");
        Wait(() => bluez.Ask("get hci0 Discovering") == "1");
        bluez.Say($"device hci0 {Beacon}");
        HearUntil(bluez, radio, -42);
        Assert.True(radio.Reconnects >= 2);
        Assert.True(radio.Faults >= 2);
    }

    BluezSource Open(MockBluez bluez) =>
        new(new BluezOptions { BusAddress = bluez.Address }, _counts, NullLogger.Instance);

    static BeaconShelf Shelf(string beacon)
    {
        var faults = new List<string>();
        var book = BeaconBook.Of([new BeaconRow(Tag, beacon)], faults);
        Assert.Empty(faults);
        return new BeaconShelf(book);
    }

    static List<Observation> Hear(BluezSource source, BeaconParser parser, int count)
    {
        var heard = new List<Observation>();
        Read(source, until: () => heard.Count >= count, (at, bytes) => parser.Take(at, bytes, heard));
        return heard;
    }

    static void Read(BluezSource source, Func<bool> until, Action<MonoTime, byte[]>? take = null)
    {
        byte[] into = new byte[Advertisement.BytesMax];
        Wait(() =>
        {
            int count = source.Read(into, TimeSpan.FromMilliseconds(50), out var at);
            if (count > 0) take?.Invoke(at, into[..count]);
            return until();
        });
    }

    static void HearUntil(MockBluez bluez, LiveRadio radio, int dbm)
    {
        var into = new Observation[16];
        bluez.Say($"heard hci0 {Beacon} {dbm}");
        Wait(() => into[..radio.Drain(MonoTime.Now, into)].Any(one => one.Value == dbm));
    }

    static void Wait(Func<bool> isSo)
    {
        long until = Environment.TickCount64 + 60_000;
        while (!isSo())
        {
            Assert.True(Environment.TickCount64 < until, "it did not come about within a minute");
            Thread.Sleep(5);
        }
    }
}
