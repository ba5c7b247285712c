using System.Text.Json;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>One reading of another scanner's, as its message has it.</summary>
struct RemoteReading
{
    /// <summary>Names longer than this are nobody's; ESPresense's longest ids have about 60 characters.</summary>
    public const int NameMax = 128;

    public string? Scanner;
    public string? Tag;
    public double? Rssi;
    public double? RssiVariance;
    public double? T;

    /// <summary>True when the power is one a radio can receive.</summary>
    public readonly bool HasPower => Rssi is >= -127 and <= 20;

    /// <summary>
    /// Reads the object the reader stands at: <c>scanner</c>, <c>tag</c> (or <c>id</c>), <c>rssi</c>, <c>rssiVar</c>,
    /// <c>t</c>; other members are passed over. False when a member it needs is of another type.
    /// </summary>
    /// <exception cref="JsonException">not JSON, or cut off</exception>
    public static bool TryRead(ref Utf8JsonReader json, out RemoteReading reading)
    {
        reading = default;
        if (json.TokenType != JsonTokenType.StartObject) return false;
        bool isGood = true;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            // Alternatives in the order of how often they come; escaped names are nobody's.
            if (json.ValueTextEquals("rssi"u8)) isGood &= TryNumber(ref json, out reading.Rssi);
            else if (json.ValueTextEquals("scanner"u8)) isGood &= TryText(ref json, out reading.Scanner);
            else if (json.ValueTextEquals("tag"u8)) isGood &= TryText(ref json, out reading.Tag);
            else if (json.ValueTextEquals("t"u8)) isGood &= TryNumber(ref json, out reading.T);
            else if (json.ValueTextEquals("rssiVar"u8)) isGood &= TryNumber(ref json, out reading.RssiVariance);
            else json.Skip();
        }

        return isGood;
    }

    static bool TryText(ref Utf8JsonReader json, out string? text)
    {
        text = null;
        if (!json.Read()) return false;
        if (json.TokenType != JsonTokenType.String)
        {
            json.Skip();
            return false;
        }

        if (json.ValueSpan.Length is 0 or > NameMax) return false;
        Span<char> name = stackalloc char[NameMax];
        int count = json.CopyString(name);
        foreach (char one in name[..count])
            if (char.IsControl(one)) return false;
        text = name[..count].ToString();
        return true;
    }

    static bool TryNumber(ref Utf8JsonReader json, out double? number)
    {
        number = null;
        if (!json.Read()) return false;
        if (json.TokenType != JsonTokenType.Number)
        {
            json.Skip();
            return false;
        }

        if (!json.TryGetDouble(out double value) || !double.IsFinite(value)) return false;
        number = value;
        return true;
    }
}

/// <summary>
/// The topic of an ESPresense node, <c>espresense/devices/ID/ROOM</c>, and what its ids say (BleFingerprint.cpp of
/// ESPresense 3 and 4): <c>iBeacon:UUID-MAJOR-MINOR</c>, <c>altBeacon:UUID-MAJOR-MINOR</c>,
/// <c>eddy:NAMESPACE-INSTANCE</c>, <c>irk:KEY</c>, <c>known:MAC</c>, a bare MAC, or an alias its owner gave.
/// </summary>
static class EspresenseTopic
{
    const string Devices = "espresense/devices/";

    public static bool Is(string topic) => topic.StartsWith(Devices, StringComparison.Ordinal);

    /// <summary>Takes a topic apart; false for one with more or fewer parts, or too long.</summary>
    public static bool TryRead(string topic, out ReadOnlySpan<char> id, out ReadOnlySpan<char> room)
    {
        var rest = topic.AsSpan(Devices.Length);
        int slash = rest.IndexOf('/');
        id = slash < 0 ? default : rest[..slash];
        room = slash < 0 ? default : rest[(slash + 1)..];
        return id.Length is > 0 and <= RemoteReading.NameMax && room.Length is > 0 and <= RemoteReading.NameMax
            && !room.Contains('/');
    }

    /// <summary>The tag an id means: by its line in the book, by the beacon it spells, or by the tag's own name.
    /// </summary>
    public static string? TagOf(BeaconBook book, ReadOnlySpan<char> id)
    {
        if (book.Remote.TryGetValue(id, out string? tag)) return tag;
        int colon = id.IndexOf(':');
        if (colon < 0)
        {
            return BeaconBook.TryReadAddress(id, out ulong bare) && book.TagOf(bare) is { } owner ? owner
                : book.Tags.TryGetValue(id, out tag) ? tag : null;
        }

        var rest = id[(colon + 1)..];
        return id[..colon] switch
        {
            "iBeacon" => BeaconBook.TryReadProximity(BeaconKind.IBeacon, rest, '-', out var key)
                ? book.TagOf(key) : null,
            "altBeacon" => BeaconBook.TryReadProximity(BeaconKind.AltBeacon, rest, '-', out var key)
                ? book.TagOf(key) : null,
            "eddy" => TryReadEddystone(rest, out var key) ? book.TagOf(key) : null,
            "known" => BeaconBook.TryReadAddress(rest, out ulong address) ? book.TagOf(address) : null,
            _ => book.Tags.TryGetValue(id, out tag) ? tag : null,
        };
    }

    // NAMESPACE-INSTANCE; the nodes write the namespace's fifth byte twice, so that it has 22 digits and not 20.
    static bool TryReadEddystone(ReadOnlySpan<char> text, out BeaconKey key)
    {
        key = default;
        int dash = text.IndexOf('-');
        Span<char> digits = stackalloc char[32];
        if (dash is not (20 or 22) || text.Length != dash + 13) return false;
        text[..10].CopyTo(digits);
        text[(dash - 10)..dash].CopyTo(digits[10..]);
        text[(dash + 1)..].CopyTo(digits[20..]);
        Span<byte> bytes = stackalloc byte[16];
        if (!BeaconBook.TryReadHex(digits, bytes)) return false;
        key = BeaconKey.Of16(BeaconKind.EddystoneUid, bytes);
        return true;
    }
}
