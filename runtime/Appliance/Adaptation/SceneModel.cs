using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>How soon a scene's own evidence counts more than what is known from elsewhere.</summary>
/// <param name="Frames">frames of elsewhere that a scene begins with</param>
/// <param name="LagSeconds">by tenth of a second, seconds of elsewhere times what they lose</param>
/// <param name="Deaths">detections lost, by which all edges together are told</param>
/// <param name="EdgeDeaths">the same for one edge beside all others</param>
/// <param name="LagReach">
/// how far a lag tells of another, as a difference of logarithms: by 2.7 times the lag it counts a third
/// </param>
readonly record struct SceneWeights(double Frames, double LagSeconds, double Deaths, double EdgeDeaths, double LagReach)
{
    public static SceneWeights Usual { get; } = new(0.1, 0.3, 3, 1, 1);
}

/// <summary>
/// F1 that every setting is expected to have in a scene, from the scores of its detections, and how answers age.
/// </summary>
sealed class SceneModel
{
    readonly DetectionPriors _priors;
    readonly SceneSeen _scene;
    readonly ImmutableArray<ImmutableArray<EdgeSum>> _seen;
    readonly SceneWeights _weights;
    readonly double[][][] _hazards; // by knob, edge, bin; of this scene, deaths seen here not yet counted
    readonly double[][] _factors; // by knob and edge: deaths here over those expected
    readonly double _raised;
    readonly double[] _rate; // by rung: F1 lost by frames that are not looked at
    readonly Lazy<double[]> _codings; // F1 by combination of the knobs that touch detections
    readonly int[] _places; // by knob: what a rung counts in the number of a combination; 0: nothing

    public SceneModel(KnobPriors priors, DetectionPriors detections, KnobState state, SceneWeights weights,
        double readings)
    {
        (_priors, _scene, _seen, _weights) = (detections, state.Scene, state.Seen, weights);
        double detail = Math.Log((_scene.Detail ?? DetectionPriors.UsualDetail) / DetectionPriors.UsualDetail);
        _hazards = [.. detections.Edges.Select((edges, k) => edges.Select((_, e) =>
            Hazard(k, e, detail, Gradient(priors.Edges[k][e].UtilityLoss, _seen[k][e], readings))).ToArray())];
        _factors = Factors();
        _raised = (weights.Deaths + _scene.Appeared) / (weights.Deaths + _scene.AppearedExpected);
        _rate = Rate();
        (_places, int count) = Places();
        _codings = new Lazy<double[]>(() => Codings(count));
    }

    /// <summary>F1 of a setting against the dearest one, 0 to 1, knobs that touch neither detections nor frames apart.
    /// </summary>
    public double F1(ReadOnlySpan<int> rungs)
    {
        int number = 0;
        for (int k = 0; k < rungs.Length; k++) number += _places[k] * rungs[k];
        return _codings.Value[number] * (_priors.Rate.Knob < 0 ? 1 : 1 - _rate[rungs[_priors.Rate.Knob]]);
    }

    /// <summary>F1 that a step of the frame rate loses; null: not the knob that drops frames.</summary>
    public double? RateLost(Edge edge) =>
        edge.Knob == _priors.Rate.Knob ? _rate[edge.Rung + 1] - _rate[edge.Rung] : null;

    /// <summary>Whether what a knob loses is in <see cref="F1"/>.</summary>
    public bool Tells(int knob) => _priors.Touches(knob) || knob == _priors.Rate.Knob;

