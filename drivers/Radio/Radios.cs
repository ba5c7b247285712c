using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// Opens the radios whose drivers need nothing but an address: those on serial ports, and recordings. Which parser
/// reads a driver's bytes is one table for live and recorded ones.
/// </summary>
public static class Radios
{
    /// <param name="epoch">a recording's time 0 on the one clock</param>
    /// <param name="others">parsers of drivers that are opened elsewhere, for their raw recordings</param>
    /// <exception cref="DeviceException">a kind not opened here, or the folder to record to is missing</exception>
    /// <exception cref="InvalidDataException">a recording cannot be used</exception>
    /// <exception cref="IOException">a recording cannot be read</exception>
    public static IRadio Open(
        RadioUri uri, MonoTime epoch, ILogger log, Func<RawKind, IRawParser?>? others = null)
    {
        switch (uri.Scheme)
        {
            case RadioScheme.File:
                return RecordedFixes.Open(uri.Target, epoch, log);
            case RadioScheme.Replay:
                return ReplayedRadio.Open(uri.Target, epoch, kind => ParserFor(kind) ?? others?.Invoke(kind), log);
            case RadioScheme.Dwm1001 or RadioScheme.Dwm1001Tlv or RadioScheme.Dwm3001 or RadioScheme.Ranges:
                var kind = KindOf(uri);
                return new LiveRadio(uri.Shown, Recorded(() => OpenSession(uri, log), uri, kind, log),
                    ParserFor(kind)!, new LiveRadioOptions(), log);
            default:
                throw new DeviceException(uri.Shown, "open", $"{uri.Driver} is not opened by its address alone")
                {
                    IsFinal = true,
                };
        }
    }

    /// <summary>The parser of a serial driver's bytes; null for a driver that is none.</summary>
    public static IRawParser? ParserFor(RawKind kind)
    {
        // The driver and its options are an address without its device: read by the same rules.
        if (!RadioUri.TryParse($"{kind.Driver}:///dev/module?{kind.Options}".TrimEnd('?'), out var uri, out _))
            return null;
        return uri.Scheme switch
        {
            RadioScheme.Dwm1001 => new Dwm1001ShellParser(uri.Own),
            RadioScheme.Dwm1001Tlv => new Dwm1001TlvParser(uri.Own),
            RadioScheme.Dwm3001 => new QorvoCliParser(
                uri.Own, uri.Option("tag") is not null, uri.Option("azimuth") == "right"),
            RadioScheme.Ranges => new RangeLinesParser(),
            _ => null,
        };
    }

    /// <summary>The opener itself, or one whose sessions are recorded where the address says so.</summary>
    /// <exception cref="DeviceException">the folder to record to is missing</exception>
    public static Func<IRawSource> Recorded(Func<IRawSource> open, RadioUri uri, RawKind kind, ILogger log)
    {
        if (uri.Record is not { } path) return open;
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
        {
            throw new DeviceException(uri.Shown, "record", $"no folder {folder}: make it, or record elsewhere")
            {
                IsFinal = true,
            };
        }

        var recording = new RawRecording(path, kind, new RawRecordingOptions(), log);
        return () => recording.Of(open());
    }

    /// <summary>What a recording of this address is marked with: all its parser needs, names included.</summary>
    static RawKind KindOf(RadioUri uri)
    {
        string own = Uri.EscapeDataString(uri.Own);
        string azimuth = uri.Option("azimuth") is { } way ? $"&azimuth={way}" : "";
        return new RawKind(uri.Driver, uri.Scheme switch
        {
            RadioScheme.Ranges => "",
            RadioScheme.Dwm3001 when uri.Option("tag") is null => $"station={own}{azimuth}",
            _ => $"tag={own}{azimuth}",
        });
    }

    static IRawSource OpenSession(RadioUri uri, ILogger log)
    {
        IRawSource port = new SerialPort(uri.Target, uri.Baud);
        return uri.Scheme switch
        {
            RadioScheme.Dwm1001Tlv => new Dwm1001Poller(port, TimeSpan.FromSeconds(1 / uri.Rate), log),
            RadioScheme.Dwm3001 => new PromptedSource(port, Prompt.QorvoCli(uri.Option("start")), log),
            RadioScheme.Ranges => new PromptedSource(port, Prompt.RangeLines(uri.Option("start")), log),
            _ => new PromptedSource(port, Prompt.Dwm1001Shell, log),
        };
    }
}
