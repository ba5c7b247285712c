using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Commands;

namespace EdgeAppliance.Tests.Unit;

public sealed class KnobTraceTests
{
    static readonly ImmutableArray<Ladder> Ladders =
        [new("quantiser", "20", "26", "32"), new("input size", "416", "288")];

    static KnobSecond Second(int number, ImmutableArray<int> rungs, long setting = 0) => new(
        MonoTime.FromSeconds(number), new KnobSetting(setting, rungs),
        new Probed(setting, MonoTime.FromSeconds(number), [.. KnobState.At(Ladders, rungs).Neighbours(Ladders)
            .Select(e => new EdgeReading(e, 0.001 * e.Knob + 1.0 / 3000, new(0.7, 0.9), new(-0.4, -0.2)))], false),
        new KnobMeters(1e6 / 3, null, 55.5, null), new KnobBudget(ComputeMsPerS: 200), new(0.1, 0.2),
        number % 2 == 0 ? new EstimatedF1(0.9, 0.85, 0.95, 12) : null, null, Told(number));

    static SceneReading? Told(int number) => number % 3 == 0 ? null : new SceneReading(
        number % 3 == 1 ? null
            : new SceneLook([.. new int[17], 5], number > 4 ? default : [.. new int[17], number % 4], 1, 4.0 / 3),
        [new LagReading(2, 1.0 / 3, 5), new LagReading(10, 0, 1)], number % 2 == 0 ? 1.0 / 30 : null);

    [Fact]
    public void What_is_written_is_read_again()
    {
        using var folder = new ScratchFolder();
        string file = Path.Combine(folder.Path, "knobs.csv");
        List<KnobSecond> seconds =
            [Second(1, [0, 0]), Second(2, [1, 0], 1), Second(3, [2, 1], 2) with { Probe = null }];
        using (var ring = new KnobTraceRing(file, Ladders)) foreach (var each in seconds) ring.Add(each);
        var (ladders, read) = KnobTrace.Read(file);
        Assert.Equal(["quantiser", "input size"], ladders.Select(l => l.Knob));
        Assert.Equal(seconds.Select(KnobTrace.Line), read.Select(KnobTrace.Line));
        Assert.Equal(seconds[1].Probe!.Readings.AsEnumerable(), read[1].Probe!.Readings);
        Assert.Null(read[0].Meters.ComputeMsPerS); // unknown is not 0
        Assert.Equal(seconds[1].Scene!.Look!.Full.AsEnumerable(), read[1].Scene!.Look!.Full);
        Assert.Equal(seconds[1].Scene!.Lags.AsEnumerable(), read[1].Scene!.Lags);
        Assert.Null(read[2].Scene);
    }

    [Fact]
    public void The_ring_keeps_its_limit_and_goes_on_after_a_cut_line()
    {
        using var folder = new ScratchFolder();
        string file = Path.Combine(folder.Path, "knobs.csv");
        const int Most = 4000;
        for (int round = 0; round < 3; round++)
        {
            using (var ring = new KnobTraceRing(file, Ladders, Most))
                for (int i = 0; i < 20; i++) ring.Add(Second(100 * round + i, [0, 0]));
            using var cut = new FileStream(file, FileMode.Open);
            cut.SetLength(cut.Length - 30);
        }

        Assert.InRange(new FileInfo(file).Length, 1, Most + 1000);
        Assert.InRange(new FileInfo(file + ".1").Length, 1, Most + 1000);
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
        var (_, seconds) = KnobTrace.Read(file);
        Assert.Equal(218, seconds[^1].At.Seconds); // the last line was cut
    }

