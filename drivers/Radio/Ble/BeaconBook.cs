using System.Collections.Frozen;
using System.Globalization;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>One line of the registry: a tag, and a beacon it bears.</summary>
/// <param name="Tag">the tag's pseudonym</param>
/// <param name="Beacon">
/// how its beacon is told, null for a tag that only other scanners name:
/// <c>ibeacon:UUID/MAJOR/MINOR</c>, <c>altbeacon:40 hex digits</c>,
/// <c>eddystone:20 hex digits/12 hex digits</c> (namespace, instance),
/// <c>eid:32 hex digits/EXPONENT/SECONDS</c> (identity key, rotation exponent, Unix time at which the beacon's counter
/// stood at 0), <c>irk:32 hex digits</c> (resolves private addresses), <c>mac:AA:BB:CC:DD:EE:FF</c> (public or static),
/// <c>espresense:ID</c> (as an ESPresense node calls it)
/// </param>
public readonly record struct BeaconRow(string Tag, string? Beacon);

/// <summary>
/// Which beacon is which tag. It never changes: a registry that was read anew becomes another book and takes the place
/// of the old one on the <see cref="BeaconShelf"/>.
/// </summary>
public sealed class BeaconBook
{
    /// <summary>Beacons a book holds at most: what scanning would cost is known then.</summary>
    public const int BeaconsMax = 4096;

    /// <summary>Keys of either rotating kind at most: each costs AES on every new address or period.</summary>
    public const int KeysMax = 1024;

    const int TextMax = 200;

    readonly FrozenDictionary<BeaconKey, string> _frames;
    readonly FrozenDictionary<ulong, string> _addresses;
    readonly FrozenDictionary<string, string> _remote;
    readonly FrozenDictionary<string, string> _tags;

    BeaconBook(Pages pages)
    {
        _frames = pages.Frames.ToFrozenDictionary();
        _addresses = pages.Addresses.ToFrozenDictionary();
        _remote = pages.Remote.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _tags = pages.Tags.ToFrozenDictionary(tag => tag, StringComparer.Ordinal);
        Beacons = pages.Count;
        EphemeralKeys = [.. pages.EphemeralKeys];
        ResolvingKeys = [.. pages.ResolvingKeys];
    }

    /// <summary>A book that knows nobody.</summary>
    public static BeaconBook Empty { get; } = new(new Pages());

    /// <summary>Beacons in it.</summary>
    public int Beacons { get; }

    internal EphemeralKey[] EphemeralKeys { get; }

    internal ResolvingKey[] ResolvingKeys { get; }

    internal FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Remote =>
        _remote.GetAlternateLookup<ReadOnlySpan<char>>();

    internal FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Tags =>
        _tags.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>
    /// Makes a book of the registry's lines. What is wrong is added to <paramref name="faults"/>, one sentence a line,
    /// naming the tag and never a key; those lines are left out.
    /// </summary>
    public static BeaconBook Of(IEnumerable<BeaconRow> rows, ICollection<string> faults)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(faults);
        var pages = new Pages();
        foreach (var row in rows)
        {
            if (pages.Count >= BeaconsMax)
            {
                faults.Add($"more than {BeaconsMax} beacons: those from tag '{row.Tag}' on are left out");
                break;
            }

            if (string.IsNullOrEmpty(row.Tag)) faults.Add("a beacon without a tag");
            else if (pages.Add(row) is { } fault) faults.Add($"tag '{row.Tag}': {fault}");
        }

