using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// The published rule, for comparison (OneAdapt, Du et al. 2023, and its authors' code): positions follow Adam on the
/// slope of utility lost plus price times cost, looking at the cheaper neighbour only. Both moments are halved each
/// second. Positions end at 0, not at 1e-7 as in the authors' code, which lists the cheapest rung twice to reach it.
/// </summary>
sealed record AdamRule(IReadOnlyList<Ladder> Ladders) : IKnobRule
{
    const double Moment = 0.5, Epsilon = 1e-8;

    /// <summary>Positions a step moves at most, about.</summary>
    public double Rate { get; init; } = 0.5;

    public KnobState Next(KnobState state, IReadOnlyList<EdgeReading> readings, KnobTerms terms)
    {
        var moments = state.Moments.ToArray();
        foreach (var reading in readings.Where(r => r.IsFinite && r.Edge.Rung == state.Rungs[r.Edge.Knob]))
        {
            // Up the ladder accuracy is won and cost is paid.
            int edges = Ladders[reading.Edge.Knob].Count - 1;
            double slope = edges * (reading.Saved.At(terms.Price) - Math.Abs(reading.UtilityLoss));
            ref var at = ref moments[reading.Edge.Knob];
            at = Step(at, slope, state.Second + 1);
        }

        ImmutableArray<int> rungs = [.. moments.Select((m, knob) => Ladders[knob].RungAt(m.Position))];
        return state with { Rungs = rungs, Moments = [.. moments], Second = state.Second + 1 };
    }

    Moment Step(Moment at, double slope, long count)
    {
        double mean = Moment * at.Mean + (1 - Moment) * slope;
        double square = Moment * at.Square + (1 - Moment) * slope * slope;
        double unbiased = 1 - Math.Pow(Moment, count);
        double step = Rate * mean / unbiased / (Math.Sqrt(square / unbiased) + Epsilon);
        return new Moment(Math.Clamp(at.Position - step, 0, 1), mean, square);
    }
}
