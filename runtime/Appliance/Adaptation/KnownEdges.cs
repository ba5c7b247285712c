using System.Collections.Frozen;
using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// What steps of the chain's knobs bring elsewhere: means over seven videos of streets, roads and rooms, with
/// yolox_nano (<c>bench adapt --only edges</c> and <c>--only regions</c>). Where a scene differs, its own readings and
/// the frames that bypass the knobs tell.
/// </summary>
static class KnownEdges
{
    readonly record struct Step(double UtilityLoss, double AccuracyLoss, double LogUplink, double LogCompute);

    /// <summary>By how much F1 falls where the utility falls by 1 more than elsewhere, for rungs without a hazard.
    /// </summary>
    static readonly FrozenDictionary<string, double> Slopes = new Dictionary<string, double>
    {
        // A gradient's absolute parts add up to far more than is lost, hence the small numbers.
        [ChainKnobs.Quantiser] = 0.0021,
        [ChainKnobs.Scale] = 0.0023,
        [ChainKnobs.Size] = 0.0009,
        [ChainKnobs.Quality] = 0.0021, // of the quantiser: both lose the same detail
        [ChainKnobs.Background] = 0.0021,
        [ChainKnobs.Rate] = 0, // what it costs, older answers tell
        [ChainKnobs.Filter] = 0, // nothing is read of it: it costs what it does elsewhere
    }.ToFrozenDictionary();

    /// <summary>By knob and the rung that a step leads to.</summary>
    static readonly FrozenDictionary<(string, string), Step> Steps = new Dictionary<(string, string), Step>
    {
        [(ChainKnobs.Quantiser, "26")] = new(5.4, 0.0046, -0.62, 0),
        [(ChainKnobs.Quantiser, "32")] = new(9.5, 0.0139, -0.64, 0),
        [(ChainKnobs.Quantiser, "38")] = new(13.8, 0.0193, -0.65, 0),
        [(ChainKnobs.Quantiser, "44")] = new(19.0, 0.0455, -0.63, 0),
        [(ChainKnobs.Scale, "75%")] = new(7.7, 0.0084, -0.47, 0),
        [(ChainKnobs.Scale, "50%")] = new(11.0, 0.0170, -0.58, 0),
        // The videos have ten frames a second: a step from more than that is taken to lose half of the next one.
        [(ChainKnobs.Rate, "10")] = new(0.04, 0.0157, 0, -0.9),
        [(ChainKnobs.Rate, "5")] = new(0.09, 0.0314, -0.16, -0.69),
        [(ChainKnobs.Rate, "2")] = new(0.23, 0.1247, -0.36, -0.92),
        [(ChainKnobs.Size, "85%")] = new(3.1, 0.0686, 0, -0.30),
        [(ChainKnobs.Size, "70%")] = new(9.1, 0.0224, 0, -0.34),
        [(ChainKnobs.Size, "55%")] = new(6.6, 0.0375, 0, -0.36),
        [(ChainKnobs.Quality, "80")] = new(1.3, 0.0176, -0.27, 0),
        [(ChainKnobs.Quality, "65")] = new(3.0, 0, -0.41, 0),
        [(ChainKnobs.Quality, "45")] = new(2.8, 0.0437, -0.23, 0),
        [(ChainKnobs.Background, "+6")] = new(5.4, 0.0097, -0.37, 0),
        [(ChainKnobs.Filter, "0.1%")] = new(0, 0, -0.03, -0.21),
        [(ChainKnobs.Filter, "1%")] = new(0, 0.0040, -0.02, -0.10),
        [(ChainKnobs.Background, "+12")] = new(9.5, 0.0080, -0.29, 0),
    }.ToFrozenDictionary();

    /// <summary>
    /// What steps of quantiser, scale and input size do to detections; weak ones and those that come from nothing too.
    /// </summary>
    static readonly FrozenDictionary<(string, string), EdgeHazard> Hazards = new
        Dictionary<(string, string), EdgeHazard>
    {
        [(ChainKnobs.Quantiser, "26")] = new(-1.037, -2.700, -2.257, 2.587, -0.001),
        [(ChainKnobs.Quantiser, "32")] = new(-1.395, -2.319, -3.995, 0.924, 0.004),
        [(ChainKnobs.Quantiser, "38")] = new(-1.848, -1.874, -4.079, 0.504, 0.017),
        [(ChainKnobs.Quantiser, "44")] = new(-0.100, -1.967, -4.318, 0.161, 0.029),
        [(ChainKnobs.Scale, "75%")] = new(-1.132, -2.514, -3.637, 1.417, 0.003),
        [(ChainKnobs.Scale, "50%")] = new(-0.745, -2.060, -5.113, 0.454, 0.004),
        [(ChainKnobs.Size, "85%")] = new(1.277, -3.137, -2.221, 1.332, 0.025),
        [(ChainKnobs.Size, "70%")] = new(-1.506, -1.958, -3.648, 0.692, 0.007),
        [(ChainKnobs.Size, "55%")] = new(1.205, -2.443, -5.828, 0.318, -0.001),
    }.ToFrozenDictionary();

