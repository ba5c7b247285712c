using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>Where radio readings come from.</summary>
public enum RadioScheme
{
    /// <summary><c>dwm1001:///dev/ttyACM0</c>: a DWM1001 module's shell.</summary>
    Dwm1001,

    /// <summary><c>dwm1001-tlv:///dev/ttyACM0</c>: a DWM1001 module's binary interface.</summary>
    Dwm1001Tlv,

    /// <summary><c>dwm3001:///dev/ttyACM0</c>: Qorvo's command line firmware on a DWM3001CDK or QM33 board.</summary>
    Dwm3001,

    /// <summary><c>ranges:///dev/ttyUSB0</c>: lines of readings, from anything that prints them.</summary>
    Ranges,

    /// <summary><c>ble://hci0</c>: a Bluetooth adapter that scans.</summary>
    Ble,

    /// <summary><c>mqtt-scanners:TOPIC</c>: scanners elsewhere, over the broker.</summary>
    MqttScanners,

    /// <summary><c>replay:PATH</c>: a raw recording.</summary>
    Replay,

    /// <summary><c>file:PATH.csv</c>: recorded fixes.</summary>
    File,

    /// <summary><c>twin</c>: the simulated world of a <c>twin://</c> camera.</summary>
    Twin,
}

/// <summary>A radio's address: <c>SCHEME:TARGET?OPTION=VALUE&amp;…</c>. It holds no secrets.</summary>
public sealed class RadioUri
{
    const int NameMax = 64;
    const int BaudMin = 1200;
    const int BaudMax = 4_000_000;

    static readonly Row[] Rows =
    [
        new("dwm1001", RadioScheme.Dwm1001, Kind.Device, ["baud", "tag", "api", "rate", "record"]),
        new("dwm1001-tlv", RadioScheme.Dwm1001Tlv, Kind.Device, ["baud", "tag", "rate", "record"]),
        new("dwm3001", RadioScheme.Dwm3001, Kind.Device, ["baud", "tag", "station", "azimuth", "start", "record"]),
        new("ranges", RadioScheme.Ranges, Kind.Device, ["baud", "start", "record"]),
        new("ble", RadioScheme.Ble, Kind.Adapter, ["station", "record"]),
        new("mqtt-scanners", RadioScheme.MqttScanners, Kind.Topic, ["record"]),
        new("replay", RadioScheme.Replay, Kind.Path, []),
        new("file", RadioScheme.File, Kind.Path, []),
        new("twin", RadioScheme.Twin, Kind.Nothing, []),
    ];

    readonly Dictionary<string, string> _options;

    RadioUri(RadioScheme scheme, string driver, string target, Dictionary<string, string> options, string shown)
    {
        Scheme = scheme;
        Driver = driver;
        Target = target;
        _options = options;
        Shown = shown;
    }

    enum Kind { Device, Adapter, Topic, Path, Nothing }

    public RadioScheme Scheme { get; }

    /// <summary>The scheme as it is written: what a raw recording is marked with.</summary>
    public string Driver { get; }

    /// <summary>The device's or file's path, the adapter's name or the topic; empty for the twin.</summary>
    public string Target { get; }

    /// <summary>For people: the whole address.</summary>
    public string Shown { get; }

    /// <summary>False for a recording and the twin.</summary>
    public bool IsLive => Scheme is not (RadioScheme.Replay or RadioScheme.File or RadioScheme.Twin);

    /// <summary>Bits a second of a serial port.</summary>
    public int Baud => Option("baud") is { } baud ? int.Parse(baud, CultureInfo.InvariantCulture) : 115200;

    /// <summary>Readings asked for, a second, of a module that answers only when asked.</summary>
    public double Rate => Option("rate") is { } rate ? double.Parse(rate, CultureInfo.InvariantCulture) : 10;

    /// <summary>Where the raw bytes are recorded; null: nowhere.</summary>
    public string? Record => Option("record");

    /// <summary>What the module is called where its readings do not say: an option, else the device's name.</summary>
    public string Own => Option("tag") ?? Option("station") ?? System.IO.Path.GetFileName(Target);

    /// <summary>An option's value, decoded; null when it is not given.</summary>
    public string? Option(string name) => _options.GetValueOrDefault(name);

    /// <exception cref="DeviceException">not an address: says what is wrong and what is known</exception>
    public static RadioUri Parse(string text) => TryParse(text, out var uri, out string? fault)
        ? uri
        : throw new DeviceException(text, "radio address", fault) { IsFinal = true };

