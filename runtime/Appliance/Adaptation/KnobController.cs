using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What may be spent; null: as much as pays.</summary>
/// <param name="UplinkBitsPerS">bits sent in a second</param>
/// <param name="ComputeMsPerS">milliseconds of inference in a second, probes included</param>
/// <param name="DegreesMax">of the hottest part, Celsius</param>
/// <param name="WattsMax">of the whole board</param>
sealed record KnobBudget(
    double? UplinkBitsPerS = null, double? ComputeMsPerS = null, double? DegreesMax = null, double? WattsMax = null);

/// <summary>What the last second spent; null: unknown, which is never taken for 0.</summary>
readonly record struct KnobMeters(double? UplinkBitsPerS, double? ComputeMsPerS, double? Degrees, double? Watts);

/// <summary>What a probe found, and when and under which setting.</summary>
/// <param name="Setting">the version of the setting in force when the frame was taken</param>
/// <param name="SeesNothing">no detection: what is lost cannot be told</param>
sealed record Probed(long Setting, MonoTime At, ImmutableArray<EdgeReading> Readings, bool SeesNothing);

/// <summary>All that a controller needs for its next second.</summary>
/// <param name="Setting">counts settings: it grows with each change</param>
/// <param name="Since">seconds since each knob moved</param>
/// <param name="Unseen">seconds since a probe saw anything</param>
sealed record ControllerState(KnobState Knobs, long Setting, ImmutableArray<int> Since, int Unseen)
{
    public static ControllerState At(KnobState knobs) =>
        new(knobs, 0, [.. knobs.Rungs.Select(_ => int.MaxValue / 2)], 0);
}

/// <summary>
/// A rule within bounds: what is too old is not heard, budgets hold within a second, an encoder is not opened anew each
/// second, and an empty scene is still looked at well enough that somebody who comes is seen. A pure function of state,
/// probe, meters and budget.
/// </summary>
/// <param name="rule">decides where the knobs go within the bounds</param>
/// <param name="costs">knows what settings cost; also decides where a rule that minds no limits would break one</param>
sealed class KnobController(IReadOnlyList<Knob> knobs, IKnobRule rule, PooledRule costs)
{
    /// <summary>A gradient older than this tells of another scene.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(2);

    /// <summary>Part of a budget that is planned with: the rest is for what costs vary by within a second.</summary>
    const double Margin = 0.9;

    /// <summary>Too hot or over its watts, the board computes a quarter less each second.</summary>
    const double HotStep = 0.75;

    /// <summary>Up to so far below a heat or power limit no more is computed: Celsius, and part of the watts.</summary>
    const double DegreesBelow = 3, WattsBelow = 0.9;

    /// <summary>Without a detection for so long the scene counts as empty.</summary>
    const int UnseenS = 2;

    public static KnobSetting Of(ControllerState state) => new(state.Setting, state.Knobs.Rungs);

    /// <param name="price">F1 that the costs of the dearest setting are worth</param>
    /// <param name="scene">what the second told of detections under the setting in force; null: nothing</param>
    public ControllerState Next(
        ControllerState state, Probed? probe, KnobMeters meters, KnobBudget budget, Resources price, MonoTime now,
        SceneReading? scene = null)
    {
        bool isFresh = probe is not null && probe.Setting == state.Setting && now - probe.At <= AgeMax;
        var limit = Limit(meters, budget);
        var terms = new KnobTerms(price, limit, scene);
        ImmutableArray<EdgeReading> readings = isFresh ? probe!.Readings : [];
        var next = rule.Next(state.Knobs, readings, terms);
        int unseen = !isFresh ? state.Unseen : probe!.SeesNothing ? state.Unseen + 1 : 0;
        var wished = Floored(next.Rungs, unseen >= UnseenS);
        wished = Steady(state, wished);
        if (IsOver(next, state.Knobs.Rungs, wished, limit))
            wished = costs.Next(state.Knobs, readings, terms with { Price = default, Scene = null }).Rungs;
        return Moved(state, next with { Rungs = wished }, unseen);
    }

    /// <summary>What may be spent as a part of what is spent now.</summary>
    static Resources Limit(KnobMeters meters, KnobBudget budget) => new(
        Part(budget.UplinkBitsPerS, meters.UplinkBitsPerS),
        Math.Min(Part(budget.ComputeMsPerS, meters.ComputeMsPerS),
            Math.Min(
                Below(budget.DegreesMax, meters.Degrees, budget.DegreesMax - DegreesBelow),
                Below(budget.WattsMax, meters.Watts, budget.WattsMax * WattsBelow))));

    /// <summary>With a budget and no meter nothing may grow dearer.</summary>
    static double Part(double? budget, double? spent) => (budget, spent) switch
    {
        (null, _) => double.PositiveInfinity,
        (_, null) => 1,
        ({ } most, { } now) => now > 0 ? Math.Max(Margin * most / now, double.Epsilon) : double.PositiveInfinity,
    };

    static double Below(double? most, double? now, double? calm) => (most, now) switch
    {
        (null, _) => double.PositiveInfinity,
        (_, null) => 1,
        var (limit, value) when value > limit => HotStep,
        var (_, value) when value > calm => 1,
        _ => double.PositiveInfinity,
    };

    /// <summary>Where nothing is seen no knob stands below its floor.</summary>
    ImmutableArray<int> Floored(ImmutableArray<int> rungs, bool isEmpty) =>
        isEmpty ? [.. rungs.Select((rung, k) => Math.Min(rung, knobs[k].Floor))] : rungs;

    /// <summary>A knob that moved a moment ago and is dear to move stays.</summary>
    ImmutableArray<int> Steady(ControllerState state, ImmutableArray<int> rungs) =>
        [.. rungs.Select((rung, k) => state.Since[k] + 1 < knobs[k].RestS ? state.Knobs.Rungs[k] : rung)];

    bool IsOver(KnobState state, IReadOnlyList<int> from, IReadOnlyList<int> to, Resources limit)
    {
        var by = costs.LogCostBetween(state, from, to) - new Resources(1e-9, 1e-9);
        return !by.Within(new(Math.Log(limit.Uplink), Math.Log(limit.Compute)));
    }

    static ControllerState Moved(ControllerState state, KnobState next, int unseen)
    {
        var was = state.Knobs.Rungs;
        bool moved = !was.AsSpan().SequenceEqual(next.Rungs.AsSpan());
        return new ControllerState(next, moved ? state.Setting + 1 : state.Setting,
            [.. state.Since.Select((s, k) => next.Rungs[k] == was[k] ? Math.Min(s, int.MaxValue - 1) + 1 : 0)], unseen);
    }
}
