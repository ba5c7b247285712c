using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What was seen of an edge in this scene, the older the less it counts.</summary>
/// <param name="Died">detections that went with it</param>
/// <param name="Expected">how many were to go by what is known from elsewhere</param>
readonly record struct EdgeSum(
    double Weight, double UtilityLoss, Resources LogCost, double Died = 0, double Expected = 0)
{
    public EdgeSum Faded(double keep) => this with
    {
        Weight = keep * Weight,
        UtilityLoss = keep * UtilityLoss,
        LogCost = keep * LogCost,
    };

    public EdgeSum With(EdgeReading reading) => this with
    {
        Weight = Weight + 1,
        UtilityLoss = UtilityLoss + reading.UtilityLoss,
        LogCost = LogCost + reading.LogCost,
    };
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
    /// <summary>What is known of the scene's detections.</summary>
    public SceneSeen Scene { get; init; } = SceneSeen.None;

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
/// <param name="Scene">what this second told of detections under the present setting; null: nothing</param>
readonly record struct KnobTerms(Resources Price, Resources Limit, SceneReading? Scene = null)
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
