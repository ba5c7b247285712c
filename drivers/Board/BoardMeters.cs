using System.Globalization;

namespace EdgeAppliance.Drivers.Board;

/// <summary>What a board says of itself. Null: it has no such meter, or the meter does not answer.</summary>
/// <param name="Degrees">of its hottest part, Celsius</param>
/// <param name="Watts">taken in by the whole board</param>
public readonly record struct BoardReading(double? Degrees, double? Watts);

/// <summary>
/// Heat and power from the kernel's own files: thermal zones (Documentation/driver-api/thermal/sysfs-api.rst), and the
/// INA3221 of a Jetson as a hwmon device, whose channels are named by their rails.
/// </summary>
public sealed class BoardMeters
{
    /// <summary>A zone whose part is switched off answers with a fault, or with a heat nothing has.</summary>
    const double DegreesLeast = -40, DegreesMost = 150;

    /// <summary>Rails that carry the whole board, as Orin, Xavier NX, AGX Xavier and Nano call them.</summary>
    static readonly string[] Whole = ["VDD_IN", "5V_IN", "POM_5V_IN", "SYS5V_IN"];

    const int ChannelsMax = 8;

    readonly string _zones;
    readonly string _monitors;

    /// <param name="root">the root of the file system: another one in tests</param>
    public BoardMeters(string root = "/")
    {
        _zones = Path.Combine(root, "sys/class/thermal");
        _monitors = Path.Combine(root, "sys/class/hwmon");
    }

    /// <summary>Reads anew; a few files of the kernel's, well below a millisecond.</summary>
    public BoardReading Read() => new(Degrees(), Watts());

    double? Degrees()
    {
        double? most = null;
        foreach (string zone in Folders(_zones, "thermal_zone*"))
        {
            double? degrees = Number(Path.Combine(zone, "temp")) / 1000; // millidegrees
            if (degrees is >= DegreesLeast and <= DegreesMost && !(most >= degrees)) most = degrees;
        }

        return most;
    }

    double? Watts()
    {
        foreach (string monitor in Folders(_monitors, "hwmon*"))
        {
            for (int channel = 1; channel <= ChannelsMax; channel++)
            {
                string? rail = Text(Path.Combine(monitor, $"in{channel}_label"));
                if (rail is null || !Whole.Contains(rail)) continue;
                double? volts = Number(Path.Combine(monitor, $"in{channel}_input")) / 1000; // millivolts
                double? amperes = Number(Path.Combine(monitor, $"curr{channel}_input")) / 1000; // milliamperes
                if (volts * amperes is { } watts) return watts;
            }
        }

        return null;
    }

    static IEnumerable<string> Folders(string below, string pattern) =>
        Directory.Exists(below) ? Directory.EnumerateDirectories(below, pattern) : [];

    static double? Number(string file) =>
        double.TryParse(Text(file), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    static string? Text(string file)
    {
        try { return File.Exists(file) ? File.ReadAllText(file).Trim() : null; }
        // A zone that is off, a device just gone: the kernel answers EAGAIN, EINVAL, ENODEV.
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException) { return null; }
    }
}