    /// <summary>
    /// What a look tells of the edges between the dearest setting and this one: each detection lost went with one of
    /// them, more likely with the one that takes more (expectation step for sums of Poisson counts, of which only
    /// whether there was any is seen).
    /// </summary>
    public (ImmutableArray<ImmutableArray<EdgeSum>> Seen, double Appeared, double Expected) Learn(
        SceneLook look, ReadOnlySpan<int> rungs, double keep)
    {
        var seen = _seen.Select(knob => knob.Select(sum => sum with
        {
            Died = keep * sum.Died,
            Expected = keep * sum.Expected,
        }).ToArray()).ToArray();
        double raised = 0, extra = 0;
        List<(int Knob, int Edge)> crossed = [];
        for (int k = 0; k < rungs.Length; k++)
        {
            if (!_priors.Touches(k) || !_priors.IsLookedThrough[k]) continue;
            for (int e = 0; e < rungs[k]; e++)
            {
                crossed.Add((k, e));
                extra += _priors.Edges[k][e].Extra;
            }
        }

        for (int bin = 0; bin < ScoreBins.Count; bin++)
        {
            int full = look.Full[bin];
            if (full == 0 || crossed.Count == 0) continue;
            double all = crossed.Sum(c => _hazards[c.Knob][c.Edge][bin]
                * (ScoreBins.IsStrong(bin) ? _factors[c.Knob][c.Edge] : 1));
            if (!ScoreBins.IsStrong(bin))
            {
                raised += full * (1 - Math.Exp(-all));
                continue;
            }

            double deaths = (full - look.Found[bin]) / (1 - Math.Exp(-Math.Max(1e-9, all)));
            foreach (var (k, e) in crossed)
            {
                double own = _hazards[k][e][bin];
                seen[k][e] = seen[k][e] with
                {
                    Died = seen[k][e].Died + deaths * own * _factors[k][e],
                    Expected = seen[k][e].Expected + full * own,
                };
            }
        }

        int appeared = look.Extra + look.Found.Take(ScoreBins.Weak).Sum();
        double expected = raised + Math.Max(0, extra) * (look.Full.Sum() + PerFrame);
        return ([.. seen.Select(knob => knob.ToImmutableArray())],
            keep * _scene.Appeared + appeared, keep * _scene.AppearedExpected + expected);
    }

    /// <summary>What comes from nothing comes in empty frames too: as if a fifth of a detection were there.</summary>
    internal const double PerFrame = 0.2;

    double[] Hazard(int knob, int edge, double detail, double gradient)
    {
        var (own, pull) = (_priors.Edges[knob][edge], _priors.Pulls[knob]);
        return [.. Enumerable.Range(0, ScoreBins.Count).Select(bin =>
        {
            double margin = DetectionPriors.MarginScale * ScoreBins.MarginOf(bin);
            return SoftPlus(ScoreBins.IsStrong(bin)
                ? own.Lost + own.LostSlope * margin + pull.Detail * detail + pull.Gradient * gradient
                : own.Raised + own.RaisedSlope * margin + pull.RaisedDetail * detail);
        })];
    }

    internal static double SoftPlus(double x) => x > 30 ? x : Math.Log(1 + Math.Exp(x));

    /// <summary>The logarithm of the readings here over those elsewhere, a tenth of them at least.</summary>
    static double Gradient(double elsewhere, EdgeSum here, double readings) =>
        elsewhere <= 0 ? 0
            : Math.Log(Math.Max(0.1, (readings + here.UtilityLoss / elsewhere) / (readings + here.Weight)));

    double[][] Factors()
    {
        double died = 0, expected = 0;
        for (int k = 0; k < _hazards.Length; k++)
        {
            if (!_priors.Touches(k)) continue;
            died += _seen[k].Sum(s => s.Died);
            expected += _seen[k].Sum(s => s.Expected);
        }

        double all = (_weights.Deaths + died) / (_weights.Deaths + expected), one = _weights.EdgeDeaths;
        return [.. _hazards.Select((edges, k) => edges.Select((_, e) =>
            (one * all + _seen[k][e].Died) / (one + _seen[k][e].Expected)).ToArray())];
    }

