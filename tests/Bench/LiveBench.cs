using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>
/// Knob rules on real videos: each second every setting was really encoded, decoded and looked at (<see
/// cref="KnobTable"/>, minutes the first time), so that any way of choosing can be followed and compared. F1 is against
/// the same detector at the dearest setting. What a rule knows beforehand, constants included, is taken from the other
/// clips only; its probes are part of its cost.
/// </summary>
static class LiveBench
{
    const int ProfileEveryS = 10;

    static readonly double[] Prices = [.05, .1, .2, .3];

    /// <summary>Parts of the pixels that must have changed for a frame to be worth it.</summary>
    static readonly double[] Thresholds = [0, .001, .003, .01, .02, .04, .08, .15];

    /// <summary>A frame in full quality in so many seconds: the program's own probes.</summary>
    const int OwnEveryS = 4;

    /// <summary>Of the frame filter in front.</summary>
    const double OwnThreshold = 0.003;

    public static void Run(Report report, BenchArguments arguments)
    {
        string detector = arguments.After("--detector") ?? "yolox_nano";
        var model = ModelFolder.Load(Path.Combine(arguments.Data, "detectors", detector + ".onnx"));
        int seconds = int.Parse(arguments.After("--seconds") ?? "24", CultureInfo.InvariantCulture);
        if (arguments.After("--only") == "chain")
        {
            string weights = Path.Combine(arguments.Data, "detectors", detector + ".onnx");
            ChainKnobsBench.Run(report, Clip.In(arguments.Data), weights, seconds);
            return;
        }

        string folder = arguments.After("--tables") ?? Path.Combine("artifacts", "adapt");
        List<LiveClip> clips = [];
        var longest = arguments.After("--longest") is { } some
            ? TimeSpan.FromSeconds(double.Parse(some, CultureInfo.InvariantCulture)) : TimeSpan.MaxValue;
        KnobTable? timed = null;
        foreach (var clip in Clip.In(arguments.Data))
        {
            if (arguments.After("--clip") is { } one && clip.Name != one) continue;
            var table = KnobTable.Of(clip, model, folder, seconds, arguments.Provider, longest);
            if (table.Seconds.Count == 0) continue;
            if (arguments.Rest.Contains("--times"))
            {
                // One machine's ratios for all: tables may come from several.
                if (timed is null) table.Time(clip, model, arguments.Provider);
                else table.TakeTimesOf(timed);
                timed ??= table;
            }

            clips.Add(new LiveClip(
                table, SegmentDifferences.Of(clip, table.Seconds.Count), model.Card.Thresholds.Score,
                (double)clip.LongerSide() / Math.Max(model.Card.Input.Width, model.Card.Input.Height),
                DrawnBoxes.Of(clip, table.Seconds.Count)));
        }

        if (clips.Count < 3)
        {
            Console.Error.WriteLine($"{clips.Count} videos: at least 3 are needed, as each is judged by the others");
            report.Add("videos", clips.Count, "", ">=3", arguments.Data);
            return;
        }

        if (arguments.After("--only") == "edges")
        {
            Edges(report, clips);
            return;
        }

        var bench = new Bench(clips, arguments.Rest.Contains("--warm"), arguments.Rest.Contains("--gradient"));
        foreach (var by in Enum.GetValues<LostBy>()) Quality(report, clips, by);
        bench.Compare(report);
        if (arguments.After("--plot") is { } file) bench.Plot(file);
        Overhead(report, clips, bench);
    }

