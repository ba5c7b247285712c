using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Why the offset between two clocks could not be told.</summary>
enum OffsetDoubt
{
    None,

    /// <summary>Too short a time seen by both, at any offset.</summary>
    TooFewPairs,

    /// <summary>The thing hardly moved, or so evenly that a shift in time looks like a shift in place.</summary>
    TooLittleMotion,

    /// <summary>The best offset is at the end of what was searched: the true one may lie beyond.</summary>
    BeyondReach,

    /// <summary>Two offsets fit alike: the movement repeats itself.</summary>
    Ambiguous,
}

/// <summary>How an offset is looked for.</summary>
sealed record OffsetRules
{
    public AlignmentRules Alignment { get; init; } = new();

    /// <summary>Offsets up to so much either way are tried, seconds.</summary>
    public double ReachS { get; init; } = 2;

    /// <summary>Places of one source farther apart than this are not joined, seconds.</summary>
    public double GapMaxS { get; init; } = 0.5;

    public int PairsMin { get; init; } = 30;

    /// <summary>An answer less certain than this, standard deviation in seconds, is none.</summary>
    public double SigmaMaxS { get; init; } = 0.1;

    /// <summary>
    /// The share of the movement both must agree on before anything is said. Two unrelated things, or two that stand
    /// still, share none; half is a signal as strong as its noise.
    /// </summary>
    public double ExplainedMin { get; init; } = 0.5;

    /// <summary>
    /// The source may be ahead of the target or behind it in the direction of the walk, whatever the speed: a tag on
    /// chest or back, a body that hides the anchors behind it. By so much, standard deviation in the target's unit;
    /// over the speed it is an error of the offset that no longer walk makes less.
    /// </summary>
    public double LeadSigma { get; init; }

    /// <summary>
    /// At least so much noise is in the pairs, target's unit: an exact fit does not make a clock exact.
    /// </summary>
    public double NoiseMin { get; init; } = 0.01;
}

/// <summary>The offset between two clocks, with the frames put on each other at it.</summary>
/// <param name="OffsetS">to be added to the source's times to have the target's, seconds</param>
/// <param name="SigmaS">its standard deviation, seconds</param>
/// <param name="Alignment">target from source, at this offset</param>
sealed record OffsetEstimate(double OffsetS, double SigmaS, Alignment Alignment);

/// <summary>
/// The offset between a radio's clock and a camera's, by the track of one thing that both saw: at the right offset the
/// two tracks fit on each other best. Every offset within reach is tried with the frames aligned anew, so neither clock
/// nor frame need be known; between two steps the minimum is a parabola's, and its curvature says how certain it is.
/// </summary>
static class ClockOffset
{
    const double StepS = 0.05;

    // A parabola is laid over so many steps either side: 0.2 s, in which a walker's path is still straight.
    const int ParabolaSteps = 4;

    // Errors of radio positions last about so long, seconds: pairs within it are one witness.
    const double WitnessS = 1;

    // What the densest camera adds beyond so many pairs is the same error again.
    const int PairsMax = 600;

    /// <summary>The offset from the source's clock to the target's, or why it cannot be told.</summary>
    /// <param name="source">places by the source's clock and frame, oldest first</param>
    /// <param name="target">places by the target's clock and frame, oldest first</param>
    /// <param name="aroundS">the offset the search is centred on, seconds</param>
    /// <param name="found">null where there is a doubt</param>
    public static OffsetDoubt TryEstimate(
        ReadOnlySpan<TimedPlace> source, ReadOnlySpan<TimedPlace> target, OffsetRules rules, double aroundS,
        out OffsetEstimate? found)
    {
        found = null;
        var from = TimedPlaces.Cleaned(source);
        var to = Thinned(TimedPlaces.Cleaned(target));
        int steps = (int)Math.Round(rules.ReachS / StepS);
        // Beyond the reach the curve is needed too: a minimum at its end is none.
        int half = steps + ParabolaSteps;
        var curve = new double?[(2 * half) + 1];
        var pairs = new Pairs(from, to, rules);
        int best = -1;
        for (int i = 0; i < curve.Length; i++)
        {
            if (pairs.Fit(aroundS + ((i - half) * StepS)) is not { } fit) continue;
            curve[i] = fit.Residual * fit.Residual;
            if (best < 0 || curve[i] < curve[best]) best = i;
        }

        if (best < 0) return pairs.WasStill ? OffsetDoubt.TooLittleMotion : OffsetDoubt.TooFewPairs;
        if (Math.Abs(best - half) > steps) return OffsetDoubt.BeyondReach;
        return Judge(curve, best, aroundS - (half * StepS), pairs, rules, out found);
    }