    /// <summary>The address, or what is wrong with it.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out RadioUri? uri, [NotNullWhen(false)] out string? fault)
    {
        uri = null;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string scheme = (colon < 0 ? text : text[..colon]).ToLowerInvariant();
        var row = Array.Find(Rows, known => known.Scheme == scheme);
        if (row is null || (colon < 0 && row.Kind != Kind.Nothing))
        {
            fault = "unknown kind of radio: dwm1001:///dev/ttyACM0, dwm1001-tlv:///dev/ttyACM0, "
                + "dwm3001:///dev/ttyACM0, ranges:///dev/ttyUSB0, ble://hci0, mqtt-scanners:TOPIC, replay:PATH, "
                + "file:PATH.csv and twin are known";
            return false;
        }

        string rest = colon < 0 ? "" : text[(colon + 1)..];
        // A file's name may have a question mark in it, and a file needs no options.
        int query = row.Options.Length == 0 ? -1 : rest.IndexOf('?', StringComparison.Ordinal);
        string target = query < 0 ? rest : rest[..query];
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        fault = TargetFault(row, ref target) ?? (query < 0 ? null : ReadOptions(row, rest[(query + 1)..], options));
        if (fault is not null) return false;
        var kind = row.Means;
        if (options.GetValueOrDefault("api") == "tlv") (kind, scheme) = (RadioScheme.Dwm1001Tlv, "dwm1001-tlv");
        uri = new RadioUri(kind, scheme, target, options, text);
        return true;
    }

    public override string ToString() => Shown;

    static string? TargetFault(Row row, ref string target)
    {
        string bare = target.StartsWith("//", StringComparison.Ordinal) ? target[2..] : target;
        switch (row.Kind)
        {
            case Kind.Device:
                target = bare;
                return bare.StartsWith("/dev/", StringComparison.Ordinal) ? null
                    : $"not a device: {row.Scheme}:///dev/ttyACM0, with three slashes";
            case Kind.Adapter:
                target = bare;
                return bare.Length > 0 && !bare.Contains('/', StringComparison.Ordinal) ? null
                    : "not an adapter: ble://hci0 is the first one";
            case Kind.Topic:
                return target.Length > 0 ? null : "without a topic: mqtt-scanners:site/scanners/#";
            case Kind.Path:
                if (bare.StartsWith('/')) target = bare;
                return target.Length > 0 ? null : $"{row.Scheme}: without a path: {row.Scheme}:FILE";
            default:
                return target.Trim('/').Length == 0 ? null
                    : "twin has nothing behind it: the world is the twin:// camera's";
        }
    }

    static string? ReadOptions(Row row, string query, Dictionary<string, string> options)
    {
        foreach (string part in query.Split('&'))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? part : part[..equals];
            string known = string.Join(", ", row.Options);
            if (!row.Options.Contains(name)) return $"unknown option '{name}': {row.Scheme} knows {known}";
            string value = equals < 0 ? "" : Uri.UnescapeDataString(part[(equals + 1)..]);
            if (!options.TryAdd(name, value)) return $"option {name} stands there twice";
            if (OptionFault(name, value) is { } fault) return fault;
        }

        return options.ContainsKey("tag") && options.ContainsKey("station")
            ? "tag and station together: the board is the tag, and its peers the anchors, or the other way round"
            : null;
    }

    static string? OptionFault(string name, string value) => name switch
    {
        "baud" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int baud)
            && baud is >= BaudMin and <= BaudMax ? null : $"baud is '{value}': {BaudMin} to {BaudMax}, usually 115200",
        "rate" => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate)
            && rate is >= .01 and <= 10 ? null : $"rate is '{value}': .01 to 10 a second",
        "api" => value is "shell" or "tlv" ? null : $"api is '{value}': shell or tlv",
        "azimuth" => value is "left" or "right" ? null : $"azimuth is '{value}': left or right, where it grows to",
        "tag" or "station" => value.Length is > 0 and <= NameMax && value.All(c => c is > ' ' and <= '~' and not ',')
            ? null : $"{name} is '{value}': 1 to {NameMax} letters without spaces and commas",
        _ => value.Length > 0 && !value.Any(char.IsControl) ? null : $"{name} is empty",
    };

    sealed record Row(string Scheme, RadioScheme Means, Kind Kind, string[] Options);
}