    /// <summary>What steps of the knobs bring in the mean of all clips: the program's own table is made of it.
    /// </summary>
    static void Edges(Report report, List<LiveClip> clips)
    {
        var all = KnobPriors.Of([.. clips.Select(c => c.Edges(LostBy.Half))]);
        for (int k = 0; k < all.Knobs; k++)
        {
            string knob = LiveClip.Ladders[k].Knob;
            report.Add("slope", all.Slopes[k], "1", "", knob);
            for (int e = 0; e < all.Edges[k].Length; e++)
                Tell(report, $"{knob} {LiveClip.Ladders[k][e]} to {LiveClip.Ladders[k][e + 1]}", all.Edges[k][e]);
        }

        Tell(report, DetectionFit.Of([.. clips.Select(DetectionFates.Of)], hasGradient: true));

        // The filter's, everything else at its dearest.
        LiveSecond Kept(LiveClip clip, double threshold) => LiveClip.Mean(
            Enumerable.Range(0, clip.Count).Select(i => clip.At(i, [0, 0, 0, 0], threshold)));
        for (int t = 0; t + 1 < Thresholds.Length; t++)
        {
            double from = Thresholds[t], to = Thresholds[t + 1];
            Tell(report, string.Create(CultureInfo.InvariantCulture, $"frame filter {from} to {to}"), new EdgePrior(0,
                clips.Average(c => Kept(c, from).F1 - Kept(c, to).F1),
                new Resources(clips.Average(c => Math.Log(Kept(c, to).Bytes / Kept(c, from).Bytes)),
                    clips.Average(c => Math.Log(Kept(c, to).Ms / Kept(c, from).Ms)))));
        }

        for (int q = 0; q + 1 < LiveRungs.Qualities.Length; q++)
        {
            int edge = q;
            Tell(report, $"sample quality {LiveRungs.Qualities[q]} to {LiveRungs.Qualities[q + 1]}", new EdgePrior(
                clips.Average(c => c.SampleEdge(edge).UtilityLoss), clips.Average(c => c.SampleEdge(edge).AccuracyLoss),
                new Resources(clips.Average(c => c.SampleEdge(edge).LogCost.Uplink), 0)));
        }
    }

    static void Tell(Report report, DetectionPriors all)
    {
        foreach (var edge in DetectionFates.Edges)
        {
            var ladder = LiveClip.Ladders[edge.Knob];
            string on = $"{ladder.Knob} {ladder[edge.Rung]} to {ladder[edge.Rung + 1]}";
            var own = all.Edges[edge.Knob][edge.Rung];
            report.Add("lost", own.Lost, "1", "", on);
            report.Add("lost, by margin", own.LostSlope, "1", "", on);
            report.Add("raised", own.Raised, "1", "", on);
            report.Add("raised, by margin", own.RaisedSlope, "1", "", on);
            report.Add("from nothing", own.Extra, "1", "", on);
        }

        foreach (int knob in DetectionFates.Knobs)
        {
            report.Add("lost, by detail", all.Pulls[knob].Detail, "1", "", LiveClip.Ladders[knob].Knob);
            report.Add("lost, by gradient", all.Pulls[knob].Gradient, "1", "", LiveClip.Ladders[knob].Knob);
            report.Add("raised, by detail", all.Pulls[knob].RaisedDetail, "1", "", LiveClip.Ladders[knob].Knob);
        }

        for (int lag = 0; lag < SceneSeen.Lags; lag++)
            report.Add("F1 lost by an answer so old", all.Rate.Lost[lag], "1", "", $"{lag + 1} tenths of a second");
        var usual = all.Usual;
        report.Add("frames with something", usual.Frames, "1", "", "the usual frame");
        for (int bin = 0; bin < ScoreBins.Count; bin++)
        {
            report.Add("detections", usual.Scores[bin], "1", "", $"bin {bin}");
            if (!ScoreBins.IsStrong(bin))
                report.Add("detections where there is nothing", usual.EmptyScores[bin], "1", "", $"bin {bin}");
        }
    }

    static void Tell(Report report, string edge, EdgePrior prior)
    {
        report.Add("utility lost", prior.UtilityLoss, "1", "", edge);
        report.Add("F1 lost", prior.AccuracyLoss, "1", "", edge);
        report.Add("log of bytes left", prior.LogCost.Uplink, "1", "", edge);
        report.Add("log of time left", prior.LogCost.Compute, "1", "", edge);
    }

    /// <summary>What the gradient says an edge loses, beside what the last frame of the second did lose.</summary>
    static void Quality(Report report, List<LiveClip> clips, LostBy by)
    {
        foreach (int knob in new[] { 0, 1, 3 })
        {
            var all = clips.SelectMany(clip => Edges(clip, knob, by)).ToList();
            var some = all.Where(p => Math.Abs(p.Measured) > 0.05).ToList();
            string on = $"{by}: {LiveClip.Ladders[knob].Knob}";
            report.Add("utility lost, sign as measured", some.Count == 0 ? null
                : some.Average(p => Math.Sign(p.Predicted) == Math.Sign(p.Measured) ? 1.0 : 0), "1", ">=0.75", on);
            report.Add("utility lost, Pearson", Pearson(all), "1", ">=0.65", on);
            report.Add("edges that lose or gain more than 0.05", some.Count, "1", "", on);
        }
    }

