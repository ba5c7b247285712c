using System.Collections.Immutable;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>What the scores of a scene's detections tell of settings.</summary>
public sealed class SceneModelTests
{
    const float Threshold = 0.3f;

    static readonly Ladder[] Ladders = [new("input size", "100%", "70%", "50%"), new("frame rate", "all", "5", "2")];

    /// <summary>h = ln 2 at the threshold and less above it: half of what lies on the threshold goes with a step.
    /// </summary>
    static readonly EdgeHazard Step = new(0, -3, -9, 0, 0);

    static KnobPriors Priors(EdgeHazard first, EdgeHazard second) => KnobPriors.None(Ladders) with
    {
        Detections = new DetectionPriors([[first, second], []], [default, default], [true, false],
            new RatePrior(1, [0, 0.2, 0.5], [.. Enumerable.Range(1, 10).Select(i => 0.05 * i)]), SceneSeen.None),
    };

    static KnobState At(params int[] rungs) => KnobState.At(Ladders, rungs);

    static Detection Seen(float score, float left = 0, int kind = 0) =>
        new(new Box(left, 0, left + 10, 20), kind, score);

    static ImmutableArray<int> Bins(params (float Score, int Count)[] of)
    {
        int[] bins = new int[ScoreBins.Count];
        foreach (var (score, count) in of) bins[ScoreBins.Of(score, Threshold)] += count;
        return [.. bins];
    }

    static SceneModel Model(KnobState state, KnobPriors? priors = null) => new(
        priors ?? Priors(Step, Step), (priors ?? Priors(Step, Step)).Detections!, state, SceneWeights.Usual, 4);

    static KnobState Looked(KnobState state, params (float Score, int Count)[] full) => state with
    {
        Scene = state.Scene.With(new SceneLook(Bins(full), Bins(full), 0, 2), 1) with { FrameS = 0.1 },
    };

    [Fact]
    public void Scores_fall_into_bins_of_a_twentieth_about_the_threshold()
    {
        foreach (var (score, bin) in new[]
            { (0.09f, -1), (0.1f, 0), (0.29f, 3), (0.3f, 4), (0.34f, 4), (0.36f, 5), (0.97f, 17), (1f, 17) })
            Assert.Equal(bin, ScoreBins.Of(score, Threshold));
        Assert.Equal(ScoreBins.Weak, ScoreBins.Of(0.7f, 0.7f));
        Assert.Equal(0.025, ScoreBins.MarginOf(4), 12);
        Assert.False(ScoreBins.IsStrong(3));
    }

    [Fact]
    public void A_look_tells_what_was_found_lost_raised_and_made_up()
    {
        // Full quality: two sure ones, a weak one, one of another class. Seen: one sure, the weak one, one of its own.
        Detection[] full = [Seen(0.9f), Seen(0.8f, 50), Seen(0.2f, 100), Seen(0.9f, 150, 1)];
        Detection[] shown = [Seen(0.7f, 1), Seen(0.4f, 101), Seen(0.5f, 300), Seen(0.1f, 150, 1)];
        var look = SceneLook.Of(shown, full, Threshold, 3);
        Assert.Equal(Bins((0.9f, 2), (0.8f, 1), (0.2f, 1)).AsEnumerable(), look.Full);
        Assert.Equal(Bins((0.9f, 1), (0.2f, 1)).AsEnumerable(), look.Found);
        Assert.Equal((1, 3.0), (look.Extra, look.Detail));
        var alone = SceneLook.Of(full, Threshold, 3);
        Assert.Equal(look.Full.AsEnumerable(), alone.Full);
        Assert.True(alone.Found.IsDefault);
        // In full quality alone: what there is is known, what dies is not.
        var state = new PooledRule(Priors(Step, Step)).Next(
            At(2, 0), [], new KnobTerms(default, Resources.Unlimited, new SceneReading(alone, [], 0.1)));
        Assert.Equal((1.0, 0.0), (state.Scene.Frames, state.Seen[0].Sum(s => s.Expected)));
    }

    [Fact]
    public void Sure_detections_stay_where_doubtful_ones_go()
    {
        var sure = Model(Looked(At(0, 0), (0.9f, 4))).F1([1, 0]);
        var doubtful = Model(Looked(At(0, 0), (0.31f, 4))).F1([1, 0]);
        // By hand: margin 0.025 and 0.625 by 3 by -3; h = ln(1 + exp(..)); F1 = 2 s / (1 + s).
        double One(double margin)
        {
            double stays = 1 / (1 + Math.Exp(-9 * margin));
            return 2 * stays / (1 + stays);
        }

        Assert.Equal(One(0.625), sure, 6);
        Assert.Equal(One(0.025), doubtful, 6);
        Assert.Equal(1, Model(Looked(At(0, 0), (0.31f, 4))).F1([0, 0]), 12);
    }

    [Fact]
    public void An_empty_scene_loses_nothing_however_cheap_the_setting()
    {
        var model = Model(Looked(At(0, 0)));
        Assert.Equal(1, model.F1([2, 0]), 12);
        double half = Model(Looked(Looked(At(0, 0)), (0.31f, 2))).F1([2, 0]);
        Assert.True(half > Model(Looked(At(0, 0), (0.31f, 2))).F1([2, 0]) + 0.1);
    }

