using System.Numerics;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// The anchors a module tells of, again and again. Written by the radio's thread, read from any; nothing is allocated
/// while they stay where they are.
/// </summary>
sealed class StationBook
{
    // More than any network of these modules has; garbage that reads like anchors ends here.
    const int StationsMax = 256;

    // The coarsest module prints centimetres: less than half of one is no move.
    const float SameM = .004f;

    readonly Lock _gate = new();
    readonly Dictionary<string, Vector3> _places = new(StringComparer.Ordinal);
    Station[]? _told = [];

    /// <summary>In order of their names; made anew when it is asked for after a change.</summary>
    public IReadOnlyList<Station> Told
    {
        get
        {
            lock (_gate)
            {
                return _told ??= [.. _places.OrderBy(place => place.Key, StringComparer.Ordinal)
                    .Select(place => new Station(place.Key, place.Value))];
            }
        }
    }

    public void Tell(string id, Vector3 positionM)
    {
        lock (_gate)
        {
            bool isKnown = _places.TryGetValue(id, out var before);
            if (isKnown && Vector3.DistanceSquared(before, positionM) <= SameM * SameM) return;
            if (!isKnown && _places.Count >= StationsMax) return;
            _places[id] = positionM;
            _told = null;
        }
    }
}