    static IEnumerable<(double Predicted, double Measured)> Edges(LiveClip clip, int knob, LostBy by)
    {
        for (int second = 0; second < clip.Count; second++)
        {
            for (int rung = 0; rung < LiveClip.Ladders[knob].Count - 1; rung++)
            {
                var dear = ImmutableArray.Create(0, 0, 0, 0).SetItem(knob, rung);
                double lost = clip.Read(second, dear, by, [new Edge(knob, rung)])[0].UtilityLoss
                    * clip.Worth(second, dear);
                yield return (lost, clip.Apart(second, dear.SetItem(knob, rung + 1)) - clip.Apart(second, dear));
            }
        }
    }

    static double? Pearson(List<(double X, double Y)> of)
    {
        double x = of.Average(p => p.X), y = of.Average(p => p.Y);
        double xs = of.Sum(p => (p.X - x) * (p.X - x)), ys = of.Sum(p => (p.Y - y) * (p.Y - y));
        return xs > 0 && ys > 0 ? of.Sum(p => (p.X - x) * (p.Y - y)) / Math.Sqrt(xs * ys) : null;
    }

    static void Overhead(Report report, List<LiveClip> clips, Bench bench)
    {
        double forwards = clips.Average(c =>
            (1 + (bench.HasGradient ? c.Table.HalfGradientMs / c.Table.InferenceMs[0] : 0)) / OwnEveryS);
        report.Add("probes, forward passes a second", forwards, "1/s", "<=0.8", "all clips");
        var clip = clips[0];
        var rule = bench.RuleFor(clip);
        var start = rule.Start(LiveClip.Ladders, new Resources(.1, .1));
        var scene = clip.Scene(0, start.Rungs, isLooked: true);
        var readings = clip.Read(0, start.Rungs, LostBy.Half, start.Neighbours(LiveClip.Ladders));
        report.Add("controller's own time", TimeOf(rule, start, readings, scene), "ms", "<1", "the bench's four knobs");
        var chain = new ChainKnobs(LiveRungs.InputParts.Length, LiveRungs.Qualities[0], sendsVideo: true);
        var whole = KnownEdges.Rule(chain.Ladders);
        double ms = TimeOf(whole, whole.Start(chain.Ladders, new Resources(.1, .1)), [], scene);
        report.Add("controller's own time", ms, "ms", "<1", "the chain's knobs");
    }

    static double TimeOf(PooledRule rule, KnobState state, IReadOnlyList<EdgeReading> readings, SceneReading scene)
    {
        const int Times = 1000;
        var terms = new KnobTerms(new Resources(.1, .1), Resources.Unlimited, scene);
        long from = 0;
        for (int i = -Times; i < Times; i++)
        {
            if (i == 0) from = Stopwatch.GetTimestamp();
            state = rule.Next(state, readings, terms);
        }

        return Stopwatch.GetElapsedTime(from).TotalMilliseconds / Times;
    }

    /// <param name="isWarm">each clip is shown twice, and the second showing counts</param>
    /// <param name="hasGradient">whether a gradient is taken as often as a frame in full quality</param>
    sealed class Bench(List<LiveClip> clips, bool isWarm, bool hasGradient)
    {
        public bool HasGradient => hasGradient;

        readonly Dictionary<LiveClip, ImmutableArray<ImmutableArray<EdgePrior>>> _edges =
            clips.ToDictionary(c => c, c => c.Edges(LostBy.Half));

        readonly Dictionary<LiveClip, DetectionFates> _fates = clips.ToDictionary(c => c, DetectionFates.Of);

        readonly Dictionary<string, List<(double F1, double Bytes, double Ms)>> _plotted = [];

        public void Plot(string file) => TradeOffPlot.Write(file,
            [.. _plotted.Select(p => (p.Key, (IReadOnlyList<(double, double, double)>)p.Value))]);

