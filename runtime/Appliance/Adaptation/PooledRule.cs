using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Ours. Every edge has an expected loss of accuracy and an expected saving: what it brings elsewhere, moved by what
/// this scene's readings say, the more of them the more. From these the best setting of all is known, rungs that were
/// never looked at included, and each second the knob that brings most on the way there moves by one rung.
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

    public KnobState Next(KnobState state, IReadOnlyList<EdgeReading> readings, double price)
    {
        var seen = Heard(state.Seen, readings);
        int[] rungs = [.. state.Rungs], best = Best(seen, price);
        if (Value(best, seen, price) > Value(rungs, seen, price) + DeadBand) Step(rungs, best, seen, price);
        return state with { Rungs = [.. rungs], Seen = seen, Second = state.Second + 1 };
    }

    /// <summary>The setting to begin with: the best one by what is known from elsewhere.</summary>
    public KnobState Start(IReadOnlyList<Ladder> ladders, double price)
    {
        var state = KnobState.At(ladders, new int[ladders.Count]);
        return KnobState.At(ladders, Best(state.Seen, price));
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

    /// <summary>One rung of the knob that brings most on the way to a setting.</summary>
    void Step(int[] rungs, int[] towards, ImmutableArray<ImmutableArray<EdgeSum>> seen, double price)
    {
        int chosen = -1;
        double most = double.NegativeInfinity;
        for (int knob = 0; knob < rungs.Length; knob++)
        {
            int by = Math.Sign(towards[knob] - rungs[knob]);
            if (by == 0) continue;
            rungs[knob] += by;
            double value = Value(rungs, seen, price);
            rungs[knob] -= by;
            if (value > most) (chosen, most) = (knob, value);
        }

        rungs[chosen] += Math.Sign(towards[chosen] - rungs[chosen]);
    }

    /// <summary>F1 less the price of what the setting costs, up to what all settings have in common.</summary>
    double Value(ReadOnlySpan<int> rungs, ImmutableArray<ImmutableArray<EdgeSum>> seen, double price)
    {
        double lost = 0, logCost = 0;
        for (int knob = 0; knob < rungs.Length; knob++)
        {
            for (int rung = 0; rung < rungs[knob]; rung++)
            {
                var prior = Priors.Edges[knob][rung];
                var sum = seen[knob][rung];
                double utility = (PriorWeight * prior.UtilityLoss + sum.UtilityLoss) / (PriorWeight + sum.Weight);
                lost += prior.AccuracyLoss + Priors.Slopes[knob] * (utility - prior.UtilityLoss);
                logCost += (CostPriorWeight * prior.LogCost + sum.LogCost) / (CostPriorWeight + sum.Weight);
            }
        }

        return -lost - price * Math.Exp(logCost);
    }

    /// <summary>The best of all settings: knobs have few rungs, so each is looked at.</summary>
    int[] Best(ImmutableArray<ImmutableArray<EdgeSum>> seen, double price)
    {
        int[] rungs = new int[seen.Length], best = new int[seen.Length];
        double most = double.NegativeInfinity;
        do
        {
            double value = Value(rungs, seen, price);
            if (value <= most) continue;
            most = value;
            rungs.CopyTo(best, 0);
        }
        while (Advance(rungs, seen));

        return best;
    }

    /// <summary>Counts on to the next setting; false after the last.</summary>
    static bool Advance(int[] rungs, ImmutableArray<ImmutableArray<EdgeSum>> seen)
    {
        for (int knob = rungs.Length - 1; knob >= 0; knob--)
        {
            if (++rungs[knob] <= seen[knob].Length) return true;
            rungs[knob] = 0;
        }

        return false;
    }
}
