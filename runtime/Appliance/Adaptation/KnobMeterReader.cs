using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What was spent, as the chain counts it: sums since the start.</summary>
/// <param name="ComputeMs">milliseconds of inference, without probes</param>
/// <param name="SampleBytes">of samples</param>
/// <param name="Video">the last segment; null: none was encoded yet, or no video is sent</param>
/// <param name="FramesDropped">for want of time to look at them</param>
/// <param name="Degrees">now; null: no meter</param>
/// <param name="Watts">now; null: no meter</param>
readonly record struct SpentSoFar(
    double ComputeMs, long SampleBytes, SegmentSpent? Video, long FramesDropped, double? Degrees, double? Watts);

/// <summary>What a segment of video took.</summary>
/// <param name="Setting">version of the setting it was made under</param>
/// <param name="At">when it ended</param>
readonly record struct SegmentSpent(double BitsPerS, long Setting, MonoTime At);

/// <summary>Sums become what a second spent.</summary>
/// <param name="spent">sums up to now</param>
/// <param name="costs">knows what a move of the knobs saves</param>
sealed class KnobMeterReader(Func<SpentSoFar> spent, PooledRule costs)
{
    /// <summary>Samples come by the minute: what they take of the uplink is a mean over so many seconds.</summary>
    const double SampleSpanS = 30;

    /// <summary>A second that was held up is followed by a short one: no sum is divided by next to nothing.</summary>
    const double SecondMin = 0.2;

    /// <summary>A segment of long ago is none: nothing is sent any more.</summary>
    static readonly TimeSpan SegmentAgeMax = TimeSpan.FromSeconds(15);

    /// <summary>Settings whose segments may still be on their way.</summary>
    const int SettingsKept = 16;

    readonly Queue<(long Setting, ImmutableArray<int> Rungs)> _settings = new();
    SpentSoFar _before;
    MonoTime? _at;
    double _samples, _video, _probeMs;

    /// <summary>Of the second read last.</summary>
    public KnobMeters Now { get; private set; }

    /// <summary>Frames were dropped in it: inference lags.</summary>
    public bool IsBehind { get; private set; }

    /// <summary>Of all that is sent, the part that is video, 0 to 1.</summary>
    public double VideoPart => _samples + _video > 0 ? _video / (_samples + _video) : 0;

    /// <summary>Charges a probe to the second that is under way.</summary>
    public void Charge(double probeMs) => _probeMs += probeMs;

    /// <param name="movedFrom">
    /// where the knobs stood before they moved in that second; null: they did not. Such a second was spent partly under
    /// the old setting, and its frames were still on their way: what the new one spends is told by the second before
    /// and what the move is known to save. The same goes for segments that were made under another setting.
    /// </param>
    public KnobMeters Read(MonoTime now, ControllerState state, ImmutableArray<int>? movedFrom)
    {
        var sum = spent();
        double seconds = _at is { } at ? Math.Max(SecondMin, (now - at).TotalSeconds) : 1;
        double samples = 8 * (sum.SampleBytes - _before.SampleBytes) / seconds;
        _samples += Math.Min(1, seconds / SampleSpanS) * (samples - _samples);
        _video = sum.Video is { } segment && now - segment.At < SegmentAgeMax ? VideoNow(segment, state) : 0;
        double ms = (sum.ComputeMs - _before.ComputeMs + _probeMs) / seconds;
        if (movedFrom is { } from && Now.ComputeMsPerS is { } before)
            ms = before * costs.LogCostBetween(state.Knobs, from, state.Knobs.Rungs).Exp().Compute;
        IsBehind = sum.FramesDropped > _before.FramesDropped;
        (_before, _at, _probeMs) = (sum, now, 0);
        return Now = new KnobMeters(_samples + _video, ms, sum.Degrees, sum.Watts);
    }

    double VideoNow(SegmentSpent segment, ControllerState state)
    {
        if (_settings.Count == 0 || _settings.Last().Setting != state.Setting)
            _settings.Enqueue((state.Setting, state.Knobs.Rungs));
        if (_settings.Count > SettingsKept) _settings.Dequeue();
        var made = _settings.FirstOrDefault(s => s.Setting == segment.Setting);
        if (made.Rungs.IsDefault || segment.Setting == state.Setting) return segment.BitsPerS;
        return segment.BitsPerS * costs.LogCostBetween(state.Knobs, made.Rungs, state.Knobs.Rungs).Exp().Uplink;
    }
}