    [Fact]
    public void Detections_that_die_are_put_down_to_the_steps_between()
    {
        var state = Looked(At(2, 0), (0.31f, 10));
        double before = Model(state).F1([2, 0]);
        // Much worse than expected on one of the edges alone: the other has a thousandth of its hazard.
        var priors = Priors(Step, new EdgeHazard(-7, 0, -9, 0, 0));
        var (seen, _, _) = Model(state, priors).Learn(
            new SceneLook(Bins((0.31f, 10)), Bins((0.31f, 1)), 0, 2), [2, 0], 1);
        Assert.True(seen[0][0].Died > 9 && seen[0][1].Died < 0.1, $"{seen[0][0].Died}, {seen[0][1].Died}");
        Assert.Equal(10 * Math.Log(1 + Math.Exp(-9 * 0.025)), seen[0][0].Expected, 6);
        // And all found: fewer than expected die from now on.
        (seen, _, _) = Model(state).Learn(new SceneLook(Bins((0.31f, 10)), Bins((0.31f, 10)), 0, 2), [2, 0], 1);
        Assert.Equal(0, seen[0][0].Died);
        Assert.True(Model(state with { Seen = seen }).F1([2, 0]) > before + 0.05);
    }

    [Fact]
    public void Answers_age_by_what_older_ones_were_worth()
    {
        // A box 10 wide that moves 2 a frame: 2 frames on IoU is 6/14, no longer the same.
        Detection[][] Walk(int from) => [.. Enumerable.Range(from, 5).Select(i => new[] { Seen(0.9f, 2 * i) })];
        var lags = FrameLag.Of(Walk(0), Walk(5), 0.1, Threshold);
        Assert.Equal(Enumerable.Range(1, 9), lags.Select(l => l.Tenths)); // ten frames back there is nothing
        Assert.Equal([(0.0, 5), (5.0, 5)], lags.Take(2).Select(l => (l.Lost, l.Frames)));
        // Every second frame: only even tenths are told.
        Assert.Equal([2, 4, 6, 8, 10], FrameLag.Of(Walk(0), Walk(5), 0.2, Threshold).Select(l => l.Tenths));
        Assert.Empty(FrameLag.Of([], [[Seen(0.9f)]], 0.1, Threshold));
        // A trace may say anything: of no frames, or of no such lag, nothing is told.
        var said = SceneSeen.None.With([new(2, 0, 0), new(0, 1, 1), new(11, 1, 1), new(3, double.NaN, 1)], 1);
        Assert.Equal(0, said.LagFrames.Sum() + said.LagLost.Sum());
    }

    [Fact]
    public void A_rung_of_the_frame_rate_loses_what_the_answers_in_between_do()
    {
        // Nothing seen of ageing yet: as elsewhere, 0.05 a tenth. At five of ten frames half are a tenth old.
        var model = Model(Looked(At(0, 0), (0.9f, 1)), Priors(new(-30, 0, -30, 0, 0), new(-30, 0, -30, 0, 0)));
        Assert.Equal(1 - 0.05 / 2, model.F1([0, 1]), 6);
        Assert.Equal(1 - 0.05 * (1 + 2 + 3 + 4) / 5, model.F1([0, 2]), 6);
        Assert.Equal(0.075, model.RateLost(new Edge(1, 1))!.Value, 6);
        Assert.Null(model.RateLost(new Edge(0, 0)));
        // A scene in which nothing ages loses next to nothing soon.
        var still = Looked(At(0, 0), (0.9f, 1));
        var none = Enumerable.Range(1, 10).Select(i => new LagReading(i, 0, 10)).ToImmutableArray();
        for (int i = 0; i < 20; i++) still = still with { Scene = still.Scene.With(none, 0.97) };
        Assert.True(Model(still, Priors(Step, Step)).RateLost(new Edge(1, 1)) < 0.01);
    }

    [Fact]
    public void The_chains_rule_keeps_an_input_that_a_crowd_needs_and_lets_it_go_where_there_is_nothing()
    {
        var ladders = new ChainKnobs(4, 90, false).Ladders;
        var rule = KnownEdges.Rule(ladders);
        var price = new Resources(0, 0.2);
        int size = ladders.ToList().FindIndex(l => l.Knob == ChainKnobs.Size);
        KnobState Follow(SceneLook look)
        {
            var state = rule.Start(ladders, price);
            for (int i = 0; i < 20; i++)
                state = rule.Next(
                    state, [], new KnobTerms(price, Resources.Unlimited, new SceneReading(look, [], 1.0 / 30)));
            return state;
        }

        var empty = Follow(new SceneLook(Bins(), Bins(), 0, 2));
        var crowd = Follow(new SceneLook(Bins((0.35f, 12), (0.5f, 6)), Bins((0.35f, 3), (0.5f, 2)), 0, 4));
        Assert.Equal(ladders[size].Count - 1, empty.Rungs[size]);
        Assert.Equal(0, crowd.Rungs[size]);
    }
}
