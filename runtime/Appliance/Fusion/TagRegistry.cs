using System.Collections.Frozen;
using System.Collections.Immutable;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// The site's tags with their classes, its stations, and how large things of a class stand on the floor.
/// Format: docs/labels.md.
/// </summary>
sealed class TagRegistry
{
    readonly FrozenDictionary<string, RegisteredTag> _tags;
    readonly FrozenDictionary<string, double> _footprints;
    readonly FrozenDictionary<string, string> _uwb;

    /// <param name="footprintRadiiM">
    /// by class: half of how deep such a thing stands, metres; 0 for those left out
    /// </param>
    public TagRegistry(
        IEnumerable<RegisteredTag> tags, IEnumerable<Station> stations,
        IReadOnlyDictionary<string, double> footprintRadiiM)
    {
        _tags = tags.ToFrozenDictionary(tag => tag.Tag, StringComparer.Ordinal);
        _uwb = _tags.Values.SelectMany(tag => tag.Identities.Where(one => one.Kind == BeaconKind.Uwb)
            .Select(one => (Address: Convert.ToHexString(one.Bytes.AsSpan()), tag.Tag)))
            .DistinctBy(row => row.Address)
            .ToFrozenDictionary(row => row.Address, row => row.Tag, StringComparer.OrdinalIgnoreCase);
        Stations = [.. stations];
        _footprints = footprintRadiiM.ToFrozenDictionary(StringComparer.Ordinal);
        Classes = [.. _tags.Values.Select(tag => tag.Class).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>No tag, no station: the appliance runs without a radio.</summary>
    public static TagRegistry Empty { get; } = new([], [], FrozenDictionary<string, double>.Empty);

    public ImmutableArray<Station> Stations { get; }

    /// <summary>The classes tags stand for, in order.</summary>
    public ImmutableArray<string> Classes { get; }

    public int Count => _tags.Count;

    /// <summary>The tags as registered, in no order.</summary>
    public ImmutableArray<RegisteredTag> Tags => _tags.Values;

    /// <summary>
    /// For a Bluetooth radio's book of beacons: each tag to be located with each of its beacons as the book takes
    /// them, null for one that the radio names itself.
    /// </summary>
    public IEnumerable<(string Tag, string? Beacon)> Beacons() =>
        _tags.Values.Where(tag => tag.Policy != LabelPolicy.Ignore).OrderBy(tag => tag.Tag, StringComparer.Ordinal)
            .SelectMany(tag => tag.Identities.Select(identity => identity.BookText()).Where(text => text is not null)
                .DefaultIfEmpty(null).Select(text => (tag.Tag, text)));

    /// <summary>
    /// Whom a radio means: the tag whose UWB address it says in hex digits, else what it says. A Bluetooth radio says
    /// pseudonyms already.
    /// </summary>
    public string NameOf(string heard) => _uwb.GetValueOrDefault(heard, heard);

    /// <summary>True: the site does not want it located.</summary>
    public bool IsIgnored(string tag) => Find(tag) is { Policy: LabelPolicy.Ignore };

    /// <summary>The tag as registered, or null.</summary>
    public RegisteredTag? Find(string tag) => _tags.GetValueOrDefault(tag);

    /// <summary>Half the depth of what carries the tag, metres; 0 when nobody said.</summary>
    public double FootprintRadiusM(string tag) =>
        Find(tag) is { } known ? _footprints.GetValueOrDefault(known.Class) : 0;

    /// <summary>Reads a registry; all its faults are told at once.</summary>
    /// <exception cref="InvalidDataException">one line a fault, each with its key's path</exception>
    public static TagRegistry Load(string path) => TryLoad(path, out var faults)
        ?? throw new InvalidDataException(string.Join('\n', faults));

    /// <summary>Null when there are faults: one line each, with the file and the key's path.</summary>
    public static TagRegistry? TryLoad(string path, out ImmutableArray<string> faults)
    {
        var registry = JsonFields.Read(path, Read, out var found);
        faults = [.. found.Select(fault => $"{path}: {fault}")];
        return registry;
    }

    /// <summary>Reads a registry's text; null when there are faults.</summary>
    public static TagRegistry? TryParse(ReadOnlyMemory<byte> json, string path, out ImmutableArray<string> faults)
    {
        var registry = JsonFields.Read(json, Read, out var found);
        faults = [.. found.Select(fault => $"{path}: {fault}")];
        return registry;
    }

    static TagRegistry Read(JsonFields root) => new(
        RegistryFields.Tags(root).Values, RegistryFields.Stations(root).Values, RegistryFields.Footprints(root));
}
