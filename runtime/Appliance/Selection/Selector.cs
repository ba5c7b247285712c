using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Selection;

/// <summary>
/// Which annotated frames are worth keeping: new tracks, uncertain ones, and now and then what is steady, within a
/// budget of samples a minute of frame time. Never a frame like the one kept before it. A small part of the budget goes
/// to frames drawn at random, so that the set is not biased by these rules. Not thread safe; the same frames and seed
/// choose the same samples.
/// </summary>
sealed class Selector(SelectionSettings settings)
{
    // Tracks remembered as already kept; a longer memory is of no use, track numbers are not used again.
    const int RememberedMax = 1024;

    readonly Dictionary<int, MonoTime> _keptAt = [];
    readonly Queue<int> _keptOrder = new();
    ImmutableArray<AnnotatedBox> _lastKept = [];
    MonoTime? _lastFrame;
    MonoTime? _lastKeptAt;
    double _tokens = Math.Min(settings.Burst, Math.Max(1, settings.PerMinute / 60));
    ulong _random = (ulong)settings.Seed;
    bool _isOwed;

    /// <summary>Frames that would have been kept, had there been budget.</summary>
    public long OverBudget { get; private set; }

    /// <summary>
    /// Decides over a frame. Chosen: its lease goes on inside <paramref name="chosen"/>. Not chosen: it stays the
    /// caller's, who disposes it.
    /// </summary>
    public bool TryChoose(in Annotated annotated, out Chosen chosen)
    {
        var at = annotated.Frame.At;
        double seconds = _lastFrame is { } last ? Math.Max(0, (at - last).TotalSeconds) : 0;
        _lastFrame = at;
        _tokens = Math.Min(settings.Burst, _tokens + (seconds * settings.PerMinute / 60));
        _isOwed |= Draw() < seconds * settings.PerMinute / 60 * settings.ReferenceShare;
        // The next frame in full quality; without knobs that is this one.
        bool isDrawn = _isOwed && annotated.IsFull;
        if (isDrawn) _isOwed = false;

        chosen = default;
        string? reason = isDrawn ? "reference" : null;
        float worth = isDrawn ? 0.5f : 0;
        if (!isDrawn && !IsAlike(annotated.Annotations)) (reason, worth) = Judge(annotated, at);
        bool isTooSoon = _lastKeptAt is { } kept && at >= kept && (at - kept).TotalSeconds < settings.GapS;
        if (reason is null || isTooSoon) return false;
        if (_tokens < 1)
        {
            OverBudget++;
            return false;
        }

        _tokens--;
        _lastKeptAt = at;
        _lastKept = annotated.Annotations;
        foreach (var label in annotated.Annotations) Remember(label.TrackId, at);
        chosen = new Chosen(annotated, reason, worth);
        return true;
    }

    // The best reason any label of the frame has. Worth: the reason's own, more for doubt, a little for company.
    (string? Reason, float Worth) Judge(in Annotated annotated, MonoTime at)
    {
        string? reason = null;
        double worth = 0;
        foreach (var label in annotated.Annotations)
        {
            double doubt = Doubt(annotated, label);
            bool isKnown = _keptAt.TryGetValue(label.TrackId, out var keptAt);
            double since = isKnown ? Math.Abs((at - keptAt).TotalSeconds) : double.PositiveInfinity;
            var (why, value) =
                !isKnown ? ("new-track", 0.6)
                : doubt > 0 && since >= settings.UncertainS ? ("uncertain", 0.5)
                : since >= settings.SteadyS ? ("steady", 0.2)
                : (null, 0);
            value += why is null ? 0 : 0.3 * doubt * label.Confidence;
            if (value <= worth) continue;
            reason = why;
            worth = value;
        }

        double company = 0.1 * (1 - (1.0 / Math.Max(1, annotated.Annotations.Length)));
        return (reason, (float)Math.Min(1, worth + company));
    }

    /// <summary>
    /// 0: the detector was sure. Up to 1: it nearly missed what a tag vouches for, or wavered in its class.
    /// </summary>
    double Doubt(in Annotated annotated, in AnnotatedBox label)
    {
        double doubt = settings.UncertainScore > 0
            ? Math.Clamp((settings.UncertainScore - label.DetectorScore) / settings.UncertainScore, 0, 1) : 0;
        foreach (var track in annotated.Tracks)
        {
            if (track.Track.Id != label.TrackId) continue;
            return track.Track.ClassShare < settings.UncertainClassShare
                ? Math.Max(doubt, 1 - track.Track.ClassShare) : doubt;
        }

        return doubt;
    }

    bool IsAlike(ImmutableArray<AnnotatedBox> labels)
    {
        if (labels.Length != _lastKept.Length) return false;
        foreach (var label in labels)
        {
            bool isFound = false;
            foreach (var kept in _lastKept)
            {
                isFound |= kept.TrackId == label.TrackId && IsSame(kept.Box, label.Box);
            }

            if (!isFound) return false;
        }

        return true;
    }

    bool IsSame(in Box a, in Box b) => a.IouWith(b) >= settings.AlikeIou;

    void Remember(int trackId, MonoTime at)
    {
        if (!_keptAt.ContainsKey(trackId))
        {
            if (_keptOrder.Count >= RememberedMax) _keptAt.Remove(_keptOrder.Dequeue());
            _keptOrder.Enqueue(trackId);
        }

        _keptAt[trackId] = at;
    }

    // SplitMix64 (Steele, Lea, Flood 2014): 0 to below 1.
    double Draw()
    {
        ulong z = _random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
