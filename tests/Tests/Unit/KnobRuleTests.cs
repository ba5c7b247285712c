using System.Collections.Immutable;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Rules that move knobs, on scenes of which everything is known.</summary>
public sealed class KnobRuleTests
{
    static readonly Ladder[] Ladders =
    [
        new("quantiser", "24", "30", "36", "42"), new("resolution", "720", "480", "360"),
    ];

    /// <summary>Each step loses so much utility and F1, and leaves so much of the cost.</summary>
    static readonly (double Loss, double Left)[][] Scene =
        [[(0.01, 0.6), (0.03, 0.7), (0.2, 0.8)], [(0.05, 0.5), (0.3, 0.6)]];

    static double CostOf(IReadOnlyList<int> rungs) => rungs
        .SelectMany((rung, knob) => Scene[knob].Take(rung)).Aggregate(1.0, (cost, step) => cost * step.Left);

    static double LossOf(IReadOnlyList<int> rungs) => rungs.SelectMany((rung, knob) => Scene[knob].Take(rung))
        .Sum(step => step.Loss);

    static IEnumerable<int[]> Settings =>
        from a in Enumerable.Range(0, 4) from b in Enumerable.Range(0, 3) select new[] { a, b };

    static int[] Best(double price) => Settings.MaxBy(s => -LossOf(s) - price * CostOf(s))!;

    static EdgeReading[] Readings(KnobState state, Func<Edge, double>? noise = null) =>
    [
        .. state.Neighbours(Ladders).Select(e =>
        {
            var (loss, left) = Scene[e.Knob][e.Rung];
            int[] dear = [.. state.Rungs];
            dear[e.Knob] = e.Rung;
            return new EdgeReading(e, loss + (noise?.Invoke(e) ?? 0), new Resources(CostOf(dear), 0),
                new Resources(Math.Log(left), 0));
        }),
    ];

    static List<KnobState> Follow(
        IKnobRule rule, KnobState state, double price, int seconds, Func<Edge, double>? noise = null)
    {
        List<KnobState> all = [state];
        var terms = KnobTerms.Uplink(price);
        for (int i = 0; i < seconds; i++) all.Add(rule.Next(all[^1], Readings(all[^1], noise), terms));
        return all;
    }

    static KnobState Dearest => KnobState.At(Ladders, 0, 0);

