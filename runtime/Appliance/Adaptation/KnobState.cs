using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What was seen of an edge in this scene, the older the less it counts.</summary>
readonly record struct EdgeSum(double Weight, double UtilityLoss, double LogCost)
{
    public EdgeSum Faded(double keep) => new(Weight * keep, UtilityLoss * keep, LogCost * keep);

    public EdgeSum With(EdgeReading reading) =>
        new(Weight + 1, UtilityLoss + reading.UtilityLoss, LogCost + reading.LogCost);
}

/// <summary>Where the knobs stand and what was learned on the way: all that a rule needs for its next second.</summary>
/// <param name="Rungs">of each knob, 0 the dearest</param>
/// <param name="Seen">by knob and edge</param>
/// <param name="Moments">of rules that follow a gradient: position, mean and mean square of its slope, by knob</param>
/// <param name="Second">how many seconds were decided</param>
sealed record KnobState(
    ImmutableArray<int> Rungs, ImmutableArray<ImmutableArray<EdgeSum>> Seen,
    ImmutableArray<(double Position, double Mean, double Square)> Moments, long Second)
{
    public static KnobState At(IReadOnlyList<Ladder> ladders, params IReadOnlyList<int> rungs) => new(
        [.. rungs], [.. ladders.Select(l => new EdgeSum[l.Count - 1].ToImmutableArray())],
        [.. ladders.Zip(rungs, (l, rung) => (l.PositionOf(rung), 0.0, 0.0))], 0);

    /// <summary>The edges next to where the knobs stand: those that a probe can tell of.</summary>
    public IEnumerable<Edge> Neighbours(IReadOnlyList<Ladder> ladders) => Rungs.SelectMany((rung, knob) =>
        new[] { new Edge(knob, rung - 1), new Edge(knob, rung) }
            .Where(e => e.Rung >= 0 && e.Rung < ladders[knob].Count - 1));
}

/// <summary>
/// Decides where the knobs stand next second. A pure function: the same state, readings and price give the same answer.
/// </summary>
interface IKnobRule
{
    /// <param name="readings">what the probe told of edges next to where the knobs stand; those that are no numbers
    /// are left out</param>
    /// <param name="price">F1 that the cost of the dearest setting is worth</param>
    KnobState Next(KnobState state, IReadOnlyList<EdgeReading> readings, double price);
}
