using System.Collections.Immutable;
using EdgeAppliance.Drivers.Board;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

/// <summary>The knobs as the chain has them: what rungs mean, who is looked at how, seconds, decisions.</summary>
public sealed class ChainKnobsTests : IDisposable
{
    static readonly FrameFormat Format = new(32, 16, ColourRange.Limited, ColourMatrix.Bt601);

    readonly FramePool _pool = new(slots: 16, slotBytes: 1024);

    public void Dispose()
    {
        Assert.Equal(0, _pool.Held);
        _pool.Dispose();
    }

    Frame FrameAt(long index, double rate = 30)
    {
        Assert.True(_pool.TryRent(out var lease), "a frame was not given back");
        return new Frame(lease, Format, MonoTime.FromSeconds(1000 + index / rate), index,
            TimeSpan.FromSeconds(index / rate));
    }

    static Detection Box(float left, int of = 0) => new(new Box(left, 0, left + 8, 12), of, 0.9f);

    [Fact]
    public void Rungs_mean_what_their_stages_ask_for()
    {
        var knobs = new ChainKnobs(sizes: 4, qualityMost: 90, sendsVideo: true);
        Assert.Equal(["frame rate", "input size", "sample quality", "quantiser", "scale", "background",
            "frame filter"],
            knobs.Ladders.Select(l => l.Knob));
        int[] rungs = [1, 2, 3, 4, 1, 2, 2];
        Assert.Equal((0.01, 0), (knobs.ChangeOf(rungs), knobs.ChangeOf([0, 0, 0, 0, 0, 0, 0])));
        Assert.Equal(3, knobs.StepOf(rungs, 30));
        Assert.Equal(1, knobs.StepOf(rungs, 8)); // ten of eight frames a second are all
        Assert.Equal(1, knobs.StepOf(rungs, null));
        Assert.Equal((2, 45), (knobs.SizeOf(rungs), knobs.QualityOf(rungs)));
        Assert.Equal(new VideoCoding(new SegmentCoding(44, 0.75), 12, 9), knobs.CodingOf(rungs, 9));
        Assert.Equal(1, knobs.StepOf([0, 0, 0, 0, 0, 0, 0], 30));
    }

    [Fact]
    public void A_knob_that_is_not_there_stands_at_its_dearest()
    {
        var knobs = new ChainKnobs(sizes: 1, qualityMost: 40, sendsVideo: false);
        Assert.Equal(["frame rate", "frame filter"], knobs.Ladders.Select(l => l.Knob));
        Assert.Equal((0, 40), (knobs.SizeOf([3]), knobs.QualityOf([3])));
        Assert.Equal([60, 45], Enumerable.Range(0, 2).Select(new ChainKnobs(1, 60, false).QualityAt));
    }

    [Fact]
    public void Frames_that_are_due_are_looked_at_small_and_references_whole()
    {
        var knobs = new ChainKnobs(4, 90, false);
        var board = new KnobBoard(new KnobSetting(7, [1, 2, 0, 0]));
        var references = new ReferenceFrames(0.1, 3);
        List<(long Index, int Size)> looked = [];
        Detected Detect(Frame frame, int size)
        {
            looked.Add((frame.Index, size));
            return new Detected(frame, [Box(frame.Index + size)], "m");
        }

        var detector = new KnobbedDetector(Detect, board, knobs, references, () => 30);
        var last = ImmutableArray<Detection>.Empty;
        for (long i = 0; i < 300; i++)
        {
            bool isDue = i % 3 == 0, isReference = references.IsReference(i);
            var frame = FrameAt(i);
            Assert.Equal(isDue || isReference, detector.IsWanted(frame, out bool isTurn));
            Assert.Equal(isDue, isTurn);
            if (!isDue && !isReference)
            {
                frame.Dispose();
                continue;
            }

            looked.Clear();
            using var seen = detector.Detect(frame);
            Assert.Equal((7, isReference), (seen.Setting, seen.IsFull));
            Assert.Equal(isReference ? [(i, 2), (i, 0)] : [(i, 2)], looked);
            if (isDue) last = [Box(i + 2)];
            Assert.Equal(isReference ? last : null, seen.Shown, (a, b) => a is null
                ? b is null : b is not null && a.Value.SequenceEqual(b.Value));
        }

        Assert.Equal(30, Enumerable.Range(0, 300).Count(i => references.IsReference(i)));
    }