    [Fact]
    public void A_ladder_goes_from_position_1_to_0()
    {
        Assert.Equal([1, 2.0 / 3, 1.0 / 3, 0], Enumerable.Range(0, 4).Select(Ladders[0].PositionOf), (a, b) =>
            Math.Abs(a - b) < 1e-12);
        Assert.Equal([0, 1, 2, 3], Enumerable.Range(0, 4).Select(r => Ladders[0].RungAt(Ladders[0].PositionOf(r))));
        Assert.Equal(2, Ladders[0].RungAt(0.01)); // the last rung is for position 0 alone
        Assert.Equal((0, 3), (Ladders[0].RungAt(7), Ladders[0].RungAt(-7)));
        Assert.Equal(1, new Ladder("fixed", "only").PositionOf(0));
        Assert.Contains("stands there twice",
            Assert.Throws<ArgumentException>(() => new Ladder("q", "1", "1")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.1)]
    [InlineData(0.3)]
    [InlineData(3)]
    public void Ours_finds_the_best_setting_without_knowing_anything_before(double price)
    {
        var rule = new PooledRule(KnobPriors.None(Ladders))
        {
            PriorWeight = 0.01,
            CostPriorWeight = 0.01,
            DeadBand = 0,
        };
        var states = Follow(rule, Dearest, price, 30);
        Assert.Equal<IEnumerable<int>>(Best(price), states[^1].Rungs);
        Assert.All(states.TakeLast(20), s => Assert.Equal<IEnumerable<int>>(states[^1].Rungs, s.Rungs));
    }

    [Fact]
    public void At_most_one_rung_of_one_knob_moves_a_second()
    {
        var random = new Random(1);
        var rule = new PooledRule(KnobPriors.None(Ladders));
        var states = Follow(rule, Dearest, 0.3, 200, _ => random.NextDouble() - 0.5);
        foreach (var (was, isNow) in states.Zip(states.Skip(1)))
            Assert.InRange(was.Rungs.Zip(isNow.Rungs, (a, b) => Math.Abs(a - b)).Sum(), 0, 1);
    }

    [Fact]
    public void The_last_rung_of_every_knob_can_be_reached()
    {
        foreach (var rule in new IKnobRule[] { new PooledRule(KnobPriors.None(Ladders)), new AdamRule(Ladders) })
            Assert.Equal<IEnumerable<int>>([3, 2], Follow(rule, Dearest, 50, 40)[^1].Rungs);
    }

    [Fact]
    public void Settled_knobs_swing_by_one_rung_at_most_however_noisy_the_readings()
    {
        var random = new Random(2);
        var rule = new PooledRule(KnobPriors.None(Ladders));
        var settled = Follow(rule, Dearest, 0.1, 300, _ => 0.1 * (random.NextDouble() - 0.5)).Skip(60).ToList();
        for (int knob = 0; knob < 2; knob++)
        {
            var rungs = settled.Select(s => s.Rungs[knob]).ToList();
            Assert.InRange(rungs.Max() - rungs.Min(), 0, 1);
        }
    }

    [Fact]
    public void Readings_that_are_no_numbers_change_nothing()
    {
        foreach (var rule in new IKnobRule[] { new PooledRule(KnobPriors.None(Ladders)), new AdamRule(Ladders) })
        {
            var state = Follow(rule, Dearest, 0.1, 5)[^1];
            EdgeReading[] bad = [.. Readings(state).Select(r => r with { UtilityLoss = double.NaN }),
                .. Readings(state).Select(r => r with { LogCost = new(double.NegativeInfinity, 0) })];
            var after = rule.Next(state, bad, KnobTerms.Uplink(0.1));
            Assert.All(after.Moments, m => Assert.True(double.IsFinite(m.Position)));
            Assert.All(after.Seen.SelectMany(s => s),
                s => Assert.True(double.IsFinite(s.UtilityLoss + s.LogCost.Uplink)));
            Assert.Equal<IEnumerable<int>>(rule.Next(state, [], KnobTerms.Uplink(0.1)).Rungs, after.Rungs);
        }
    }

    [Fact]
    public void Priors_are_means_over_scenes_and_slopes_within_edges()
    {
        static ImmutableArray<ImmutableArray<EdgePrior>> One(
            double utility, double accuracy) => [[new EdgePrior(utility, accuracy, new(-1, 0))]];
        var priors = KnobPriors.Of([One(0.1, 0.3), One(0.5, 0.5)]);
        Assert.Equal(0.3, priors.Edges[0][0].UtilityLoss, 12);
        Assert.Equal(0.4, priors.Edges[0][0].AccuracyLoss, 12);
        Assert.Equal(-1, priors.Edges[0][0].LogCost.Uplink, 12);
        Assert.Equal(0.04 / (0.08 + 0.002), priors.Slopes[0], 12);
        Assert.Equal(0, KnobPriors.Of([One(0.1, 0.5), One(0.5, 0.3)]).Slopes[0]); // less utility is no gain
    }

    /// <summary>By hand: both moments halve, the first step of Adam is the whole rate.</summary>
    [Fact]
    public void Adams_first_steps_are_those_of_the_paper()
    {
        var rule = new AdamRule(Ladders) { Rate = 0.1 };
        var readings = new[] { new EdgeReading(new Edge(0, 0), 0.01, new(1, 0), new(Math.Log(0.6), 0)) };
        // 3 edges x (0.1 x 0.4 - 0.01) = 0.09, down the ladder.
        var one = rule.Next(Dearest, readings, KnobTerms.Uplink(0.1));
        Assert.Equal(0.9, one.Moments[0].Position, 6);
        Assert.Equal(0.045, one.Moments[0].Mean, 12);
        Assert.Equal(0.00405, one.Moments[0].Square, 12);
        Assert.Equal(1, one.Moments[1].Position); // not asked about
        Assert.Equal(0.8, rule.Next(one, readings, KnobTerms.Uplink(0.1)).Moments[0].Position, 6);
    }
}
