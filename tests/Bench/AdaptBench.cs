using System.Collections.Immutable;
using System.Globalization;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Bench;

/// <summary>
/// Knob rules on clips of which every setting was tried in every second: J = F1 - price x bytes / bytes of the dearest
/// setting, the first five seconds of a clip left out. What a rule knows beforehand, constants included, is taken from
/// the other clips only.
/// </summary>
static class AdaptBench
{
    const int ColdS = 5;
    const int ProfileEveryS = 10;

    /// <summary>One backward pass costs so many frames' inferences (measured by OneAdapt's authors).</summary>
    const double Backward = 0.73;

    static readonly double[] Prices = [.05, .10, .30];

    static readonly (double Weight, double Keep, double Band)[] Candidates =
    [
        .. from weight in new[] { 2.0, 4, 8 }
           from keep in new[] { .8, .9, .95 }
           from band in new[] { .001, .003, .008 }
           select (weight, keep, band),
    ];

    public static int Run(BenchArguments arguments)
    {
        var report = new Report(arguments.Name);
        string? only = arguments.After("--only");
        if (only is null or "traces" && !Traces(report, arguments)) return 1;
        if (only is null or "live" or "edges" or "chain") LiveBench.Run(report, arguments);
        if (only is null or "regions") RegionsBench.Run(report, arguments);
        return report.Finish();
    }

    static bool Traces(Report report, BenchArguments arguments)
    {
        string folder = Path.Combine(arguments.Data, "oneadapt-traces");
        if (!Directory.Exists(folder))
        {
            Console.Error.WriteLine($"{folder}: no such folder: --data names the one that holds oneadapt-traces");
            return false;
        }

        var clips = ProfiledClip.ReadAll(folder);
        foreach (var clip in clips.Where(c => c.LeftOut > 0))
            Console.WriteLine($"{clip.Name}: {clip.LeftOut} seconds with settings missing are left out");
        clips = [.. clips.Where(c => Scored(c).Any())];
        foreach (double price in Prices) Compare(report, clips, price);
        Cost(report, clips);
        return true;
    }

    static void Compare(Report report, IReadOnlyList<ProfiledClip> clips, double price)
    {
        var ways = new (string Name, Func<ProfiledClip, double[]> Run)[]
        {
            ("oracle", c => [.. Seconds(c).Select(i => c.Settings.Max(s => c.Objective(i, s, price)))]),
            ("static, hindsight", c => Static(c, price)),
            ("dearest", c => [.. Seconds(c).Select(i => c.Objective(i, new int[c.Ladders.Length], price))]),
            ("profile all", c => Profile(c, price)),
            ("Adam, published", c => Follow(c, new AdamRule(c.Ladders), Dearest(c), price)),
            ("greedy", c => Follow(c, new GreedyRule(), Dearest(c), price)),
        };
        string at = string.Create(CultureInfo.InvariantCulture, $"J@{price:F2}");
        var means = new Dictionary<string, double>();
        foreach (var (name, run) in ways) means[name] = Tell(report, clips, at, name, "", run);
        string goal = string.Create(CultureInfo.InvariantCulture,
            $">={Math.Max(means["greedy"], means["profile all"]):F4}");
        Tell(report, clips, at, "pooled", goal, c => Pooled(clips, c, price));
    }

    static KnobState Dearest(ProfiledClip clip) => KnobState.At(clip.Ladders, new int[clip.Ladders.Length]);

    static double Tell(Report report, IReadOnlyList<ProfiledClip> clips, string at, string name, string goal,
        Func<ProfiledClip, double[]> run)
    {
        List<double> all = [];
        foreach (var clip in clips)
        {
            double[] values = run(clip);
            double[] scored = [.. Scored(clip).Select(i => values[i])];
            report.Add($"{at} {name}", scored.Average(), "1", "", clip.Name);
            all.AddRange(scored);
        }

        report.Add($"{at} {name}", all.Average(), "1", goal, "all clips");
        return all.Average();
    }

    static IEnumerable<int> Seconds(ProfiledClip clip) => Enumerable.Range(0, clip.Count);

    static IEnumerable<int> Scored(ProfiledClip clip) => Seconds(clip).Where(i => clip.SecondOf(i) >= ColdS);

    static double[] Static(ProfiledClip clip, double price)
    {
        int[] best = clip.Settings.MaxBy(s => Scored(clip).Sum(i => clip.Objective(i, s, price)))!;
        return [.. Seconds(clip).Select(i => clip.Objective(i, best, price))];
    }

