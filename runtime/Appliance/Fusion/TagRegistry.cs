using System.Collections.Frozen;
using System.Collections.Immutable;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>A tag the site gave out.</summary>
/// <param name="Tag">its pseudonym</param>
/// <param name="Class">of whoever or whatever carries it</param>
/// <param name="HasConsent">false: located and drawn, but never labelled</param>
sealed record RegisteredTag(string Tag, string Class, bool HasConsent);

/// <summary>
/// The site's tags with their classes, its stations, and how large things of a class stand on the floor.
/// Format: docs/labels.md.
/// </summary>
sealed class TagRegistry
{
    readonly FrozenDictionary<string, RegisteredTag> _tags;
    readonly FrozenDictionary<string, double> _footprints;

    /// <param name="footprintRadiiM">
    /// by class: half of how deep such a thing stands, metres; 0 for those left out
    /// </param>
    public TagRegistry(
        IEnumerable<RegisteredTag> tags, IEnumerable<Station> stations,
        IReadOnlyDictionary<string, double> footprintRadiiM)
    {
        _tags = tags.ToFrozenDictionary(tag => tag.Tag, StringComparer.Ordinal);
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

    static TagRegistry Read(JsonFields root)
    {
        var tags = new Dictionary<string, RegisteredTag>(StringComparer.Ordinal);
        foreach (var each in root.Objects("tags", isOptional: false))
        {
            var tag = new RegisteredTag(each.Text("tag"), each.Text("class"), each.Truth("consent", otherwise: true));
            each.Done();
            if (tag.Tag.Length > 0 && !tags.TryAdd(tag.Tag, tag)) each.Fault(each.Path("tag"), $"is '{tag.Tag}' again");
        }

        var stations = new Dictionary<string, Station>(StringComparer.Ordinal);
        foreach (var each in root.Objects("stations", isOptional: true))
        {
            string id = each.Text("id");
            var at = JsonFields.ToVector(
                [each.Number("xM", -1e5, 1e5), each.Number("yM", -1e5, 1e5), each.Number("zM", -1e3, 1e3)]);
            each.Done();
            if (id.Length > 0 && !stations.TryAdd(id, new Station(id, at)))
                each.Fault(each.Path("id"), $"is '{id}' again");
        }

        var footprints = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var each in root.Objects("classes", isOptional: true))
        {
            string name = each.Text("class");
            double radiusM = each.Number("footprintRadiusM", 0, 20);
            each.Done();
            if (name.Length > 0 && !footprints.TryAdd(name, radiusM))
                each.Fault(each.Path("class"), $"is '{name}' again");
        }

        return new TagRegistry(tags.Values, stations.Values, footprints);
    }
}
