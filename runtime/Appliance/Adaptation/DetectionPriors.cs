using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// What a step to a cheaper rung does to a detection, by how far its score lies above the threshold: it goes with
/// probability 1 - exp(-h), h = ln(1 + exp(a + b x 3 (score - threshold))). Steps add up in h.
/// </summary>
/// <param name="Lost">a for detections</param>
/// <param name="LostSlope">b; below 0: sure detections stay</param>
/// <param name="Raised">a for weak detections, which may come above the threshold</param>
/// <param name="RaisedSlope">b for those</param>
/// <param name="Extra">detections that come from nothing, for each one that there is</param>
readonly record struct EdgeHazard(double Lost, double LostSlope, double Raised, double RaisedSlope, double Extra);

/// <summary>What moves a of all edges of a knob in one scene, for detections and for weak ones.</summary>
/// <param name="Detail">by the logarithm of <see cref="SceneSeen.Detail"/> over the usual 2</param>
/// <param name="Gradient">
/// by the logarithm of the gradient's readings over those elsewhere; of detections alone
/// </param>
/// <param name="RaisedDetail">as detail, for weak ones</param>
readonly record struct KnobPull(double Detail, double Gradient, double RaisedDetail);

/// <summary>The knob that drops frames.</summary>
/// <param name="Knob">its number; -1: there is none</param>
/// <param name="EveryS">by rung: seconds from one frame looked at to the next; 0: each frame</param>
/// <param name="Lost">by tenth of a second: F1 that answers so old lose elsewhere</param>
sealed record RatePrior(int Knob, ImmutableArray<double> EveryS, ImmutableArray<double> Lost)
{
    /// <summary>Twenty frames a second while the camera's own rate is unknown.</summary>
    const double FrameS = 0.05;

    /// <summary>F1 lost at a rung: mean over frames, each shows the answer of the last one looked at.</summary>
    /// <param name="lags">by tenth of a second, what answers so old lose here</param>
    public double LostAt(int rung, double[] lags, double? frameS)
    {
        double frame = frameS ?? FrameS;
        int frames = Math.Max(1, (int)Math.Round(EveryS[rung] / frame));
        double sum = 0;
        for (int i = 1; i < frames; i++) sum += At(10 * i * frame, lags);
        return sum / frames;
    }

    /// <summary>Between tenths in proportion; an answer of now loses nothing.</summary>
    static double At(double tenths, double[] lags)
    {
        int below = Math.Min((int)tenths, lags.Length);
        double from = below == 0 ? 0 : lags[below - 1], to = below == lags.Length ? from : lags[below];
        return from + (Math.Min(tenths, lags.Length) - below) * (to - from);
    }
}

/// <summary>
/// What coding and input size do to detections, from scenes in which each was followed through every setting. With the
/// scores that one frame in full quality shows, it tells what every setting loses there: on seven videos, each told by
/// the six others, within 0.06 of F1 where the mean over videos is 0.13 off (docs/adaptation.md).
/// </summary>
/// <param name="Edges">by knob one an edge; none for a knob that leaves detections alone</param>
/// <param name="Pulls">by knob</param>
/// <param name="IsLookedThrough">by knob: whether the detector's own look at a frame shows what it does</param>
/// <param name="Usual">one frame as it is elsewhere</param>
sealed record DetectionPriors(
    ImmutableArray<ImmutableArray<EdgeHazard>> Edges, ImmutableArray<KnobPull> Pulls,
    ImmutableArray<bool> IsLookedThrough, RatePrior Rate, SceneSeen Usual)
{
    /// <summary>A camera has about twice the pixels a side that a detector takes.</summary>
    public const double UsualDetail = 2;

    /// <summary>Slopes are by 3 x margin: about 1 from the threshold to a sure detection.</summary>
    public const double MarginScale = 3;

    public bool Touches(int knob) => Edges[knob].Length > 0;
}
