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

    /// <summary>By how much F1 falls where the utility falls by 1 more than elsewhere.</summary>
    static readonly FrozenDictionary<string, double> Slopes = new Dictionary<string, double>
    {
        // A gradient's absolute parts add up to far more than is lost, hence the small numbers.
        [ChainKnobs.Quantiser] = 0.0021,
        [ChainKnobs.Scale] = 0.0023,
        [ChainKnobs.Size] = 0.0009,
        [ChainKnobs.Quality] = 0.0021, // of the quantiser: both lose the same detail
        [ChainKnobs.Background] = 0.0021,
        [ChainKnobs.Rate] = 0.52,
        [ChainKnobs.Filter] = 0, // nothing is read of it: what it costs is seen in the frames that bypass it
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

    /// <summary>A step that is not known loses nothing and saves nothing until it is read.</summary>
    public static KnobPriors Of(IReadOnlyList<Ladder> ladders) => new(
        [.. ladders.Select(l => Enumerable.Range(1, l.Count - 1).Select(rung =>
        {
            var step = Steps.GetValueOrDefault((l.Knob, l[rung]));
            return new EdgePrior(
                step.UtilityLoss, step.AccuracyLoss, new Resources(step.LogUplink, step.LogCompute));
        }).ToImmutableArray())],
        [.. ladders.Select(l => Slopes.GetValueOrDefault(l.Knob, 1))]);
}