    [Fact]
    public void Frames_like_the_last_one_are_spared_a_second_at_most_and_stand_for_it()
    {
        var knobs = new ChainKnobs(1, 90, false);
        var board = new KnobBoard(new KnobSetting(0, [0, 0, 0]));
        var detector = new KnobbedDetector((frame, _) => new Detected(frame, [Box(frame.Index)], "m"), board, knobs,
            new ReferenceFrames(0, 1), () => 10);
        using var seconds = new KnobSeconds(detector.IsDue, detector.IsSpared, new HashSet<int>(), 0.5f, 32);
        List<long> looked = [];
        List<KnobMoment> ended = [];
        for (long i = 0; i < 50; i++)
        {
            if (i == 10) board.Publish(new KnobSetting(1, [0, 0, 2])); // from here on 1 % must have changed
            var frame = FrameAt(i, 10);
            // From frame 24 on a bright patch of four by four pixels: 3 % of the picture.
            frame.Luma.Fill(60);
            for (int y = 4; y < 8 && i >= 24; y++) frame.Luma.Slice(y * Format.Width + 8, 4).Fill(200);
            bool isWanted = detector.IsWanted(frame, out bool isDue);
            Assert.Equal(isDue, isWanted);
            if (!isWanted)
            {
                Assert.True(detector.IsSpared(i));
                frame.Dispose();
                continue;
            }

            looked.Add(i);
            using var seen = detector.Detect(frame);
            if (seconds.Note(seen) is { } moment) ended.Add(moment);
        }

        Assert.Equal([.. Enumerable.Range(0, 11).Select(i => (long)i), 20, 24, 34, 44], looked);
        // Ten frames a second each time, whoever was shown for whom.
        Assert.Equal([10, 10], ended.Take(2).Select(second => second.Looked.Length));
        Assert.Equal([20f, 20f, 20f, 20f, 24f, 24f],
            ended[2].Looked.Take(6).Select(seen => seen[0].Box.Left));
        foreach (var each in ended) each.Dispose();
    }

    [Fact]
    public void A_detector_that_faults_gives_the_frame_back()
    {
        var detector = new KnobbedDetector(
            (frame, _) =>
            {
                frame.Dispose();
                throw new InvalidDataException("no");
            },
            new KnobBoard(new KnobSetting(0, [0, 1, 0, 0])), new ChainKnobs(4, 90, false), new ReferenceFrames(1, 1),
            () => 30);
        Assert.Throws<InvalidDataException>(() => detector.Detect(FrameAt(1)));
    }

    [Fact]
    public void Frames_become_seconds_with_their_losses_and_a_probe_now_and_then()
    {
        using var seconds = new KnobSeconds(index => index % 2 == 0, _ => false, new HashSet<int> { 0 }, 0.5f, 32);
        List<KnobMoment> ended = [];
        for (long i = 0; i < 100; i++) // ten seconds of ten
        {
            // One in five bypasses the knobs: of its two things only one would have been shown. Class 1 is no matter.
            using var seen = new Detected(FrameAt(i, 10), [Box(0), Box(20), Box(10, 1)], "m")
            {
                Setting = i < 45 ? 1 : 2,
                Shown = i % 5 == 4 ? [Box(0)] : null,
            };
            if (seconds.Note(seen) is { } moment) ended.Add(moment);
        }

        Assert.Equal(9, ended.Count);
        Assert.Equal([1L, 1L, 1L, 1L, null, 2L, 2L, 2L, 2L], ended.Select(m => m.Setting));
        Assert.All(ended, m =>
        {
            Assert.Equal(5, m.Looked.Length);
            Assert.All(m.Looked, seen => Assert.Equal(2, seen.Length));
            Assert.Equal(1.0 / 3, m.Lost!.Value, 9); // one of two found: F1 2/3
            // Of the two that bypass the one that had its turn is looked at both ways, and that one is told.
            Assert.Equal((2, 1, 0), (m.Look!.Full.Sum(), m.Look.Found.Sum(), m.Look.Extra));
        });
        Assert.Equal([0, 4, 8], Enumerable.Range(0, 9).Where(i => ended[i].Probe is not null));
        Assert.Equal((3L, 4L), (ended[0].Probe!.Before.Index, ended[0].Probe!.Frame.Index));
        Assert.NotNull(ended[0].Probe!.Shown); // frame 4 was due
        Assert.Equal(2.0 / 3, seconds.F1!.Value.F1, 9);
        foreach (var each in ended) each.Dispose();
    }

    /// <summary>A chain that spends as its setting says, seconds by hand.</summary>
    sealed class Plant(ChainKnobs knobs, KnobBoard board)
    {
        public const double RunMs = 10;

        SpentSoFar _spent;