        return new BeaconBook(pages);
    }

    internal string? TagOf(in BeaconKey frame) => _frames.GetValueOrDefault(frame);

    internal string? TagOf(ulong address) => _addresses.GetValueOrDefault(address);

    /// <summary>Reads <c>AA:BB:CC:DD:EE:FF</c>, with colons or without, in either case.</summary>
    internal static bool TryReadAddress(ReadOnlySpan<char> text, out ulong address)
    {
        Span<char> digits = stackalloc char[12];
        address = 0;
        if (text.Length == 12) text.CopyTo(digits);
        else if (text.Length == 17)
        {
            for (int i = 0; i < 6; i++)
            {
                if (i > 0 && text[(3 * i) - 1] is not (':' or '-')) return false;
                text.Slice(3 * i, 2).CopyTo(digits[(2 * i)..]);
            }
        }
        else return false;

        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address);
    }

    /// <summary>The 20 bytes of <c>UUID/MAJOR/MINOR</c>, whatever stands between the three.</summary>
    internal static bool TryReadProximity(
        BeaconKind kind, ReadOnlySpan<char> text, char between, out BeaconKey key)
    {
        key = default;
        int minor = text.LastIndexOf(between);
        int major = minor <= 0 ? -1 : text[..minor].LastIndexOf(between);
        if (major <= 0 || !Guid.TryParse(text[..major], out var uuid)) return false;
        if (!TryReadNumber(text[(major + 1)..minor], out ushort first)) return false;
        if (!TryReadNumber(text[(minor + 1)..], out ushort second)) return false;
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        key = BeaconKey.Of16(kind, bytes) with { Last4 = ((uint)first << 16) | second };
        return true;
    }

    internal static bool TryReadHex(ReadOnlySpan<char> text, Span<byte> into) =>
        text.Length == 2 * into.Length
            && Convert.FromHexString(text, into, out _, out _) == System.Buffers.OperationStatus.Done;

    static bool TryReadNumber(ReadOnlySpan<char> text, out ushort number) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>A book being written.</summary>
    sealed class Pages
    {
        public Dictionary<BeaconKey, string> Frames { get; } = [];

        public Dictionary<ulong, string> Addresses { get; } = [];

        public Dictionary<string, string> Remote { get; } = new(StringComparer.OrdinalIgnoreCase);

        public HashSet<string> Tags { get; } = new(StringComparer.Ordinal);

        public List<EphemeralKey> EphemeralKeys { get; } = [];

        public List<ResolvingKey> ResolvingKeys { get; } = [];

        public int Count { get; private set; }

        /// <summary>Null when the line is good, else what is wrong with it.</summary>
        public string? Add(in BeaconRow row)
        {
            string tag = Tags.TryGetValue(row.Tag, out string? known) ? known : row.Tag;
            Tags.Add(tag);
            if (row.Beacon is not { } beacon) return null;
            string? fault = Add(tag, beacon);
            if (fault is null) Count++;
            return fault;
        }

        string? Add(string tag, string beacon)
        {
            int colon = beacon.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || beacon.Length > TextMax)
                return "its beacon has no kind before a colon, or is too long: such as ibeacon:UUID/MAJOR/MINOR";
            var rest = beacon.AsSpan(colon + 1);
            return beacon[..colon] switch
            {
                "ibeacon" => TryReadProximity(BeaconKind.IBeacon, rest, '/', out var key)
                    ? Added(Frames.TryAdd(key, tag)) : "ibeacon: needs UUID/MAJOR/MINOR, both numbers 0 to 65535",
                "altbeacon" => AddAltBeacon(tag, rest),
                "eddystone" => AddEddystone(tag, rest),
                "eid" => AddEphemeral(tag, rest),
                "irk" => AddResolving(tag, rest),
                "mac" => TryReadAddress(rest, out ulong address)
                    ? Added(Addresses.TryAdd(address, tag)) : "mac: needs six bytes, AA:BB:CC:DD:EE:FF",
                "espresense" => rest.IsEmpty
                    ? "espresense: needs the id its node publishes" : Added(Remote.TryAdd(rest.ToString(), tag)),
                _ => "its beacon is of no kind known here: "
                    + "ibeacon, altbeacon, eddystone, eid, irk, mac or espresense",
            };
        }

        static string? Added(bool isNew) => isNew ? null : "its beacon is another tag's already";

        string? AddAltBeacon(string tag, ReadOnlySpan<char> text)
        {
            Span<byte> bytes = stackalloc byte[20];
            return TryReadHex(text, bytes)
                ? Added(Frames.TryAdd(BeaconKey.Of20(BeaconKind.AltBeacon, bytes), tag))
                : "altbeacon: needs 40 hex digits";
        }

        string? AddEddystone(string tag, ReadOnlySpan<char> text)
        {
            Span<byte> bytes = stackalloc byte[16];
            return text.Length == 33 && text[20] == '/' && TryReadHex(text[..20], bytes[..10])
                && TryReadHex(text[21..], bytes[10..])
                ? Added(Frames.TryAdd(BeaconKey.Of16(BeaconKind.EddystoneUid, bytes), tag))
                : "eddystone: needs 20 hex digits of namespace, /, 12 of instance";
        }

        string? AddEphemeral(string tag, ReadOnlySpan<char> text)
        {
            const string Wanted = "eid: needs 32 hex digits of key, /, exponent 0 to 15, /, Unix seconds of counter 0";
            if (EphemeralKeys.Count >= KeysMax) return $"more than {KeysMax} keys of rotating identities";
            byte[] key = new byte[RotatingKeys.KeyBytes];
            int hex = 2 * key.Length;
            if (text.Length <= hex || text[hex] != '/' || !TryReadHex(text[..hex], key)) return Wanted;
            var numbers = text[(hex + 1)..];
            int slash = numbers.IndexOf('/');
            if (slash < 0 || !TryReadNumber(numbers[..slash], out ushort exponent)) return Wanted;
            if (exponent > RotatingKeys.ExponentMax) return Wanted;
            if (!long.TryParse(numbers[(slash + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out long zeroS) || Math.Abs(zeroS) > uint.MaxValue) return Wanted;
            EphemeralKeys.Add(new EphemeralKey(tag, key, exponent, zeroS));
            return null;
        }

        string? AddResolving(string tag, ReadOnlySpan<char> text)
        {
            if (ResolvingKeys.Count >= KeysMax) return $"more than {KeysMax} keys of private addresses";
            byte[] key = new byte[RotatingKeys.KeyBytes];
            if (!TryReadHex(text, key)) return "irk: needs 32 hex digits";
            if (!Remote.TryAdd($"irk:{text}", tag)) return Added(isNew: false); // so ESPresense calls who it resolved
            ResolvingKeys.Add(new ResolvingKey(tag, key));
            return null;
        }
    }
}

/// <summary>An Eddystone-EID beacon's key.</summary>
/// <param name="Exponent">a new identity every 2^Exponent seconds</param>
/// <param name="ZeroS">Unix time at which the beacon's counter stood at 0</param>
sealed record EphemeralKey(string Tag, byte[] Key, int Exponent, long ZeroS);

/// <summary>A key that resolves private addresses.</summary>
sealed record ResolvingKey(string Tag, byte[] Key);

/// <summary>Where the book in force lies: put down by whoever reads the registry, taken up by every scanner.</summary>
public sealed class BeaconShelf(BeaconBook first)
{
    volatile BeaconBook _book = first;

    /// <summary>The book in force; another one is in force from the next advertisement on.</summary>
    public BeaconBook Book
    {
        get => _book;
        set => _book = value;
    }
}
