using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What was spent, as the chain counts it: sums since the start.</summary>
/// <param name="ComputeMs">milliseconds of inference, without probes</param>
/// <param name="SampleBytes">of samples</param>
/// <param name="VideoBytes">of video that was sent</param>
/// <param name="FramesDropped">for want of time to look at them</param>
/// <param name="Degrees">now; null: no meter</param>
/// <param name="Watts">now; null: no meter</param>
readonly record struct SpentSoFar(
    double ComputeMs, long SampleBytes, long VideoBytes, long FramesDropped, double? Degrees, double? Watts);

/// <summary>Sums become what a second spent.</summary>
/// <param name="spent">sums up to now</param>
/// <param name="costs">knows what a move of the knobs saves</param>
sealed class KnobMeterReader(Func<SpentSoFar> spent, PooledRule costs)
{
    /// <summary>Samples come by the minute: what they take of the uplink is a mean over so many seconds.</summary>
    const double SampleSpanS = 30;

    /// <summary>A second that was held up is followed by a short one: no sum is divided by next to nothing.</summary>
    const double SecondMin = 0.2;

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
    /// and what the move is known to save.
    /// </param>
    public KnobMeters Read(MonoTime now, KnobState state, ImmutableArray<int>? movedFrom)
    {
        var sum = spent();
        double seconds = _at is { } at ? Math.Max(SecondMin, (now - at).TotalSeconds) : 1;
        double samples = 8 * (sum.SampleBytes - _before.SampleBytes) / seconds;
        _samples += Math.Min(1, seconds / SampleSpanS) * (samples - _samples);
        _video = 8 * (sum.VideoBytes - _before.VideoBytes) / seconds;
        double ms = (sum.ComputeMs - _before.ComputeMs + _probeMs) / seconds;
        IsBehind = sum.FramesDropped > _before.FramesDropped;
        (_before, _at, _probeMs) = (sum, now, 0);
        var read = new KnobMeters(_samples + _video, ms, sum.Degrees, sum.Watts);
        if (movedFrom is { } from)
        {
            var by = costs.LogCostBetween(state, from, state.Rungs).Exp();
            read = read with
            {
                UplinkBitsPerS = by.Uplink * Now.UplinkBitsPerS ?? read.UplinkBitsPerS,
                ComputeMsPerS = by.Compute * Now.ComputeMsPerS ?? read.ComputeMsPerS,
            };
        }

        return Now = read;
    }
}