        public double? Degrees { get; set; }

        public static double RunMsAt(int size) => RunMs * Math.Pow(0.7, size);

        public double SpentPerSecond => 30 / knobs.StepOf(board.Now.Rungs.AsSpan(), 30)
            * RunMsAt(knobs.SizeOf(board.Now.Rungs.AsSpan()));

        public SpentSoFar Spent() => _spent with { Degrees = Degrees };

        public void Second() => _spent = _spent with { ComputeMs = _spent.ComputeMs + SpentPerSecond };
    }

    [Fact]
    public void A_budget_holds_and_every_second_is_written_down()
    {
        var knobs = new ChainKnobs(4, 90, false);
        var rule = new PooledRule(KnownEdges.Of(knobs.Ladders));
        var state = ControllerState.At(KnobState.At(knobs.Ladders, 0, 0, 0, 0));
        var board = new KnobBoard(KnobController.Of(state));
        var plant = new Plant(knobs, board);
        List<KnobSecond> trace = [];
        List<KnobState> saved = [];
        double nowS = 100;
        var plan = new KnobPlan(null!, knobs, rule, new KnobAims(new KnobBudget(ComputeMsPerS: 120), default), [],
            0.5f, 0.01);
        var loop = new KnobLoop(plan, state, board, null,
            new KnobSurroundings(plant.Spent, Plant.RunMsAt, () => 30, () => null),
            (second, after) =>
            {
                trace.Add(second);
                saved.Add(after);
            },
            NullLogger.Instance)
        {
            Now = () => MonoTime.FromSeconds(nowS),
        };
        List<double> spent = [];
        for (int i = 0; i < 30; i++)
        {
            spent.Add(plant.SpentPerSecond);
            plant.Second();
            nowS++;
            loop.Step(new KnobMoment(MonoTime.FromSeconds(nowS), board.Now.Version,
                [.. Enumerable.Range(0, 5).Select(k => ImmutableArray.Create(Box(i + k)))], null, null));
        }

        Assert.Equal(300, spent[0]);
        Assert.All(spent.Skip(2), ms => Assert.InRange(ms, 1, 120));
        Assert.True(spent[^1] > 60, "half of the budget is left over");
        Assert.Equal(30, trace.Count);
        Assert.Equal(30, saved.Count);
        Assert.Equal(board.Now.Version, loop.View.Setting);
        Assert.Equal(trace[^1].Meters, loop.View.Meters);
    }

    [Fact]
    public void Where_the_knobs_stood_is_known_after_a_restart()
    {
        using var folder = new ScratchFolder();
        string file = folder.File("knobs.json");
        var ladders = new ChainKnobs(4, 90, false).Ladders;
        var start = KnobState.At(ladders, 0, 0, 0, 0);
        Assert.Same(start, KnobMemory.Load(file, start, ladders, out string? fault));
        Assert.Null(fault);
        var stood = KnobState.At(ladders, 1, 3, 2, 1) with
        {
            Seen = start.Seen.SetItem(
                1, [new EdgeSum(2, 0.5, new(0, -1), 0.5, 1.5), default, default]),
            Scene = SceneSeen.None.With(new SceneLook([.. new int[17], 2], [.. new int[17], 1], 1, 1.5), 1)
                .With([new LagReading(2, 0.25, 1)], 1) with
            { FrameS = 0.1, Appeared = 1 },
        };
        KnobMemory.Save(file, stood, ladders);
        var known = KnobMemory.Load(file, start, ladders, out fault);
        Assert.Null(fault);
        Assert.Equal<IEnumerable<int>>(stood.Rungs, known.Rungs);
        Assert.Equal(stood.Seen[1].AsEnumerable(), known.Seen[1]);
        Assert.Equal((1.0, 1.5, 0.1, 1.0),
            (known.Scene.Frames, known.Scene.Detail, known.Scene.FrameS, known.Scene.Appeared));
        Assert.Equal((2.0, 0.25), (known.Scene.Scores[17], known.Scene.LagLost[1]));
        // Other rungs than then: that knob begins anew, the others stand where they stood.
        var others = new ChainKnobs(3, 90, false).Ladders;
        var some = KnobMemory.Load(file, KnobState.At(others, 0, 0, 0, 0), others, out fault);
        Assert.Equal<IEnumerable<int>>([1, 0, 2, 1], some.Rungs);
        foreach (string damaged in new[] { "", "{", "{}", "{\"version\":9,\"knobs\":[],\"lossMeasured\":0}", "[1]" })
        {
            File.WriteAllText(file, damaged);
            Assert.Same(start, KnobMemory.Load(file, start, ladders, out fault));
            Assert.NotNull(fault);
        }
    }