    double[] Rate()
    {
        var prior = _priors.Rate;
        if (prior.Knob < 0) return [];
        double[] lags = new double[SceneSeen.Lags];
        for (int lag = 0; lag < lags.Length; lag++)
        {
            double lost = _weights.LagSeconds, expected = _weights.LagSeconds;
            for (int other = 0; other < lags.Length; other++)
            {
                double part = Math.Exp(-Math.Abs(Math.Log((lag + 1.0) / (other + 1))) / _weights.LagReach);
                lost += part * _scene.LagLost[other];
                expected += part * _scene.LagFrames[other] * prior.Lost[other];
            }

            lags[lag] = Math.Min(1, lost / expected * prior.Lost[lag]);
        }

        return [.. prior.EveryS.Select((_, rung) => prior.LostAt(rung, lags, _scene.FrameS))];
    }

    (int[] Places, int Count) Places()
    {
        int[] places = new int[_hazards.Length];
        int count = 1;
        for (int k = places.Length - 1; k >= 0; k--)
        {
            if (!_priors.Touches(k)) continue;
            places[k] = count;
            count *= _hazards[k].Length + 1;
        }

        return (places, count);
    }

    double[] Codings(int count)
    {
        double[] codings = new double[count];
        var usual = _priors.Usual;
        double few = _weights.Frames, frames = _scene.Frames + few * usual.Frames;
        double empty = _scene.EmptyFrames + few * usual.EmptyFrames;
        double[] scores = [.. _scene.Scores.Zip(usual.Scores, (s, u) => s + few * u)];
        double[] emptyScores = [.. _scene.EmptyScores.Zip(usual.EmptyScores, (s, u) => s + few * u)];
        double[][][] lost = [.. _hazards.Select((_, k) => UpTo(k))];
        double[] survive = new double[ScoreBins.Count];
        for (int number = 0; number < count; number++)
        {
            double extra = 0;
            Array.Clear(survive);
            for (int k = 0; k < _places.Length; k++)
            {
                if (_places[k] == 0) continue;
                double[] at = lost[k][number / _places[k] % lost[k].Length];
                for (int bin = 0; bin < survive.Length; bin++) survive[bin] += at[bin];
                extra += at[^1];
            }

            for (int bin = 0; bin < survive.Length; bin++) survive[bin] = Math.Exp(-survive[bin]);
            codings[number] = Coding(survive, _raised * Math.Max(0, extra), scores, frames, emptyScores, empty);
        }

        return codings;
    }

    /// <summary>By rung of a knob and bin: hazards of the steps to it added up; what comes from nothing last.</summary>
    double[][] UpTo(int knob)
    {
        double[][] sums = new double[_hazards[knob].Length + 1][];
        sums[0] = new double[ScoreBins.Count + 1];
        for (int e = 0; e < _hazards[knob].Length; e++)
        {
            double[] sum = sums[e + 1] = [.. sums[e]];
            for (int bin = 0; bin < ScoreBins.Count; bin++)
                sum[bin] += _hazards[knob][e][bin] * (ScoreBins.IsStrong(bin) ? _factors[knob][e] : _raised);
            sum[^1] += _priors.Edges[knob][e].Extra;
        }

        return sums;
    }

    static double Coding(
        double[] survive, double extra, double[] scores, double frames, double[] emptyScores, double empty)
    {
        double hits = 0, seen = 0, full = 0, all = 0, raised = 0, weak = 0;
        for (int bin = 0; bin < survive.Length; bin++)
        {
            all += scores[bin];
            weak += emptyScores[bin];
            if (ScoreBins.IsStrong(bin))
            {
                full += scores[bin];
                hits += scores[bin] * survive[bin];
            }
            else
            {
                seen += scores[bin] * (1 - survive[bin]);
                raised += emptyScores[bin] * (1 - survive[bin]);
            }
        }

        seen += hits + extra * (all + PerFrame * frames);
        double sum = 0;
        if (frames > 0) sum += full + seen > 0 ? frames * 2 * hits / (full + seen) : frames;
        // An empty frame is right as long as nothing comes.
        if (empty > 0) sum += empty * Math.Exp(-(raised + extra * (weak + PerFrame * empty)) / empty);
        return frames + empty > 0 ? sum / (frames + empty) : 1;
    }
}
