using System.Collections.Concurrent;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What became of the advertisements.</summary>
/// <param name="Heard">all that could be read</param>
/// <param name="Known">of a tag of the book: an observation each</param>
/// <param name="Unknown">of nobody in the book: counted here, kept nowhere</param>
/// <param name="Unresolved">of the unknown ones, rotating identities and private addresses that no key fits</param>
/// <param name="WithoutPower">of the known ones, without a received power: no observation</param>
/// <param name="Deferred">private addresses not looked at, because too many new ones came in one second</param>
public readonly record struct BeaconCounts(
    long Heard, long Known, long Unknown, long Unresolved, long WithoutPower, long Deferred);

/// <summary>
/// Advertisements (<see cref="Advertisement"/>) to received powers of tags. A beacon's frame is looked up first, then
/// its address, public or resolved by a key. Frames without an identity of their own (telemetry) belong to the tag that
/// the same address was of late.
/// </summary>
/// <param name="shelf">where the book in force lies</param>
/// <param name="scanner">this scanner's name in the registry</param>
sealed class BeaconParser(BeaconShelf shelf, string scanner) : IRawParser
{
    // An address is private for a quarter of an hour as a rule; beacons mix telemetry in at least once a minute.
    static readonly TimeSpan Vouched = TimeSpan.FromMinutes(1);
    static readonly TimeSpan Resolved = TimeSpan.FromMinutes(30);

    // A key costs 3.5 us a new address on x64: strangers who invent addresses may take a tenth of a core, no more.
    const int ResolutionsPerSecondMax = 20_000;

    readonly AddressMemory _resolved = new();
    readonly AddressMemory _vouched = new();
    readonly ConcurrentDictionary<string, BeaconTelemetry> _telemetry = new();
    BeaconBook _book = BeaconBook.Empty;
    EphemeralIds _ephemeral = new([]);
    BeaconCounts _counts;
    MonoTime _second;
    int _resolutions;

    public long Malformed { get; private set; }

    /// <summary>Read by any thread: each number is right, and together they are of about one time.</summary>
    public BeaconCounts Counts => _counts;

    /// <summary>The last telemetry of a tag's beacon; null when it sent none.</summary>
    public BeaconTelemetry? TelemetryOf(string tag) => _telemetry.TryGetValue(tag, out var last) ? last : null;

    public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        if (!Advertisement.TryRead(bytes, out var heard))
        {
            Malformed++;
            return;
        }

        if (TagOf(at, heard) is not { } tag) return;
        if (heard.RssiDbm is { } dbm) into.Add(Observation.OfRssi(at, tag, scanner, dbm));
        else _counts = _counts with { WithoutPower = _counts.WithoutPower + 1 };
    }

    /// <summary>Messages are whole: there is nothing to forget.</summary>
    public void Reset() { }

    /// <summary>The tag an advertisement is of, counted; null for a stranger.</summary>
    public string? TagOf(MonoTime at, in Advertisement heard)
    {
        TakeUp(shelf.Book);
        var frame = BeaconFrame.Find(heard.Structures, out var telemetry, out bool isMalformed);
        if (isMalformed) Malformed++;
        string? tag = ByFrame(frame, heard.Wall) ?? ByAddress(at, heard);
        if (tag is not null && frame.Kind != BeaconKind.EddystoneTlm)
            _vouched.Put(Key(heard), tag, at + Vouched);
        else if (tag is null && frame.Kind is BeaconKind.None or BeaconKind.EddystoneTlm)
            _vouched.TryGet(Key(heard), at, out tag);
        if (tag is not null && frame.Kind == BeaconKind.EddystoneTlm) _telemetry[tag] = telemetry;
        Count(tag, frame.Kind == BeaconKind.EddystoneEid || heard.IsResolvable);
        return tag;
    }

    // The same 48 bits are another device's when they are of another kind.
    static ulong Key(in Advertisement heard) => heard.Address | ((ulong)heard.Kind << 48);

    string? ByFrame(in BeaconKey frame, DateTimeOffset? wall) => frame.Kind switch
    {
        BeaconKind.None or BeaconKind.EddystoneTlm => null,
        BeaconKind.EddystoneEid => wall is { } now ? _ephemeral.TagOf((ulong)frame.First16, now) : null,
        _ => _book.TagOf(frame),
    };

    string? ByAddress(MonoTime at, in Advertisement heard)
    {
        if (_book.TagOf(heard.Address) is { } named) return named;
        if (!heard.IsResolvable || _book.ResolvingKeys.Length == 0) return null;
        if (_resolved.TryGet(Key(heard), at, out string? tag)) return tag;
        if (!MayResolve(at)) return null;
        foreach (var key in _book.ResolvingKeys)
        {
            if (!RotatingKeys.IsOf(key.Key, heard.Address)) continue;
            tag = key.Tag;
            break;
        }

        _resolved.Put(Key(heard), tag, at + Resolved);
        return tag;
    }

    bool MayResolve(MonoTime at)
    {
        if (at - _second >= TimeSpan.FromSeconds(1) || at < _second)
        {
            _second = at;
            _resolutions = 0;
        }

        _resolutions += _book.ResolvingKeys.Length;
        bool may = _resolutions <= ResolutionsPerSecondMax;
        if (!may) _counts = _counts with { Deferred = _counts.Deferred + 1 };
        return may;
    }

    void Count(string? tag, bool isRotating)
    {
        bool isKnown = tag is not null;
        _counts = _counts with
        {
            Heard = _counts.Heard + 1,
            Known = _counts.Known + (isKnown ? 1 : 0),
            Unknown = _counts.Unknown + (isKnown ? 0 : 1),
            Unresolved = _counts.Unresolved + (!isKnown && isRotating ? 1 : 0),
        };
    }

    void TakeUp(BeaconBook book)
    {
        if (ReferenceEquals(book, _book)) return;
        _book = book;
        _ephemeral = new EphemeralIds(book.EphemeralKeys);
        _resolved.Clear();
        _vouched.Clear();
        foreach (string tag in _telemetry.Keys)
            if (!book.Tags.ContainsKey(tag)) _telemetry.TryRemove(tag, out _);
    }
}
