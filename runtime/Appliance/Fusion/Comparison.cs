using System.Numerics;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>How one track and one tag compare over a window.</summary>
/// <param name="CostM">robust mean distance, metres</param>
/// <param name="Sigmas">the same in combined standard deviations</param>
/// <param name="Recent">
/// mean over the window's last part alone, since the last doubt; null without instants there
/// </param>
/// <param name="Pairs">instants at which both were located</param>
readonly record struct PairCost(double CostM, double Sigmas, RecentCost? Recent, int Pairs);

/// <summary>A mean over the last part of a window, in metres and in combined standard deviations.</summary>
readonly record struct RecentCost(double CostM, double Sigmas);

/// <summary>
/// Distances between tracks and tags over a window of instants. A pair's distance is the mean without its farthest
/// fifth (a hidden foot, a reflected range), each instant weighted by how well both places were known.
/// </summary>
sealed class Comparison
{
    // A track not seen for so long is no rival for a tag: most often it is what was left behind when the tag's own
    // track broke.
    const double ThereS = 0.3;

    // What was before a doubt may have been somebody else: with so much seen since, it no longer counts.
    const double FreshS = 1;

    readonly FusionSettings _settings;
    readonly double[] _distances;
    readonly double[] _weights;
    readonly double[] _lengths;
    readonly int[] _order;
    TagAt[] _tagAt = [];
    string[] _tags = [];
    TagRegistry? _registry;
    double[] _radii = [];
    long[] _serials = [];
    bool[] _isRecent = [];
    int _there;

    public Comparison(FusionSettings settings, int slots)
    {
        _settings = settings;
        _distances = new double[slots];
        _weights = new double[slots];
        _lengths = new double[slots];
        _order = new int[slots];
    }

    public IReadOnlyList<string> Tags => _tags;

    /// <summary>Fixes every known tag at every instant of the window, once for all tracks.</summary>
    public void Begin(
        Locator locator, TagRegistry registry, ReadOnlySpan<long> serials, ReadOnlySpan<MonoTime> instants,
            MonoTime recent)
    {
        if (!ReferenceEquals(registry, _registry) || !IsSameAs(locator.Tags, registry))
        {
            _registry = registry;
            _tags = [.. locator.Tags.Where(tag => !registry.IsIgnored(tag))];
            _radii = [.. _tags.Select(registry.FootprintRadiusM)];
        }

        if (_serials.Length != serials.Length)
        {
            _serials = new long[serials.Length];
            _isRecent = new bool[serials.Length];
        }

        serials.CopyTo(_serials);
        if (_tagAt.Length < _tags.Length * instants.Length) _tagAt = new TagAt[_tags.Length * instants.Length];
        _there = instants.Length - 1;
        for (int i = 0; i < instants.Length; i++) _isRecent[i] = instants[i] >= recent;
        while (_there > 0 && (instants[^1] - instants[_there - 1]).TotalSeconds <= ThereS) _there--;
        for (int tag = 0, cell = 0; tag < _tags.Length; tag++)
        {
            for (int i = 0; i < instants.Length; i++, cell++)
            {
                bool isKnown = locator.TryFixAt(_tags[tag], instants[i], out var fix);
                _tagAt[cell] = new TagAt(isKnown, fix.PositionM, fix.Covariance);
            }
        }
    }

    bool IsSameAs(IList<string> tags, TagRegistry registry)
    {
        int at = 0;
        for (int i = 0; i < tags.Count; i++)
        {
            if (registry.IsIgnored(tags[i])) continue;
            if (at == _tags.Length || _tags[at++] != tags[i]) return false;
        }

        return at == _tags.Length;
    }

    /// <summary>True when the track was located of late: one that is gone carries nothing now.</summary>
    public bool IsThere(Walk walk)
    {
        for (int i = _serials.Length - 1; i >= _there; i--) if (walk.TryAt(_serials[i], out _)) return true;
        return false;
    }

    /// <summary>
    /// True when the track was located since it was last in doubt: only from there on a window can say whether it is
    /// still the same.
    /// </summary>
    public bool HasNews(Walk walk)
    {
        for (int i = _serials.Length - 1; i >= 0 && _serials[i] > walk.DoubtedAt; i--)
        {
            if (walk.TryAt(_serials[i], out _)) return true;
        }

        return false;
    }

    /// <summary>
    /// True when the track was in doubt within the window, and was located for a second since: enough to judge it by
    /// that alone.
    /// </summary>
    public bool IsFresh(Walk walk)
    {
        if (_serials[0] > walk.DoubtedAt) return false;
        int count = 0;
        for (int i = _serials.Length - 1; i >= 0 && _serials[i] > walk.DoubtedAt; i--)
        {
            if (walk.TryAt(_serials[i], out _)) count++;
        }

        return count * _settings.SampleS >= FreshS;
    }

    /// <summary>
    /// Compares a track with tag number <paramref name="tag"/> over the window, or only over what was seen since the
    /// last doubt; null with too few common instants.
    /// </summary>
    public PairCost? Compare(Walk walk, int tag, bool isFresh)
    {
        // The box ends at the thing's near side, the tag is in its middle: half the depth lies in between. How deep a
        // thing stands depends on how it is turned, by about a third of that (a car: 0.9 m sideways, 2.2 m lengthways).
        float radius = (float)_radii[tag];
        double depthVariance = radius / 3.0 * (radius / 3.0);
        double offset = _settings.BodyOffsetM * _settings.BodyOffsetM;
        int count = 0, recentCount = 0;
        double recentM = 0, recentSigmas = 0;
        var places = _tagAt.AsSpan(tag * _serials.Length, _serials.Length);
        long after = isFresh ? walk.DoubtedAt : -1;
        for (int i = 0; i < places.Length; i++)
        {
            if (_serials[i] <= after || !places[i].IsKnown || !walk.TryAt(_serials[i], out var point)) continue;
            var off = point.AtM + (radius * point.Away) - places[i].AtM;
            var combined = point.Covariance + places[i].Covariance + new Covariance2(
                offset + (depthVariance * point.Away.X * point.Away.X), depthVariance * point.Away.X * point.Away.Y,
                offset + (depthVariance * point.Away.Y * point.Away.Y));
            double length = Math.Sqrt(combined.SquaredLength(off) ?? double.PositiveInfinity);
            _distances[count] = off.Length();
            _lengths[count] = length;
            _weights[count] = 2 / (combined.Xx + combined.Yy);
            count++;
            if (!_isRecent[i] || _serials[i] <= walk.DoubtedAt) continue;
            recentM += off.Length();
            recentSigmas += length;
            recentCount++;
        }

        if (count < _settings.PairsMin) return null;
        var (costM, sigmas) = TrimmedMeans(count);
        RecentCost? recent = recentCount > 0 ? new RecentCost(recentM / recentCount, recentSigmas / recentCount) : null;
        return new PairCost(costM, sigmas, recent, count);
    }

    (double CostM, double Sigmas) TrimmedMeans(int count)
    {
        for (int i = 0; i < count; i++) _order[i] = i;
        Array.Sort(_distances, _order, 0, count);
        int kept = Math.Max(1, count - (int)(_settings.TrimShare * count));
        double weights = 0, metres = 0, lengths = 0;
        for (int i = 0; i < kept; i++)
        {
            double weight = _weights[_order[i]];
            weights += weight;
            metres += weight * _distances[i];
            lengths += weight * _lengths[_order[i]];
        }

        return (metres / weights, lengths / weights);
    }

    readonly record struct TagAt(bool IsKnown, Vector2 AtM, Covariance2 Covariance);
}
