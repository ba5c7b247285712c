using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Tests.Unit;

/// <summary>
/// Step responses: a made-up plant with three knobs whose losses depend on the scene, meters with 5 % noise, and a
/// controller that knows neither the scene nor the plant beforehand.
/// </summary>
public sealed class KnobControllerTests
{
    static readonly Knob[] Knobs =
    [
        new Knob<int>("quantiser", [20, 26, 32, 38, 44], Floor: 3),
        new Knob<double>("scale", [1, 0.75, 0.5], Floor: 1, RestS: 3),
        new Knob<int>("input", [416, 352, 288, 224], Floor: 2),
    ];

    static readonly Ladder[] Ladders = [.. Knobs.Select(k => k.Ladder)];

    /// <summary>What a step leaves of bits and milliseconds.</summary>
    static readonly Resources[] Left = [new(0.6, 1), new(0.6, 1), new(1, 0.72)];

    static readonly Resources Dearest = new(2e6, 300);

    /// <summary>What a step loses where much is to be seen.</summary>
    static readonly double[] Loss = [0.02, 0.03, 0.02];

    sealed class Plant(int seed)
    {
        readonly Random _random = new(seed);
        long _second;

        public double Busy { get; set; } = 1;

        /// <summary>A larger picture costs more of everything.</summary>
        public double Size { get; set; } = 1;

        public bool GradientIsBroken { get; set; }

        public bool MetersAreGone { get; set; }

        public double Degrees { get; set; } = 50;

        public MonoTime Now => MonoTime.FromSeconds(_second);

        public Resources Spent(IReadOnlyList<int> rungs) => new(
            Size * Dearest.Uplink * Power(rungs, r => r.Uplink), Size * Dearest.Compute * Power(rungs, r => r.Compute));

        static double Power(IReadOnlyList<int> rungs, Func<Resources, double> of) =>
            rungs.Select((rung, k) => Math.Pow(of(Left[k]), rung)).Aggregate(1.0, (a, b) => a * b);

        public Probed Look(ControllerState state) => new(state.Setting, Now,
            [.. state.Knobs.Neighbours(Ladders).Select(e => new EdgeReading(e,
                GradientIsBroken
                    ? double.NaN : Busy * Loss[e.Knob] * (1 + e.Rung) + 0.01 * (_random.NextDouble() - 0.5),
                Part(e, state.Knobs.Rungs),
                new Resources(Math.Log(Left[e.Knob].Uplink), Math.Log(Left[e.Knob].Compute))))],
            SeesNothing: Busy <= 0);

        Resources Part(Edge edge, ImmutableArray<int> rungs)
        {
            var dear = Spent(rungs.SetItem(edge.Knob, edge.Rung));
            return new(dear.Uplink / Dearest.Uplink, dear.Compute / Dearest.Compute);
        }

        public KnobMeters Read(IReadOnlyList<int> rungs)
        {
            _second++;
            var spent = Spent(rungs);
            double noise = 1 + 0.05 * (2 * _random.NextDouble() - 1);
            return MetersAreGone ? default
                : new KnobMeters(noise * spent.Uplink, noise * spent.Compute, Degrees, null);
        }
    }

    static PooledRule Pooled => new(KnobPriors.None(Ladders) with { Edges = Known });

    static ImmutableArray<ImmutableArray<EdgePrior>> Known =>
    [
        .. Ladders.Select((ladder, k) => Enumerable.Range(0, ladder.Count - 1).Select(e => new EdgePrior(
            Loss[k] * (1 + e), Loss[k] * (1 + e), new(Math.Log(Left[k].Uplink), Math.Log(Left[k].Compute))))
            .ToImmutableArray()),
    ];

    static readonly Resources Price = new(0.1, 0.1);

    static List<ControllerState> Run(
        KnobController controller, Plant plant, ControllerState state, KnobBudget budget, int seconds)
    {
        List<ControllerState> all = [];
        for (int i = 0; i < seconds; i++)
        {
            var probe = plant.Look(state);
            state = controller.Next(state, probe, plant.Read(state.Knobs.Rungs), budget, Price, plant.Now);
            all.Add(state);
        }

        return all;
    }

    static KnobController Ours => new(Knobs, Pooled, Pooled);

    static ControllerState Start => ControllerState.At(KnobState.At(Ladders, 0, 0, 0));

