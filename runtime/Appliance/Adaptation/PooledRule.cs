using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Ours. Every edge has an expected loss of accuracy and an expected saving: what it brings elsewhere, moved by what
/// this scene's readings say, the more of them the more. From these the best setting of all is known, rungs that were
/// never looked at included, and each second the knob that brings most on the way there moves by one rung. Only a limit
/// makes it move at once as far as it must.
/// </summary>
sealed record PooledRule(KnobPriors Priors) : IKnobRule
{
    /// <summary>Readings that what is known from elsewhere counts for: with so many a scene is half heard.</summary>
    public double PriorWeight { get; init; } = 4;

    /// <summary>The same for costs, which vary less from second to second.</summary>
    public double CostPriorWeight { get; init; } = 2;

    /// <summary>What is left of a reading's weight after a second: a tenth of it after 22 s.</summary>
    public double Keep { get; init; } = 0.9;

    /// <summary>A setting that is better by less than this much F1 is not worth a move.</summary>
    public double DeadBand { get; init; } = 0.003;

    /// <summary>What is left of a scene's evidence after the next look, and of old answers' after a second.</summary>
    public double SceneKeep { get; init; } = 0.97;

    public SceneWeights Weights { get; init; } = SceneWeights.Usual;

    /// <summary>For <see cref="RungsAtOnce"/>: from one end of a ladder to the other.</summary>
    public const int AnyRung = int.MaxValue;

    /// <summary>Rungs that a knob may move in a second.</summary>
    public int RungsAtOnce { get; init; } = 1;

    public KnobState Next(KnobState state, IReadOnlyList<EdgeReading> readings, KnobTerms terms)
    {
        state = Told(state, terms.Scene);
        var seen = Heard(state.Seen, readings);
        var view = new View(this, state with { Seen = seen }, terms);
        int[] rungs = [.. state.Rungs], best = view.Best();
        if (!view.IsAllowed(rungs)) rungs = best;
        else if (view.Value(best) > view.Value(rungs) + DeadBand) view.Step(rungs, best, RungsAtOnce);
        return state with { Rungs = [.. rungs], Seen = seen, Second = state.Second + 1 };
    }

    /// <summary>The setting to begin with: the best one by what is known from elsewhere.</summary>
    public KnobState Start(IReadOnlyList<Ladder> ladders, Resources price)
    {
        var state = KnobState.At(ladders, new int[ladders.Count]);
        var view = new View(this, state, new KnobTerms(price, Resources.Unlimited));
        return KnobState.At(ladders, view.Best());
    }

    /// <summary>What a setting is expected to cost more than another, natural logarithms.</summary>
    public Resources LogCostBetween(KnobState state, IReadOnlyList<int> from, IReadOnlyList<int> to)
    {
        var view = new View(this, state, default);
        return view.LogCost([.. to]) - view.LogCost([.. from]);
    }

    /// <summary>What a step of the frame rate is expected to lose in this scene, as older answers tell.</summary>
    public double? RateLost(KnobState state, Edge edge) => ModelOf(state)?.RateLost(edge);

    SceneModel? ModelOf(KnobState state) => Priors.Detections is { } detections
        ? new SceneModel(Priors, detections, state, Weights, PriorWeight) : null;

    KnobState Told(KnobState state, SceneReading? reading)
    {
        if (reading is null) return state;
        var scene = state.Scene.With(reading.Lags, SceneKeep) with { FrameS = reading.FrameS ?? state.Scene.FrameS };
        state = state with { Scene = scene };
        if (reading.Look is not { } look || ModelOf(state) is not { } model) return state;
        if (look.Found.IsDefault) return state with { Scene = scene.With(look, SceneKeep) };
        var (seen, appeared, expected) = model.Learn(look, state.Rungs.AsSpan(), SceneKeep);
        return state with
        {
            Seen = seen,
            Scene = scene.With(look, SceneKeep) with { Appeared = appeared, AppearedExpected = expected },
        };
    }

    ImmutableArray<ImmutableArray<EdgeSum>> Heard(
        ImmutableArray<ImmutableArray<EdgeSum>> seen, IReadOnlyList<EdgeReading> readings)
    {
        var sums = seen.Select(knob => knob.Select(sum => sum.Faded(Keep)).ToArray()).ToArray();
        foreach (var reading in readings.Where(r => r.IsFinite))
        {
            ref var sum = ref sums[reading.Edge.Knob][reading.Edge.Rung];
            sum = sum.With(reading);
        }

        return [.. sums.Select(knob => knob.ToImmutableArray())];
    }

    /// <summary>What is expected of every setting in one second.</summary>
    sealed class View
    {
        readonly double[][] _lost; // by knob and rung, what the scene's own model does not tell
        readonly SceneModel? _scene;
        readonly Resources[][] _logCost, _cost;
        readonly KnobTerms _terms;
        readonly Resources _limit;