    /// <summary>A small picture suffers from coarse coding, a large one from a small input.</summary>
    static readonly FrozenDictionary<string, KnobPull> Pulls = new Dictionary<string, KnobPull>
    {
        [ChainKnobs.Quantiser] = new(-0.724, 0.037, 0.076),
        [ChainKnobs.Scale] = new(-0.836, 0.075, -0.035),
        [ChainKnobs.Size] = new(0.530, 0.009, 0.270),
    }.ToFrozenDictionary();

    /// <summary>F1 that an answer loses which is so many tenths of a second old.</summary>
    static readonly ImmutableArray<double> Aged =
        [0.137, 0.251, 0.357, 0.412, 0.453, 0.466, 0.474, 0.493, 0.507, 0.525];

    /// <summary>A frame as it is in the mean: in four of five something is seen.</summary>
    static readonly SceneSeen Usual = SceneSeen.None with
    {
        Scores = [1.398, 0.803, 0.533, 0.524, 0.347, 0.330, 0.421, 0.237, 0.312, 0.256, 0.312, 0.339, 0.451, 0.633,
            0.822, 0.461, 0.032, 0],
        Frames = 0.806,
        EmptyScores = [0.011, 0.006, 0.006, 0.002, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        EmptyFrames = 0.194,
    };

    /// <summary>Our rule with all that is known beforehand.</summary>
    public static PooledRule Rule(IReadOnlyList<Ladder> ladders) =>
        new(Of(ladders)) { RungsAtOnce = PooledRule.AnyRung };

    /// <summary>A step that is not known loses nothing and saves nothing until it is read.</summary>
    public static KnobPriors Of(IReadOnlyList<Ladder> ladders) => new(
        [.. ladders.Select(l => Enumerable.Range(1, l.Count - 1).Select(rung =>
        {
            var step = Steps.GetValueOrDefault((l.Knob, l[rung]));
            return new EdgePrior(
                step.UtilityLoss, step.AccuracyLoss, new Resources(step.LogUplink, step.LogCompute));
        }).ToImmutableArray())],
        [.. ladders.Select(l => Slopes.GetValueOrDefault(l.Knob, 1))])
    {
        Detections = new DetectionPriors(
            [.. ladders.Select(l => Touches(l) ? Enumerable.Range(1, l.Count - 1).Select(rung => Hazard(l, rung))
                .ToImmutableArray() : [])],
            [.. ladders.Select(l => Pulls.GetValueOrDefault(Like(l.Knob)))],
            // The detector looks at the camera's own frame: what video and samples lose, it does not see.
            [.. ladders.Select(l => l.Knob == ChainKnobs.Size)],
            Rate(ladders), Usual),
    };

    static bool Touches(Ladder ladder) => Enumerable.Range(1, ladder.Count - 1).Any(rung =>
        Pulls.ContainsKey(Like(ladder.Knob)) && Steps.ContainsKey((ladder.Knob, ladder[rung])));

    /// <summary>Samples and backgrounds lose the detail that a coarser quantiser does.</summary>
    static string Like(string knob) =>
        knob is ChainKnobs.Quality or ChainKnobs.Background ? ChainKnobs.Quantiser : knob;

    static EdgeHazard Hazard(Ladder ladder, int rung)
    {
        var at = (ladder.Knob, ladder[rung]);
        if (Hazards.TryGetValue(at, out var known)) return known;
        // As the quantiser's step from 26 to 32, in proportion to what both lose in the mean.
        var like = (ChainKnobs.Quantiser, "32");
        double part = Steps.GetValueOrDefault(at).AccuracyLoss / Steps[like].AccuracyLoss;
        return part > 0 ? Hazards[like] with { Lost = Hazards[like].Lost + Math.Log(part), Extra = 0 } : Nothing;
    }

    /// <summary>exp(-9): no detection in eight thousand.</summary>
    static readonly EdgeHazard Nothing = new(-9, 0, -9, 0, 0);

    static RatePrior Rate(IReadOnlyList<Ladder> ladders)
    {
        int knob = ladders.ToList().FindIndex(l => l.Knob == ChainKnobs.Rate);
        return new RatePrior(knob,
            knob < 0 ? [] : [.. Enumerable.Range(0, ladders[knob].Count)
                .Select(r => ChainKnobs.EveryS(ladders[knob][r]))],
            Aged);
    }
}