        public void Compare(Report report)
        {
            List<(double Bytes, double Ms)> saved = [], savedOne = [], most = [];
            foreach (double price in Prices)
            {
                var ours = clips.ToDictionary(c => c, c => Ours(c, price));
                Tell(report, price, "ours", c => ours[c]);
                Tell(report, price, "Adam, published", c => Follow(c, new AdamRule(LiveClip.Ladders), price,
                    KnobState.At(LiveClip.Ladders, 0, 0, 0, 0)));
                Tell(report, price, "all settings every 10 s, free", c => Profile(c, price));
                double threshold = Thresholds.MaxBy(t => clips.Average(c => c.Objective(Filtered(c, t), price)));
                Tell(report, price, "frame differences, hindsight", c => Filtered(c, threshold));
                Tell(report, price, "best one of each clip, hindsight", c => BestStatic(c, price));
                int[] one = LiveClip.Settings.MaxBy(s => clips.Average(c => c.Objective(c.Static(s), price)))!;
                Tell(report, price, "best one of all clips, hindsight", c => c.Static(one));
                Tell(report, price, "best of each second, hindsight", c => LiveClip.Mean(Enumerable.Range(0, c.Count)
                    .Select(i => LiveClip.Settings.Select(s => c.At(i, s)).MaxBy(s => c.Objective(s, price)))));
                saved.AddRange(clips.Select(c => Saved(report, c, ours[c], price)));
                savedOne.Add(SavedOne(ours));
                most.AddRange(clips.Select(c => Against(c, Knowing(c, ours[c].F1))));
            }

            foreach (var (of, on, goal) in
                new[]
                {
                    (saved, "the best one of each clip", ">=0.25"), (savedOne, "the best one of all clips", ""),
                    (most, "the best one of each clip, by whoever knew each second", ""),
                })
            {
                report.Add("uplink saved at equal F1, mean", of.Average(s => s.Bytes), "1", goal, on);
                report.Add("inference saved at equal F1, mean", of.Average(s => s.Ms), "1", goal, on);
                report.Add("uplink saved at equal F1, median", Median(of.Select(s => s.Bytes)), "1", "", on);
                report.Add("inference saved at equal F1, median", Median(of.Select(s => s.Ms)), "1", "", on);
            }
        }

        /// <summary>What it knows is taken from the other clips.</summary>
        public PooledRule RuleFor(LiveClip clip) =>
            new(Priors([.. clips.Where(c => c != clip)])) { RungsAtOnce = PooledRule.AnyRung };

        KnobPriors Priors(LiveClip[] of) => KnobPriors.Of([.. of.Select(c => _edges[c])]) with
        {
            Detections = DetectionFit.Of([.. of.Select(c => _fates[c])], hasGradient),
        };

        LiveSecond Ours(LiveClip clip, double price)
        {
            var rule = RuleFor(clip);
            var start = rule.Start(LiveClip.Ladders, new Resources(price, price));
            return Follow(clip, rule, price, start, OwnEveryS, hasGradient, OwnThreshold);
        }

        /// <summary>
        /// One second in so many a frame in full quality tells what becomes of detections, and half as many later a
        /// gradient what edges lose. What steps save, encodes tell.
        /// </summary>
        LiveSecond Follow(
            LiveClip clip, IKnobRule rule, double price, KnobState state, int everyS = OwnEveryS, bool isGradual = true,
            double threshold = 0)
        {
            var prices = new Resources(price, price);
            List<LiveSecond> run = [];
            for (int at = isWarm ? -clip.Count : 0; at < clip.Count; at++)
            {
                int i = at < 0 ? at + clip.Count : at;
                bool isReference = i % everyS == 0, isGradient = isGradual && i % everyS == everyS / 2;
                var second = clip.At(i, state.Rungs, threshold);
                double probe = (isReference ? clip.Table.InferenceMs[0] : 0)
                    + (isGradient ? clip.Table.HalfGradientMs : 0);
                if (at >= 0) run.Add(second with { Ms = second.Ms + probe });
                bool isRead = isGradual ? isGradient : isReference;
                var edges = state.Neighbours(LiveClip.Ladders).Where(e => isRead || e.Knob == LiveClip.FrameStep);
                state = rule.Next(state, clip.Read(i, state.Rungs, LostBy.Half, edges),
                    new KnobTerms(prices, Resources.Unlimited, clip.Scene(i, state.Rungs, isReference)));
            }

            return LiveClip.Mean(run);
        }

        static double Median(IEnumerable<double> of) => of.Order().ElementAt(of.Count() / 2);

        /// <summary>A frame-difference filter alone (Reducto's way), everything else at its dearest.</summary>
        static LiveSecond Filtered(LiveClip clip, double threshold) =>
            LiveClip.Mean(Enumerable.Range(0, clip.Count).Select(i => clip.At(i, [0, 0, 0, 0], threshold)));