        public View(PooledRule rule, KnobState state, KnobTerms terms)
        {
            _terms = terms;
            var seen = state.Seen;
            _scene = rule.ModelOf(state);
            // Summed along each ladder once: what a rung loses and costs beside the dearest.
            _lost = [.. seen.Select((knob, k) => Along(knob.Length, 0.0, (e, sum) =>
                _scene?.Tells(k) == true ? 0 : sum + rule.Lost(k, e, knob[e])))];
            _logCost = [.. seen.Select((knob, k) =>
                Along(knob.Length, default(Resources), (e, sum) => sum + rule.LogCost(k, e, knob[e])))];
            _cost = [.. _logCost.Select(knob => knob.Select(c => c.Exp()).ToArray())];
            var now = LogCost([.. state.Rungs]);
            _limit = new(Math.Log(terms.Limit.Uplink) + now.Uplink, Math.Log(terms.Limit.Compute) + now.Compute);
        }

        static T[] Along<T>(int edges, T from, Func<int, T, T> add)
        {
            var sums = new T[edges + 1];
            sums[0] = from;
            for (int e = 0; e < edges; e++) sums[e + 1] = add(e, sums[e]);
            return sums;
        }

        /// <summary>Natural logarithms of the costs as parts of the dearest setting's.</summary>
        public Resources LogCost(ReadOnlySpan<int> rungs)
        {
            Resources sum = default;
            for (int knob = 0; knob < rungs.Length; knob++) sum += _logCost[knob][rungs[knob]];
            return sum;
        }

        /// <summary>Rounding apart, a setting that costs what the present one does is within a limit of 1.</summary>
        public bool IsAllowed(ReadOnlySpan<int> rungs) => IsAllowed(LogCost(rungs));

        bool IsAllowed(Resources logCost) => (logCost - new Resources(1e-9, 1e-9)).Within(_limit);

        /// <summary>F1 less the price of what the setting costs, up to what all settings have in common.</summary>
        public double Value(ReadOnlySpan<int> rungs)
        {
            double lost = _scene is null ? 0 : 1 - _scene.F1(rungs);
            double uplink = 1, compute = 1;
            for (int knob = 0; knob < rungs.Length; knob++)
            {
                lost += _lost[knob][rungs[knob]];
                uplink *= _cost[knob][rungs[knob]].Uplink;
                compute *= _cost[knob][rungs[knob]].Compute;
            }

            return -lost - new Resources(uplink, compute).At(_terms.Price);
        }

        /// <summary>
        /// The best of all settings within the limit; where none is, the one that is over it by least. Knobs have few
        /// rungs, so each is looked at.
        /// </summary>
        public int[] Best()
        {
            int[] rungs = new int[_lost.Length], best = new int[_lost.Length];
            (double Over, double Value) most = (double.PositiveInfinity, double.NegativeInfinity);
            do
            {
                var logCost = LogCost(rungs);
                double over = IsAllowed(logCost) ? 0
                    : Math.Max(0, logCost.Uplink - _limit.Uplink) + Math.Max(0, logCost.Compute - _limit.Compute);
                if (over > most.Over) continue;
                double value = Value(rungs);
                if (over.Equals(most.Over) && value <= most.Value) continue;
                most = (over, value);
                rungs.CopyTo(best, 0);
            }
            while (Advance(rungs));

            return best;
        }

        /// <summary>A move of the knob that brings most on the way to a setting within the limit.</summary>
        public void Step(int[] rungs, int[] towards, int rungsMax)
        {
            int chosen = -1;
            double most = double.NegativeInfinity;
            for (int knob = 0; knob < rungs.Length; knob++)
            {
                int by = Math.Clamp(towards[knob] - rungs[knob], -rungsMax, rungsMax);
                if (by == 0) continue;
                rungs[knob] += by;
                double value = IsAllowed(rungs) ? Value(rungs) : double.NegativeInfinity;
                rungs[knob] -= by;
                if (value > most) (chosen, most) = (knob, value);
            }

            if (chosen >= 0) rungs[chosen] += Math.Clamp(towards[chosen] - rungs[chosen], -rungsMax, rungsMax);
        }

        /// <summary>Counts on to the next setting; false after the last.</summary>
        bool Advance(int[] rungs)
        {
            for (int knob = rungs.Length - 1; knob >= 0; knob--)
            {
                if (++rungs[knob] < _lost[knob].Length) return true;
                rungs[knob] = 0;
            }

            return false;
        }
    }

    double Lost(int knob, int rung, EdgeSum sum)
    {
        var prior = Priors.Edges[knob][rung];
        double utility = (PriorWeight * prior.UtilityLoss + sum.UtilityLoss) / (PriorWeight + sum.Weight);
        return prior.AccuracyLoss + Priors.Slopes[knob] * (utility - prior.UtilityLoss);
    }

    Resources LogCost(int knob, int rung, EdgeSum sum) =>
        1 / (CostPriorWeight + sum.Weight) * (CostPriorWeight * Priors.Edges[knob][rung].LogCost + sum.LogCost);
}
