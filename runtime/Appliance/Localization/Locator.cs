using System.Collections.Frozen;
using System.Collections.Immutable;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What became of all readings so far.</summary>
/// <param name="Refused">not believed: too far from where the tag can be</param>
/// <param name="Late">older than what the filter has already taken in</param>
/// <param name="Outdone">received powers of a tag whose ranges or positions are heard</param>
/// <param name="UnknownStation">from an anchor or scanner nobody placed</param>
readonly record struct LocatorCounts(
    long Used, long Refused, long Late, long Outdone, long UnknownStation, long Unusable);

/// <summary>
/// Readings to fixes: one filter a tag, and where each tag was over the last seconds. Not thread safe: the scene's
/// thread gives it the readings and asks. The same readings give the same fixes.
/// </summary>
sealed class Locator
{
    // People go a little farther than the posts stand, metres.
    const float MarginM = 5;

    readonly RadioSettings _settings;
    readonly Dictionary<string, PathLoss> _laws;
    FrozenDictionary<string, Station> _stations = FrozenDictionary<string, Station>.Empty;
    readonly SortedList<string, TagTrail> _tags = new(StringComparer.Ordinal);
    RssiField? _field;
    long _used, _refused, _late, _outdone, _unknownStation, _unusable;

    /// <param name="surveyed">what scanners hear where, by a survey; null: by the laws of path loss</param>
    /// <param name="laws">scanners' own; the others hear as the settings say</param>
    public Locator(
        RadioSettings settings, IReadOnlyList<Station> stations, RssiField? surveyed = null,
        IReadOnlyList<PathLoss>? laws = null)
    {
        _settings = settings;
        _laws = (laws ?? []).ToDictionary(law => law.Scanner, StringComparer.Ordinal);
        Use(stations, surveyed);
    }

    /// <summary>Stations stand elsewhere from now on: every tag is placed anew.</summary>
    public void Use(IReadOnlyList<Station> stations, RssiField? surveyed)
    {
        var places = new Dictionary<string, Station>(StringComparer.Ordinal);
        foreach (var station in stations) places[station.Id] = station;
        _stations = places.ToFrozenDictionary(StringComparer.Ordinal);
        _field = surveyed;
        _tags.Clear();
    }

    public LocatorCounts Counts => new(_used, _refused, _late, _outdone, _unknownStation, _unusable);

    /// <summary>Tags heard of, in order of their names; at most <see cref="RadioSettings.TagsMax"/>.</summary>
    public IList<string> Tags => _tags.Keys;

    /// <summary>Takes in readings, oldest first.</summary>
    public void Take(ReadOnlySpan<Observation> readings)
    {
        foreach (ref readonly var reading in readings)
        {
            Station? station = null, other = null;
            bool isPlaced = reading.Kind == ObservationKind.Position
                || _stations.TryGetValue(reading.Station, out station);
            if (reading.Kind == ObservationKind.RangeDifference)
                isPlaced &= _stations.TryGetValue(reading.Other, out other);
            if (!isPlaced)
            {
                _unknownStation++;
                continue;
            }

            if (!IsUsable(reading))
            {
                _unusable++;
                continue;
            }

            switch (TrailOf(reading).Take(reading, station, other))
            {
                case Uptake.Used: _used++; break;
                case Uptake.Refused: _refused++; break;
                case Uptake.Late: _late++; break;
                case Uptake.Outdone: _outdone++; break;
            }
        }
    }

    /// <summary>
    /// How far a tag's readings lie from what was expected, squared, in units of the variance they were expected to
    /// have, mean over the last ones: about 1 or below where covariances can be believed. Null before there were any.
    /// </summary>
    public double? ConsistencyOf(string tag) => _tags.TryGetValue(tag, out var trail) ? trail.Consistency : null;

    /// <summary>Where a tag was at an instant; false where that is not known (any more, or yet).</summary>
    public bool TryFixAt(string tag, MonoTime at, out Fix fix)
    {
        fix = default;
        return _tags.TryGetValue(tag, out var trail) && trail.TryFixAt(at, out fix);
    }

    /// <summary>
    /// Where all tags were at an instant, in order of their names; tags not known there are left out.
    /// </summary>
    public ImmutableArray<Fix> FixesAt(MonoTime at)
    {
        if (_tags.Count == 0) return [];
        var fixes = ImmutableArray.CreateBuilder<Fix>(_tags.Count);
        for (int i = 0; i < _tags.Count; i++) if (_tags.Values[i].TryFixAt(at, out var fix)) fixes.Add(fix);
        return fixes.DrainToImmutable();
    }

    // Made when the first tag is heard by power only.
    RssiField Field() => _field ??= RssiPathLoss.Field(
        FloorGrid.Around(_stations.Values.Select(station => station.PositionM), MarginM, FloorGrid.UsualM),
        _stations.Keys.Select(id => _laws.TryGetValue(id, out var law) ? law : new PathLoss(
            id, _settings.RssiAtOneMetreDbm, _settings.PathLossExponent, _settings.RssiSigmaDb)),
        _stations.Values, _settings.TagHeightM);

    static bool IsUsable(in Observation reading) => reading.Kind switch
    {
        ObservationKind.Range => reading.Value > 0 && double.IsFinite(reading.Value),
        ObservationKind.RangeDifference => double.IsFinite(reading.Value) && reading.Station != reading.Other,
        ObservationKind.Angle => Math.Abs(reading.Value) <= 2 * Math.PI
            && reading.ElevationRad is null or (>= -Math.PI / 2 and <= Math.PI / 2),
        ObservationKind.Rssi => reading.Value < 0 && double.IsFinite(reading.Value),
        _ => float.IsFinite(reading.PositionM.X) && float.IsFinite(reading.PositionM.Y)
            && float.IsFinite(reading.PositionM.Z),
    };

    TagTrail TrailOf(in Observation reading)
    {
        if (_tags.TryGetValue(reading.Tag, out var known)) return known;
        if (_tags.Count >= _settings.TagsMax)
        {
            int oldest = 0;
            for (int i = 1; i < _tags.Count; i++)
            {
                if (_tags.Values[i].HeardAt < _tags.Values[oldest].HeardAt) oldest = i;
            }

            _tags.RemoveAt(oldest);
        }

        var trail = new TagTrail(reading.Tag, _settings, Field);
        _tags.Add(reading.Tag, trail);
        return trail;
    }
}