        static LiveSecond BestStatic(LiveClip clip, double price) =>
            LiveClip.Settings.Select(s => clip.Static(s)).MaxBy(s => clip.Objective(s, price));

        static LiveSecond Profile(LiveClip clip, double price)
        {
            int[] best = [];
            List<LiveSecond> run = [];
            for (int i = 0; i < clip.Count; i++)
            {
                if (i % ProfileEveryS == 0)
                    best = LiveClip.Settings.MaxBy(s => clip.Objective(clip.At(i, s), price))!;
                run.Add(clip.At(i, best));
            }

            return LiveClip.Mean(run);
        }

        // Twice as dear at each step, from costs that do not count to costs that are all.
        static readonly double[] Multipliers = [.. Enumerable.Range(-10, 14).Select(power => Math.Pow(2, power))];

        /// <summary>
        /// The most that choosing second by second can save: every second's outcome known beforehand, the mean F1 no
        /// lower than this.
        /// </summary>
        static LiveSecond Knowing(LiveClip clip, double f1) => Multipliers
            .Select(price => LiveClip.Mean(Enumerable.Range(0, clip.Count).Select(second =>
                LiveClip.Settings.Select(s => clip.At(second, s)).MaxBy(s => clip.Objective(s, price)))))
            .Append(clip.Dearest).Where(run => run.F1 >= f1).MinBy(clip.CostOf);

        void Tell(Report report, double price, string who, Func<LiveClip, LiveSecond> run)
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{who}, price {price}");
            var all = clips.Select(c => (Clip: c, Run: run(c))).ToList();
            if (!_plotted.TryGetValue(who, out var points)) _plotted[who] = points = [];
            points.Add((all.Average(a => a.Run.F1), all.Average(a => a.Run.Bytes / a.Clip.Dearest.Bytes),
                all.Average(a => a.Run.Ms / a.Clip.Dearest.Ms)));
            report.Add("J", all.Average(a => a.Clip.Objective(a.Run, price)), "1", "", at);
            report.Add("F1", all.Average(a => a.Run.F1), "1", "", at);
            report.Add("bytes of the dearest", all.Average(a => a.Run.Bytes / a.Clip.Dearest.Bytes), "1", "", at);
            report.Add("ms of the dearest", all.Average(a => a.Run.Ms / a.Clip.Dearest.Ms), "1", "", at);
            foreach (var (clip, drawn) in all.Where(a => a.Run.TrueF1 is not null))
                report.Add("F1 against boxes people drew", drawn.TrueF1, "1", "", $"{clip.Table.Name}, {at}");
        }

        /// <summary>Against the cheapest one setting that is at least as good, the clip known beforehand.</summary>
        static (double Bytes, double Ms) Saved(Report report, LiveClip clip, LiveSecond ours, double price)
        {
            string on = string.Create(
                CultureInfo.InvariantCulture, $"{clip.Table.Name}, price {price}, F1 {ours.F1:F3}");
            var saved = Against(clip, ours);
            report.Add("uplink saved", saved.Item1, "1", "", on);
            report.Add("inference saved", saved.Item2, "1", "", on);
            return saved;
        }

        static (double Bytes, double Ms) Against(LiveClip clip, LiveSecond run)
        {
            var equal = LiveClip.Settings.Select(s => clip.Static(s)).Where(s => s.F1 >= run.F1).MinBy(clip.CostOf);
            return (1 - (run.Bytes / equal.Bytes), 1 - (run.Ms / equal.Ms));
        }

        (double Bytes, double Ms) SavedOne(Dictionary<LiveClip, LiveSecond> ours)
        {
            double f1 = ours.Values.Average(s => s.F1);
            int[] one = LiveClip.Settings.Where(s => clips.Average(c => c.Static(s).F1) >= f1)
                .MinBy(s => clips.Average(c => c.CostOf(c.Static(s))))!;
            return (1 - ours.Average(o => o.Value.Bytes / o.Key.Dearest.Bytes)
                    / clips.Average(c => c.Static(one).Bytes / c.Dearest.Bytes),
                1 - ours.Average(o => o.Value.Ms / o.Key.Dearest.Ms)
                    / clips.Average(c => c.Static(one).Ms / c.Dearest.Ms));
        }
    }
}
