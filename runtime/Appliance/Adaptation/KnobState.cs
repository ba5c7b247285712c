using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What was seen of an edge in this scene, the older the less it counts.</summary>
readonly record struct EdgeSum(double Weight, double UtilityLoss, Resources LogCost)
{
    public EdgeSum Faded(double keep) => new(keep * Weight, keep * UtilityLoss, keep * LogCost);

    public EdgeSum With(EdgeReading reading) =>
        new(Weight + 1, UtilityLoss + reading.UtilityLoss, LogCost + reading.LogCost);
}

/// <summary>Of a rule that follows a gradient: where a knob stands, mean and mean square of its slope.</summary>
readonly record struct Moment(double Position, double Mean, double Square);

/// <summary>Where the knobs stand and what was learned on the way: all that a rule needs for its next second.</summary>
/// <param name="Rungs">of each knob, 0 the dearest</param>
/// <param name="Seen">by knob and edge</param>
/// <param name="Moments">of rules that follow a gradient, by knob</param>
/// <param name="Second">how many seconds were decided</param>
sealed record KnobState(
    ImmutableArray<int> Rungs, ImmutableArray<ImmutableArray<EdgeSum>> Seen,
    ImmutableArray<Moment> Moments, long Second)
{
    /// <summary>F1 that was lost here against frames in full quality, the older the less it counts.</summary>
    public double LossMeasured { get; init; }

    /// <summary>F1 that was expected to be lost in the same seconds, scenes being all alike.</summary>
    public double LossExpected { get; init; }

    public static KnobState At(IReadOnlyList<Ladder> ladders, params IReadOnlyList<int> rungs) => new(
        [.. rungs], [.. ladders.Select(l => new EdgeSum[l.Count - 1].ToImmutableArray())],
        [.. ladders.Zip(rungs, (l, rung) => new Moment(l.PositionOf(rung), 0, 0))], 0);

    /// <summary>The edges next to where the knobs stand: those that a probe can tell of.</summary>
    public IEnumerable<Edge> Neighbours(IReadOnlyList<Ladder> ladders) => Rungs.SelectMany((rung, knob) =>
        new[] { new Edge(knob, rung - 1), new Edge(knob, rung) }
            .Where(e => e.Rung >= 0 && e.Rung < ladders[knob].Count - 1));
}

/// <summary>What is asked of a rule this second.</summary>
/// <param name="Price">F1 that the costs of the dearest setting are worth, each</param>
/// <param name="Limit">
/// the most that may be spent, as parts of what is spent at present: below 1 less must be spent; infinite without a
/// budget
/// </param>
/// <param name="LossMeasured">
/// F1 that the present setting lost in this second, 0 to 1, where a frame in full quality told; null: unknown
/// </param>
readonly record struct KnobTerms(Resources Price, Resources Limit, double? LossMeasured = null)
{
    /// <summary>Nothing but the uplink has a price, and nothing a limit.</summary>
    public static KnobTerms Uplink(double price) => new(new Resources(price, 0), Resources.Unlimited);
}

/// <summary>
/// Decides where the knobs stand next second. A pure function: the same state, readings and price give the same answer.
/// </summary>
interface IKnobRule
{
    /// <param name="readings">what the probe told of edges next to where the knobs stand; those that are no numbers
    /// are left out</param>
    KnobState Next(KnobState state, IReadOnlyList<EdgeReading> readings, KnobTerms terms);
}
