using System.Collections.Immutable;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>The radios that the settings name, and the book of beacons they share.</summary>
sealed partial class Radioset : IDisposable
{
    readonly BeaconShelf _shelf = new(BeaconBook.Empty);
    readonly ScanCounts _scans = new();
    readonly List<IRadio> _each = [];
    readonly List<(RemoteScanners, string)> _remote = [];
    readonly ILogger _log;

    Radioset(ILogger log) => _log = log;

    /// <summary>All as one; null without any.</summary>
    public IRadio? Radio { get; private set; }

    public ImmutableArray<IRadio> Each => [.. _each];

    /// <summary>Scanners elsewhere, with their topic.</summary>
    public ImmutableArray<(RemoteScanners Scanners, string Topic)> Remote => [.. _remote];

    /// <param name="world">the twin behind a <c>twin://</c> camera, which brings a radio; null with another</param>
    /// <param name="epoch">a recording's time 0 on the one clock</param>
    /// <exception cref="InvalidDataException">a recording cannot be used</exception>
    /// <exception cref="Drivers.DeviceException">a folder to record to is missing</exception>
    public static Radioset Open(SiteSettings site, TwinWorld? world, MonoTime epoch, ILogger log)
    {
        var set = new Radioset(log);
        try
        {
            foreach (string address in Addresses(site, world is not null))
                set._each.Add(set.Open(RadioUri.Parse(address), world, epoch));
        }
        catch
        {
            set.Dispose();
            throw;
        }

        set.Radio = set._each.Count switch { 0 => null, 1 => set._each[0], _ => new MergedRadio(set._each) };
        return set;
    }

    /// <summary>The beacons of this registry are heard from the next advertisement on; strangers never are.</summary>
    public void Use(TagRegistry registry)
    {
        var faults = new List<string>();
        _shelf.Book = BeaconBook.Of(registry.Beacons().Select(row => new BeaconRow(row.Tag, row.Beacon)), faults);
        foreach (string fault in faults) BeaconLeftOut(_log, fault);
    }

    public void Dispose()
    {
        foreach (var radio in _each) radio.Dispose();
    }

    static IEnumerable<string> Addresses(SiteSettings site, bool isTwin)
    {
        if (site.Tags is { } tags) yield return tags == SiteSettings.Twin ? tags : $"file:{tags}";
        else if (isTwin && site.Radios.IsEmpty) yield return SiteSettings.Twin;
        foreach (string address in site.Radios) yield return address;
    }

    IRadio Open(RadioUri uri, TwinWorld? world, MonoTime epoch)
    {
        switch (uri.Scheme)
        {
            case RadioScheme.Twin:
                return new TwinRadio(world ?? throw new InvalidDataException("twin: only a twin:// camera has one"),
                    epoch);
            case RadioScheme.Ble:
                return BleRadio.Open(uri, _shelf, _scans, _log);
            case RadioScheme.MqttScanners:
                var scanners = BleRadio.OpenRemote(uri, _shelf, _log);
                _remote.Add((scanners, uri.Target));
                return scanners;
            default:
                return Radios.Open(uri, epoch, _log, kind => BleRadio.ParserFor(kind, _shelf));
        }
    }

    [LoggerMessage(4370, LogLevel.Warning, "{Fault}: it is not heard")]
    static partial void BeaconLeftOut(ILogger log, string fault);
}