    static OffsetDoubt Judge(
        double?[] curve, int best, double firstS, Pairs pairs, OffsetRules rules, out OffsetEstimate? found)
    {
        found = null;
        if (!TryParabola(curve, best, out double lowest, out double curvature)) return OffsetDoubt.BeyondReach;
        double offset = firstS + ((best + lowest) * StepS);
        if (pairs.Fit(offset) is not { } fit) return OffsetDoubt.TooFewPairs;
        if (fit.Explained < rules.ExplainedMin || !(curvature > 0)) return OffsetDoubt.TooLittleMotion;
        double noise = Math.Max(rules.NoiseMin * rules.NoiseMin, fit.Residual * fit.Residual);
        double witnesses = Math.Max(2, Math.Min(fit.Kept, pairs.SeenS / WitnessS));
        // Least squares: the sum of squares rises by one variance of an error at one standard deviation.
        // The curvature is twice the mean square of the speed, by which what is ahead or behind is divided.
        double square = curvature / (StepS * StepS);
        double sigma = Math.Sqrt((2 * noise / (square * witnesses)) + (2 * rules.LeadSigma * rules.LeadSigma / square));
        if (!(sigma <= rules.SigmaMaxS)) return OffsetDoubt.TooLittleMotion;
        if (IsRivalled(curve, best, sigma, noise, witnesses)) return OffsetDoubt.Ambiguous;
        found = new OffsetEstimate(offset, sigma, fit);
        return OffsetDoubt.None;
    }

    // A second valley, beyond a ridge, whose floor is not higher by more than chance (4 standard deviations of a mean
    // of squares) is as good an answer.
    static bool IsRivalled(double?[] curve, int best, double sigmaS, double noise, double witnesses)
    {
        int apart = Math.Max(ParabolaSteps, (int)(4 * sigmaS / StepS));
        double limit = noise * (1 + (4 * Math.Sqrt(2 / witnesses)));
        for (int i = 1; i < curve.Length - 1; i++)
        {
            if (Math.Abs(i - best) <= apart || curve[i] is not { } here || here > limit) continue;
            bool isValley = curve[i - 1] > here && curve[i + 1] > here;
            if (isValley && Ridge(curve, i, best) > 1.5 * limit) return true;
        }

        return false;
    }

    static double Ridge(double?[] curve, int a, int b)
    {
        double highest = 0;
        for (int i = Math.Min(a, b); i <= Math.Max(a, b); i++) highest = Math.Max(highest, curve[i] ?? 0);
        return highest;
    }

    // Least squares of value = a + b k + c k^2 / 2 over the steps around the best; answers -b / c and c.
    static bool TryParabola(double?[] curve, int best, out double lowest, out double curvature)
    {
        lowest = curvature = 0;
        double sum2 = 0, sum4 = 0, value = 0, slope = 0, bend = 0;
        int count = (2 * ParabolaSteps) + 1;
        for (int k = -ParabolaSteps; k <= ParabolaSteps; k++)
        {
            int at = best + k;
            if (at < 0 || at >= curve.Length || curve[at] is not { } here) return false;
            double square = k * k;
            sum2 += square;
            sum4 += square * square;
            value += here;
            slope += k * here;
            bend += square * here;
        }

        double c = 2 * ((count * bend) - (sum2 * value)) / ((count * sum4) - (sum2 * sum2));
        curvature = c;
        // Trimming and reflections make a valley lopsided: beyond two steps from its lowest point nothing is believed.
        lowest = c > 0 ? Math.Clamp(-slope / sum2 / c, -2, 2) : 0;
        return true;
    }

    static TimedPlace[] Thinned(TimedPlace[] places)
    {
        if (places.Length <= PairsMax) return places;
        // Evenly in time: a marker seen at 60 Hz near the camera must not outvote the rest of the walk.
        double spacing = (places[^1].AtS - places[0].AtS) / PairsMax, next = double.NegativeInfinity;
        var kept = new List<TimedPlace>(PairsMax + 1);
        foreach (var place in places)
        {
            if (place.AtS < next) continue;
            kept.Add(place);
            next = place.AtS + spacing;
        }

        return [.. kept];
    }

    sealed class Pairs(TimedPlace[] from, TimedPlace[] to, OffsetRules rules)
    {
        readonly Vector3[] _from = new Vector3[to.Length];
        readonly Vector3[] _to = new Vector3[to.Length];

        /// <summary>Both were seen, but nothing moved enough to align anything.</summary>
        public bool WasStill { get; private set; }

        /// <summary>How long both were seen at the offset last asked for, without gaps, seconds.</summary>
        public double SeenS { get; private set; }

        public Alignment? Fit(double offsetS)
        {
            int count = 0, at = 1;
            double seen = 0, last = double.NegativeInfinity;
            foreach (var place in to)
            {
                if (TimedPlaces.At(from, place.AtS - offsetS, rules.GapMaxS, ref at) is not { } paired) continue;
                _from[count] = paired;
                _to[count++] = place.Place;
                seen += Math.Min(rules.GapMaxS, place.AtS - last);
                last = place.AtS;
            }

            SeenS = seen;
            if (count < rules.PairsMin) return null;
            var doubt = FrameAlignment.TryFit(
                _from.AsSpan(0, count), _to.AsSpan(0, count), rules.Alignment, out var fit);
            WasStill |= doubt is AlignmentDoubt.OnOneSpot or AlignmentDoubt.OnOneLine;
            return fit;
        }
    }
}
