using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>A frame that bypassed the knobs, to be looked into. The leases are its own.</summary>
/// <param name="Before">the frame looked at before it: a codec's second picture costs less than its first</param>
/// <param name="Full">what is seen in it in full quality, weak detections with it</param>
/// <param name="Shown">what would have been shown for it; null: of an older frame, so nothing to compare with</param>
sealed record ProbeFrame(
    Frame Before, Frame Frame, ImmutableArray<Detection> Full, ImmutableArray<Detection>? Shown) : IDisposable
{
    public void Dispose()
    {
        Before.Dispose();
        Frame.Dispose();
    }
}

/// <summary>What a second of frames came to, from the scene's thread to the knobs'.</summary>
/// <param name="Setting">version of the setting; null: it changed within the second</param>
/// <param name="Looked">detections of the frames that were due, in order</param>
/// <param name="Lost">F1 lost in the frames that bypassed the knobs; null: there was none</param>
/// <param name="Probe">null: no gradient is taken this second</param>
sealed record KnobMoment(
    MonoTime At, long? Setting, ImmutableArray<ImmutableArray<Detection>> Looked, double? Lost, ProbeFrame? Probe)
    : IDisposable
{
    /// <summary>
    /// A frame that bypassed the knobs, of several the first that had its turn as well; null: there was none.
    /// </summary>
    public SceneLook? Look { get; init; }

    public void Dispose() => Probe?.Dispose();
}

/// <summary>Gathers frames into seconds, on the scene's thread; what it costs there is a comparison a frame.</summary>
/// <param name="isDue">whether a frame was looked at for its turn, and not only as a reference</param>
/// <param name="isSpared">whether its turn was passed over since it was like the frame before</param>
/// <param name="classes">numbers of the classes that count; empty: all</param>
/// <param name="scoreMin">detections below it count on no side of an agreement</param>
/// <param name="inputSide">longer side of the detector's input, pixels</param>
sealed class KnobSeconds(
    Func<long, bool> isDue, Func<long, bool> isSpared, IReadOnlySet<int> classes, float scoreMin, int inputSide)
    : IDisposable
{
    /// <summary>Seconds from one gradient to the next, at least (docs/adaptation.md: four).</summary>
    const int ProbeEveryS = 4;

    /// <summary>Detections of so many frames are kept: 60 frames a second, and a little.</summary>
    const int LookedMax = 64;

    readonly List<ImmutableArray<Detection>> _looked = [];
    readonly AccuracyEstimate _estimate = new();
    Frame? _before;
    ProbeFrame? _probe;
    Agreement? _agreed;
    SceneLook? _look;
    long? _second, _probedAt, _lookedAt;
    long _setting;
    bool _isOneSetting;
    volatile Told _told = new(null);

    sealed record Told(EstimatedF1? F1);

    /// <summary>F1 under the knobs against full quality. Any thread.</summary>
    public EstimatedF1? F1 => _told.F1;

    /// <summary>Notes a frame, which stays the caller's.</summary>
    /// <returns>the second that it ended, to be handed on or disposed; null within a second</returns>
    public KnobMoment? Note(in Detected seen)
    {
        var at = seen.Frame.At;
        long second = (long)Math.Floor(at.Seconds);
        KnobMoment? ended = null;
        StandIn(seen.Frame.Index);
        if (second != _second)
        {
            if (_second is not null) ended = End(at);
            (_second, _setting, _isOneSetting) = (second, seen.Setting, true);
        }

        _isOneSetting &= seen.Setting == _setting;
        if (seen.Shown is { } shown) Compare(seen, shown);
        if (_looked.Count < LookedMax && isDue(seen.Frame.Index)) _looked.Add(Counted(seen));
        _before?.Dispose();
        _before = seen.Frame.Share();
        return ended;
    }

    public void Dispose()
    {
        _before?.Dispose();
        _probe?.Dispose();
        (_before, _probe) = (null, null);
    }

    // For a frame that was passed over the one before it is shown: it stands for it among those looked at.
    void StandIn(long index)
    {
        if (_lookedAt is { } last && _looked.Count > 0)
        {
            for (long i = Math.Max(last + 1, index - LookedMax); i < index && _looked.Count < LookedMax; i++)
                if (isSpared(i)) _looked.Add(_looked[^1]);
        }

        _lookedAt = index;
    }

    void Compare(in Detected seen, ImmutableArray<Detection> shown)
    {
        var agreement = Agreement.Of(Counted(shown), Counted(seen.Detections), scoreMin);
        _agreed = _agreed is { } sum ? sum + agreement : agreement;
        _estimate.Add(agreement);
        _told = new Told(_estimate.Now);
        double detail = (double)Math.Max(seen.Frame.Format.Width, seen.Frame.Format.Height) / inputSide;
        if (!isDue(seen.Frame.Index)) _look ??= SceneLook.Of(Counted(seen), scoreMin, detail);
        else if (_look is null || _look.Found.IsDefault)
            _look = SceneLook.Of(Counted(shown), Counted(seen), scoreMin, detail);
        if (_probe is not null || _before is not { } before || _second - _probedAt < ProbeEveryS)
            return;
        if (before.Format != seen.Frame.Format) return;
        _probedAt = _second;
        _probe = new ProbeFrame(before.Share(), seen.Frame.Share(), Counted(seen),
            isDue(seen.Frame.Index) ? Counted(shown) : null);
    }

    KnobMoment End(MonoTime at)
    {
        var ended = new KnobMoment(
            at, _isOneSetting ? _setting : null, [.. _looked], _agreed is { } agreed ? 1 - agreed.F1 : null, _probe)
        {
            Look = _look,
        };
        _looked.Clear();
        (_agreed, _probe, _look) = (null, null, null);
        return ended;
    }

    ImmutableArray<Detection> Counted(in Detected seen) => Counted([.. seen.Detections, .. seen.Weak]);

    ImmutableArray<Detection> Counted(ImmutableArray<Detection> seen) =>
        classes.Count == 0 ? seen : seen.RemoveAll(d => !classes.Contains(d.Class));
}
