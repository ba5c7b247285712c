using EdgeAppliance.Drivers.Radio.Recorded;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>Opens the radios that need a book of beacons: a local adapter, other scanners, their recordings.</summary>
public static class BleRadio
{
    const string Adapter = "ble", Remote = "mqtt-scanners";

    /// <summary>A local adapter that scans for ever: <c>ble://hci0?station=S1&amp;record=PATH</c>.</summary>
    /// <param name="counts">what scanning met with, over all sessions</param>
    /// <exception cref="DeviceException">the folder to record to is missing</exception>
    public static LiveRadio Open(RadioUri uri, BeaconShelf shelf, ScanCounts counts, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var options = new BluezOptions { Adapter = uri.Target };
        var kind = new RawKind(Adapter, $"station={Uri.EscapeDataString(uri.Own)}");
        // Strangers are left out before anything is written.
        IRawSource Session() => new KnownOnly(new BluezSource(options, counts, log), shelf);
        var open = Radios.Recorded(Session, uri, kind, log);
        var parser = new BeaconParser(shelf, uri.Own);
        counts.Follow(parser);
        return new LiveRadio(uri.Shown, open, parser, new LiveRadioOptions(), log);
    }

    /// <summary>Other scanners: <c>mqtt-scanners:TOPIC?record=PATH</c>; the caller subscribes and offers.</summary>
    public static RemoteScanners OpenRemote(RadioUri uri, BeaconShelf shelf, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var recording = uri.Record is { } path
            ? new RawRecording(path, new RawKind(Remote, ""), new RawRecordingOptions(), log) : null;
        return new RemoteScanners(uri.Shown, shelf, recording);
    }

    /// <summary>The parser of a recording's bytes; null for one of another driver.</summary>
    public static IRawParser? ParserFor(RawKind kind, BeaconShelf shelf)
    {
        ArgumentNullException.ThrowIfNull(kind);
        if (kind.Driver == Remote) return new RemoteParser(shelf);
        if (kind.Driver != Adapter || !RadioUri.TryParse($"ble://any?{kind.Options}".TrimEnd('?'), out var uri, out _))
            return null;
        return new BeaconParser(shelf, uri.Own);
    }
}