    static void IsCalm(IEnumerable<ControllerState> settled)
    {
        var all = settled.ToList();
        for (int knob = 0; knob < Knobs.Length; knob++)
        {
            var rungs = all.Select(s => s.Knobs.Rungs[knob]).ToList();
            Assert.InRange(rungs.Max() - rungs.Min(), 0, 1);
        }
    }

    [Fact]
    public void An_emptied_scene_is_looked_at_no_worse_than_the_floor_and_calmly()
    {
        var plant = new Plant(1);
        var busy = Run(Ours, plant, Start, new KnobBudget(), 30);
        plant.Busy = 0;
        var empty = Run(Ours, plant, busy[^1], new KnobBudget(), 90);
        IsCalm(empty.Skip(60));
        Assert.True(plant.Spent(empty[^1].Knobs.Rungs).Within(plant.Spent(busy[^1].Knobs.Rungs)));
        foreach (var (knob, rung) in Knobs.Zip(empty[^1].Knobs.Rungs)) Assert.True(rung <= knob.Floor, knob.Name);
    }

    [Fact]
    public void A_crowd_that_arrives_gets_better_rungs_one_at_a_time()
    {
        var plant = new Plant(2) { Busy = 0 };
        var empty = Run(Ours, plant, Start, new KnobBudget(), 60);
        plant.Busy = 2;
        var busy = Run(Ours, plant, empty[^1], new KnobBudget(), 60);
        Assert.True(busy[^1].Knobs.Rungs.Sum() < empty[^1].Knobs.Rungs.Sum());
        IsCalm(busy.Skip(40));
        foreach (var (was, isNow) in busy.Zip(busy.Skip(1)))
            Assert.InRange(was.Knobs.Rungs.Zip(isNow.Knobs.Rungs, (a, b) => Math.Abs(a - b)).Sum(), 0, 1);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.1)]
    public void A_cut_budget_is_kept_from_the_next_second_on(double part)
    {
        var plant = new Plant(3);
        var before = Run(Ours, plant, Start, new KnobBudget(), 30);
        var spent = plant.Spent(before[^1].Knobs.Rungs);
        var budget = new KnobBudget(part * spent.Uplink, part * spent.Compute);
        // The cheapest of all is what a tenth cannot go below.
        var least = plant.Spent([4, 2, 3]);
        var most = new Resources(
            Math.Max(budget.UplinkBitsPerS!.Value, least.Uplink), Math.Max(budget.ComputeMsPerS!.Value, least.Compute));
        var after = Run(Ours, plant, before[^1], budget, 60);
        Assert.All(after, s => Assert.True(
            plant.Spent(s.Knobs.Rungs).Within(1.0000001 * most), $"{plant.Spent(s.Knobs.Rungs)} of {most}"));
        IsCalm(after.Skip(10));
    }

    [Fact]
    public void The_published_rule_keeps_the_budget_too()
    {
        var plant = new Plant(4);
        var adam = new KnobController(Knobs, new AdamRule(Ladders), Pooled);
        var budget = new KnobBudget(0.4 * Dearest.Uplink, 0.5 * Dearest.Compute);
        var all = Run(adam, plant, Start, budget, 60);
        Assert.All(all, s => Assert.True(
            plant.Spent(s.Knobs.Rungs).Within(new(budget.UplinkBitsPerS!.Value, budget.ComputeMsPerS!.Value))));
    }

    [Fact]
    public void A_board_that_is_too_hot_computes_less_each_second_until_it_is_not()
    {
        var plant = new Plant(5) { Degrees = 91 };
        var budget = new KnobBudget(DegreesMax: 90);
        var first = Run(Ours, plant, Start, budget, 1);
        Assert.True(plant.Spent(first[0].Knobs.Rungs).Compute <= 0.76 * Dearest.Compute);
        var hot = Run(Ours, plant, first[^1], budget, 10);
        Assert.Equal(3, hot[^1].Knobs.Rungs[2]);
        plant.Degrees = 88; // within the band: not dearer, not cheaper
        Assert.Equal(3, Run(Ours, plant, hot[^1], budget, 10)[^1].Knobs.Rungs[2]);
        plant.Degrees = 60;
        Assert.True(Run(Ours, plant, hot[^1], budget, 30)[^1].Knobs.Rungs[2] < 3);
    }

    [Fact]
    public void A_camera_of_another_size_is_brought_within_the_budget_in_a_second()
    {
        var plant = new Plant(6);
        var budget = new KnobBudget(0.5 * Dearest.Uplink, 0.5 * Dearest.Compute);
        var before = Run(Ours, plant, Start, budget, 30);
        plant.Size = 2.5;
        var after = Run(Ours, plant, before[^1], budget, 30);
        Assert.All(after.Take(20), s => Assert.True(
            plant.Spent(s.Knobs.Rungs).Within(new(
                Math.Max(budget.UplinkBitsPerS!.Value, plant.Spent([4, 2, 3]).Uplink),
                Math.Max(budget.ComputeMsPerS!.Value, plant.Spent([4, 2, 3]).Compute)))));
        IsCalm(after.Skip(10));
    }

    [Fact]
    public void A_gradient_that_is_no_number_moves_nothing_beyond_what_is_known()
    {
        var plant = new Plant(7);
        var before = Run(Ours, plant, Start, new KnobBudget(), 60);
        plant.GradientIsBroken = true;
        var after = Run(Ours, plant, before[^1], new KnobBudget(), 60);
        Assert.All(after.SelectMany(s => s.Knobs.Seen).SelectMany(s => s),
            s => Assert.True(double.IsFinite(s.UtilityLoss)));
        IsCalm([before[^1], .. after]);
    }

    [Fact]
    public void Without_meters_a_budget_lets_nothing_grow_dearer()
    {
        var plant = new Plant(8) { MetersAreGone = true };
        var cheap = ControllerState.At(KnobState.At(Ladders, 4, 2, 3));
        var budget = new KnobBudget(1e9, 1e9, DegreesMax: 90);
        var after = Run(Ours, plant, cheap, budget, 20);
        Assert.All(after, s => Assert.Equal<IEnumerable<int>>([4, 2, 3], s.Knobs.Rungs));
        // Without a budget no meter is needed.
        Assert.True(Run(Ours, plant, cheap, new KnobBudget(), 20)[^1].Knobs.Rungs.Sum() < 9);
    }

    [Fact]
    public void A_stale_gradient_is_not_heard()
    {
        var plant = new Plant(9) { Busy = 50 };
        var state = ControllerState.At(KnobState.At(Ladders, 2, 1, 1));
        var now = MonoTime.FromSeconds(100);
        var late = plant.Look(state) with { At = now - TimeSpan.FromSeconds(2.5) };
        var foreign = plant.Look(state) with { At = now, Setting = 17 };
        foreach (var probe in new[] { late, foreign })
        {
            var next = Ours.Next(state, probe, default, new KnobBudget(), Price, now);
            Assert.All(next.Knobs.Seen.SelectMany(s => s), s => Assert.Equal(0, s.Weight));
        }

        var heard = Ours.Next(state, plant.Look(state) with { At = now }, default, new KnobBudget(), Price, now);
        Assert.Contains(heard.Knobs.Seen.SelectMany(s => s), s => s.Weight > 0);
    }

    [Fact]
    public void What_is_dear_to_change_rests_between_two_moves()
    {
        var plant = new Plant(10) { Busy = 0 };
        var all = Run(Ours, plant, Start, new KnobBudget(), 60).Select(s => s.Knobs.Rungs[1]).ToList();
        var moves = Enumerable.Range(1, all.Count - 1).Where(i => all[i] != all[i - 1]).ToList();
        Assert.All(moves.Zip(moves.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 3));
    }

    [Fact]
    public void Every_knob_reaches_its_last_rung()
    {
        var plant = new Plant(11) { Busy = 0.0001 };
        var state = Start;
        var rule = new PooledRule(KnobPriors.None(Ladders));
        var controller = new KnobController(Knobs, rule, rule);
        for (int i = 0; i < 60; i++)
            state = controller.Next(state, plant.Look(state), plant.Read(state.Knobs.Rungs), new KnobBudget(),
                new Resources(9, 9), plant.Now);
        Assert.Equal<IEnumerable<int>>([4, 2, 3], state.Knobs.Rungs);
    }

    [Fact]
    public void The_board_takes_newer_settings_only()
    {
        var board = new KnobBoard(new KnobSetting(3, [0, 0, 0]));
        board.Publish(new KnobSetting(4, [1, 0, 0]));
        Assert.Equal((4, 1), (board.Now.Version, board.Now.Rungs[0]));
        Assert.Contains("older", Assert.Throws<ArgumentException>(
            () => board.Publish(new KnobSetting(2, [0, 0, 0]))).Message, StringComparison.Ordinal);
    }
}