    [Theory]
    [InlineData("", "first line")]
    [InlineData("0,x", "column 2 is 'x'")]
    [InlineData("zero,0", "column 1 is 'zero'")]
    public void A_file_that_is_no_trace_is_refused_by_line_and_column(string start, string words)
    {
        using var folder = new ScratchFolder();
        string file = Path.Combine(folder.Path, "knobs.csv");
        string line = KnobTrace.Line(Second(1, [0, 0]));
        File.WriteAllText(file, start.Length == 0 ? "a,b,c\n"
            : KnobTrace.Header(Ladders) + "\n" + start + line[line.IndexOf(',', 2)..] + "\n");
        var fault = Assert.Throws<InvalidDataException>(() => KnobTrace.Read(file));
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Replaying_the_same_rule_gives_the_recorded_settings()
    {
        using var folder = new ScratchFolder();
        string file = Path.Combine(folder.Path, "knobs.csv");
        var costs = KnownEdges.Rule(Ladders);
        var knobs = Ladders.Select(l => (Knob)new Knob<string>(l.Knob,
            [.. Enumerable.Range(0, l.Count).Select(r => l[r])], l.Count - 1)).ToList();
        var controller = new KnobController(knobs, costs, costs);
        var state = ControllerState.At(KnobState.At(Ladders, 0, 0));
        using (var ring = new KnobTraceRing(file, Ladders))
        {
            for (int i = 1; i <= 30; i++)
            {
                var second = Second(i, state.Knobs.Rungs, state.Setting);
                ring.Add(second);
                state = controller.Next(
                    state, second.Probe, second.Meters, second.Budget, second.Price, second.At,
                    second.Scene);
            }
        }

        Assert.True(state.Knobs.Rungs.Sum() > 0);
        using var output = new StringWriter();
        Assert.Equal(0, KnobsCommand.Create(output).Parse(["replay", file]).Invoke());
        Assert.Contains("30 seconds, 100.0 % of them at the recorded setting", output.ToString(),
            StringComparison.Ordinal);
        using var other = new StringWriter();
        Assert.Equal(0, KnobsCommand.Create(other).Parse(["replay", file, "--price", "0"]).Invoke());
        Assert.DoesNotContain("100.0 %", other.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_estimate_holds_the_truth_about_as_often_as_it_says()
    {
        var random = new Random(3);
        int inside = 0;
        const int Times = 400;
        for (int time = 0; time < Times; time++)
        {
            var estimate = new AccuracyEstimate();
            for (int frame = 0; frame < 60; frame++)
            {
                // Five things a frame, each seen with 0.8, and a false one in five frames: F1 = 2 x 4 / (4.2 + 5).
                int hits = Enumerable.Range(0, 5).Count(_ => random.NextDouble() < 0.8);
                estimate.Add(new Agreement(hits, hits + (random.NextDouble() < 0.2 ? 1 : 0), 5));
            }

            var now = estimate.Now!.Value;
            if (now.Low <= 8 / 9.2 && 8 / 9.2 <= now.High) inside++;
        }

        Assert.InRange(inside / (double)Times, 0.92, 0.98);
    }

    [Fact]
    public void An_estimate_of_few_frames_is_unknown_and_old_frames_are_forgotten()
    {
        var estimate = new AccuracyEstimate(window: 10);
        for (int i = 0; i < 7; i++) estimate.Add(new Agreement(0, 5, 5));
        Assert.Null(estimate.Now);
        for (int i = 0; i < 10; i++) estimate.Add(new Agreement(5, 5, 5));
        Assert.Equal(1, estimate.Now!.Value.F1);
    }

    [Fact]
    public void One_frame_in_sixty_bypasses_the_knobs_and_not_at_a_beat()
    {
        var frames = new ReferenceFrames(1 / 60.0, seed: 1);
        var chosen = Enumerable.Range(0, 60_000).Where(i => frames.IsReference(i)).ToList();
        Assert.InRange(chosen.Count, 900, 1100);
        Assert.True(chosen.Zip(chosen.Skip(1), (a, b) => b - a).Distinct().Count() > 30);
    }

    [Fact]
    public void Predictions_that_are_not_borne_out_lose_trust_until_they_are()
    {
        var random = new Random(4);
        var trust = new ProbeTrust();
        bool Feed(int count, Func<double, double> measured)
        {
            bool turned = false;
            for (int i = 0; i < count; i++)
            {
                double predicted = random.NextDouble();
                turned |= trust.Note(predicted, measured(predicted) + 0.2 * random.NextDouble());
            }

            return turned;
        }

        Assert.False(Feed(100, p => p));
        Assert.True(trust.IsTrusted);
        Assert.True(Feed(60, p => -p));
        Assert.False(trust.IsTrusted);
        Assert.False(trust.Note(double.NaN, 1));
        Assert.True(Feed(100, p => p));
        Assert.True(trust.IsTrusted);
    }
}