    /// <summary>The gradient's way and the detector's own, on a frame of the twin with its shipped detector.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_probe_tells_of_every_step_it_can_see_from_real_encodes(bool isDirect)
    {
        var model = ModelFolder.Load(Path.Combine(AppContext.BaseDirectory, "models", "twin"));
        var inference = new InferenceSettings { Providers = ["cpu"], Threads = 1 };
        var knobs = new ChainKnobs(4, 90, sendsVideo: true);
        var plan = new KnobPlan(model, knobs, new PooledRule(KnownEdges.Of(knobs.Ladders)),
            new KnobAims(new KnobBudget(), default), [], model.Card.Thresholds.Score, 0.01);
        var world = TwinWorld.Create("yard", 3, 640, 360);
        using var pool = new FramePool(8, 640 * 360 * 3 / 2);
        using var prober = KnobProber.TryOpen(plan, inference, pool, NullLogger.Instance)!;
        using var detector = Detector.Load(model, inference, NullLogger.Instance);
        Frame Rendered(double seconds)
        {
            Assert.True(pool.TryRent(out var lease));
            var frame = new Frame(lease, new FrameFormat(640, 360, ColourRange.Limited, ColourMatrix.Bt709),
                MonoTime.FromSeconds(seconds), 0, TimeSpan.FromSeconds(seconds));
            world.Render(TimeSpan.FromSeconds(seconds), frame);
            return frame;
        }

        using var seen = detector.Detect(Rendered(20.1));
        Assert.NotEmpty(seen.Detections);
        var state = KnobState.At(knobs.Ladders, 1, 2, 1, 2, 1, 1, 0);
        Dictionary<Edge, double> lost = [], left = [];
        for (int turn = 0; turn < 3; turn++) // one knob of the video each
        {
            using var probe = new ProbeFrame(
                Rendered(20), seen.Frame.Share(), [.. seen.Detections, .. seen.Weak], seen.Detections);
            var found = prober.Look(probe, state, isDirect);
            Assert.True(found.InferenceMs > 0);
            Assert.NotNull(found.Predicted); // where it is not believed too: else trust could never come back
            foreach (var (edge, value) in found.Lost) lost[edge] = value;
            foreach (var (edge, value) in found.Left) left[edge] = value;
        }

        Assert.Equal(1, pool.Held); // the frame seen
        Assert.Equal(state.Neighbours(knobs.Ladders)
            .Where(e => knobs.NameOf(e.Knob) is not (ChainKnobs.Rate or ChainKnobs.Filter))
            .OrderBy(e => (e.Knob, e.Rung)),
            lost.Keys.OrderBy(e => (e.Knob, e.Rung)));
        Assert.All(lost.Values, value => Assert.True(double.IsFinite(value)));
        Assert.All(left, pair => Assert.InRange(pair.Value, 0.05, 1.02));
        if (isDirect) return;
        // What the gradient's absolute parts say can only grow along a ladder of the quantiser.
        Assert.All(lost.Where(p => p.Key.Knob == 3), pair => Assert.True(pair.Value > 0, $"{pair}"));
    }

    [Fact]
    public void Heat_and_power_are_read_where_they_are_and_unknown_elsewhere()
    {
        using var root = new ScratchFolder();
        Assert.Equal(new BoardReading(null, null), new BoardMeters(root.Path).Read());
        void Write(string file, string text)
        {
            string path = Path.Combine(root.Path, "sys/class", file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        Write("thermal/thermal_zone0/temp", "48500\n");
        Write("thermal/thermal_zone1/temp", "51250\n");
        Write("thermal/thermal_zone2/temp", "-256000\n"); // a part that is switched off
        Write("thermal/thermal_zone3/temp", "");
        Write("hwmon/hwmon0/name", "nvme");
        Write("hwmon/hwmon1/in1_label", "VDD_IN\n");
        Write("hwmon/hwmon1/in1_input", "5080\n");
        Write("hwmon/hwmon1/curr1_input", "1500\n");
        Write("hwmon/hwmon1/in2_label", "VDD_CPU_GPU_CV\n");
        Write("hwmon/hwmon1/in2_input", "5080\n");
        Write("hwmon/hwmon1/curr2_input", "400\n");
        var read = new BoardMeters(root.Path).Read();
        Assert.Equal(51.25, read.Degrees!.Value, 9);
        Assert.Equal(7.62, read.Watts!.Value, 9);
    }
}
