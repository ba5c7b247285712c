using System.Globalization;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// What <c>twin://NAME?seed=1&amp;fps=25&amp;quantiser=23&amp;size=1280x720&amp;pace=real&amp;seconds=20</c> asks for.
/// Every part after the name may be left out.
/// </summary>
public sealed record TwinAddress
{
    const string Scheme = "twin:";

    /// <summary>One of <see cref="TwinWorld.Names"/>.</summary>
    public required string Name { get; init; }

    public int Seed { get; init; } = 1;

    /// <summary>Frames a second, 1 to 120.</summary>
    public double FrameRate { get; init; } = 25;

    /// <summary>H.264 quantiser, 0 to 51.</summary>
    public int Quantiser { get; init; } = 23;

    public int Width { get; init; } = 1280;

    public int Height { get; init; } = 720;

    /// <summary>True: frames come when they are due, as from a camera. False: as fast as they can be made.</summary>
    public bool IsPaced { get; init; } = true;

    /// <summary>The stream ends after so long; null for never.</summary>
    public TimeSpan? Length { get; init; }

    /// <exception cref="DeviceException">not such an address; says which part, and what is wanted</exception>
    public static TwinAddress Parse(string uri)
    {
        if (!uri.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw Refused(uri, "begins with none of twin://");
        }

        string rest = uri[Scheme.Length..].TrimStart('/');
        int query = rest.IndexOf('?', StringComparison.Ordinal);
        var address = new TwinAddress { Name = query < 0 ? rest : rest[..query] };
        if (!TwinWorld.Names.Contains(address.Name))
        {
            throw Refused(uri, $"world '{address.Name}': one of {string.Join(", ", TwinWorld.Names)}");
        }

        if (query < 0) return address;
        foreach (string part in rest[(query + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals], value = equals < 0 ? "" : part[(equals + 1)..];
            address = address.With(uri, key, value);
        }

        return address;
    }

    TwinAddress With(string uri, string key, string value) => key switch
    {
        "seed" => this with { Seed = (int)Number(uri, key, value, int.MinValue, int.MaxValue, isWhole: true) },
        "fps" => this with { FrameRate = Number(uri, key, value, 1, 120, isWhole: false) },
        "quantiser" => this with { Quantiser = (int)Number(uri, key, value, 0, 51, isWhole: true) },
        "seconds" => this with { Length = TimeSpan.FromSeconds(Number(uri, key, value, .01, 1e6, isWhole: false)) },
        "size" => Sized(uri, value),
        "pace" => value switch
        {
            "real" => this with { IsPaced = true },
            "max" => this with { IsPaced = false },
            _ => throw Refused(uri, $"pace={value}: real or max"),
        },
        _ => throw Refused(uri, $"{key}: seed, fps, quantiser, size, pace and seconds are known"),
    };

    TwinAddress Sized(string uri, string value)
    {
        string[] sides = value.Split('x');
        if (sides.Length != 2) throw Refused(uri, $"size={value}: as in 1280x720");
        int width = (int)Number(uri, "size", sides[0], 64, 4096, isWhole: true);
        int height = (int)Number(uri, "size", sides[1], 64, 4096, isWhole: true);
        if (((width | height) & 1) != 0) throw Refused(uri, $"size={value}: even numbers");
        return this with { Width = width, Height = height };
    }

    static double Number(string uri, string key, string value, double least, double most, bool isWhole)
    {
        bool isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
        if (isNumber && number >= least && number <= most && (!isWhole || number == Math.Floor(number))) return number;
        string kind = isWhole ? "a whole number" : "a number";
        throw Refused(
            uri, string.Create(CultureInfo.InvariantCulture, $"{key}={value}: {kind} from {least} to {most}"));
    }

    static DeviceException Refused(string uri, string why) => new(uri, "twin address", why) { IsFinal = true };
}