    /// <summary>Every ten seconds all settings are tried, free and at once, and the best is kept.</summary>
    static double[] Profile(ProfiledClip clip, double price)
    {
        double[] values = new double[clip.Count];
        int[] best = [];
        foreach (int i in Seconds(clip))
        {
            if (i % ProfileEveryS == 0) best = clip.Settings.MaxBy(s => clip.Objective(i, s, price))!;
            values[i] = clip.Objective(i, best, price);
        }

        return values;
    }

    static double[] Follow(ProfiledClip clip, IKnobRule rule, KnobState state, double price)
    {
        double[] values = new double[clip.Count];
        foreach (int i in Seconds(clip))
        {
            values[i] = clip.Objective(i, state.Rungs, price);
            var rungs = state.Rungs;
            state = rule.Next(state, [.. state.Neighbours(clip.Ladders).Select(e => clip.Read(i, e, rungs))],
                KnobTerms.Uplink(price));
        }

        return values;
    }

    static double[] Pooled(IReadOnlyList<ProfiledClip> clips, ProfiledClip clip, double price)
    {
        ProfiledClip[] others = [.. clips.Where(c => c != clip)];
        // A clip alone leaves nothing to choose by: the rule as it comes, with nothing known beforehand.
        var asItComes = new PooledRule(KnobPriors.None(clip.Ladders));
        if (others.Length == 0) return Follow(clip, asItComes, Dearest(clip), price);
        var best = Candidates.MaxBy(candidate => others.Average(other => Mean(other, others, candidate)));
        return FollowPooled(clip, others, best, price);
    }

    /// <summary>A candidate on one of the other clips, which is left out in its turn.</summary>
    static double Mean(ProfiledClip clip, ProfiledClip[] of, (double, double, double) candidate)
    {
        ProfiledClip[] others = [.. of.Where(c => c != clip)];
        return Prices.Average(price =>
        {
            double[] values = FollowPooled(clip, others, candidate, price);
            return Scored(clip).Average(i => values[i]);
        });
    }

    static double[] FollowPooled(
        ProfiledClip clip, ProfiledClip[] others, (double Weight, double Keep, double Band) candidate, double price)
    {
        var priors = others.Length > 0 ? KnobPriors.Of([.. others.Select(EdgesOf)]) : KnobPriors.None(clip.Ladders);
        var rule = new PooledRule(priors)
        {
            PriorWeight = candidate.Weight,
            Keep = candidate.Keep,
            DeadBand = candidate.Band,
        };
        return Follow(clip, rule, rule.Start(clip.Ladders, new Resources(price, 0)), price);
    }

    static readonly Dictionary<ProfiledClip, ImmutableArray<ImmutableArray<EdgePrior>>> Known = [];

    static ImmutableArray<ImmutableArray<EdgePrior>> EdgesOf(ProfiledClip clip) =>
        Known.TryGetValue(clip, out var edges) ? edges : Known[clip] = clip.Edges();

    /// <summary>Inferences that finding out takes, frames a second.</summary>
    static void Cost(Report report, IReadOnlyList<ProfiledClip> clips)
    {
        var ladders = clips[0].Ladders;
        double profiling = clips[0].Settings.Sum(s => double.Parse(ladders[2][s[2]], CultureInfo.InvariantCulture))
            / ProfileEveryS;
        report.Add("inferences for profiling", profiling, "1/s", "", "all clips");
        report.Add("inferences for gradients", Backward, "1/s", "", "all clips");
        report.Add("gradients/profiling", Backward / profiling, "1", "<=0.05", "all clips");
    }

    /// <summary>
    /// Smoothed gains of the edges beside the setting, and each second the one move that gains most: the best of the
    /// rules that were measured before.
    /// </summary>
    sealed record GreedyRule : IKnobRule
    {
        const double DeadBand = .005;

        readonly Dictionary<Edge, double> _gains = [];

        public KnobState Next(KnobState state, IReadOnlyList<EdgeReading> readings, KnobTerms terms)
        {
            foreach (var reading in readings)
            {
                double gain = reading.Saved.At(terms.Price) - reading.UtilityLoss;
                _gains[reading.Edge] = _gains.TryGetValue(reading.Edge, out double was) ? (was + gain) / 2 : gain;
            }

            var (edge, by) = readings.Select(r => (r.Edge, By: r.Edge.Rung == state.Rungs[r.Edge.Knob] ? 1 : -1))
                .MaxBy(move => move.By * _gains[move.Edge]);
            return by * _gains[edge] <= DeadBand ? state
                : state with { Rungs = state.Rungs.SetItem(edge.Knob, state.Rungs[edge.Knob] + by) };
        }
    }
}
