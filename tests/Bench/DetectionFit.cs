using System.Collections.Immutable;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Bench;

/// <summary>What became of a clip's detections under every setting of the knobs that touch them.</summary>
sealed class DetectionFates
{
    /// <summary>Quantiser, scale, input size: numbers of the bench's knobs.</summary>
    public static readonly int[] Knobs = [0, 1, 3];

    /// <summary>All edges of these knobs, one after the other.</summary>
    public static readonly Edge[] Edges = [.. Knobs.SelectMany(k =>
        Enumerable.Range(0, LiveClip.Ladders[k].Count - 1).Select(e => new Edge(k, e)))];

    public static readonly int[][] Settings = [.. LiveClip.Settings.Where(s => s[LiveClip.FrameStep] == 0)];

    /// <summary>By setting and edge: whether the edge lies between the dearest setting and it.</summary>
    public static readonly bool[][] Crosses =
        [.. Settings.Select(s => Edges.Select(e => e.Rung < s[e.Knob]).ToArray())];

    DetectionFates(LiveClip clip) => Detail = Math.Log(clip.Detail / DetectionPriors.UsualDetail);

    /// <summary>By bin: detections in full quality, all frames.</summary>
    public double[] Full { get; } = new double[ScoreBins.Count];

    /// <summary>By setting and bin: those of them that are seen above the threshold.</summary>
    public double[][] Found { get; } = [.. Settings.Select(_ => new double[ScoreBins.Count])];

    /// <summary>By setting: what full quality does not have, a frame.</summary>
    public double[] Extra { get; } = new double[Settings.Length];

    public double Detail { get; }

    /// <summary>By edge: the gradient's reading beside the dearest setting, mean over seconds.</summary>
    public double[] Readings { get; } = new double[Edges.Length];

    /// <summary>The mean frame, and how answers age.</summary>
    public SceneSeen Scene { get; private set; } = SceneSeen.None;

    public static DetectionFates Of(LiveClip clip)
    {
        var fates = new DetectionFates(clip);
        int frames = clip.Count * Clip.Rate;
        for (int second = 0; second < clip.Count; second++)
        {
            fates.Scene = fates.Scene.With(clip.Scene(second, [0, 0, 0, 0], false).Lags, 1);
            for (int e = 0; e < Edges.Length; e++)
            {
                var dear = ImmutableArray.Create(0, 0, 0, 0).SetItem(Edges[e].Knob, Edges[e].Rung);
                fates.Readings[e] += clip.Read(second, dear, LostBy.Half, [Edges[e]])[0].UtilityLoss / clip.Count;
            }

            for (int frame = 0; frame < Clip.Rate; frame++) fates.Add(clip, second, frame, 1.0 / frames);
        }

        return fates;
    }

    void Add(LiveClip clip, int second, int frame, double part)
    {
        var seen = clip.Table.Seconds[second].Seen;
        for (int s = 0; s < Settings.Length; s++)
        {
            int[] at = Settings[s];
            var look = SceneLook.Of(
                seen[at[0], at[1], at[3]][frame], seen[0, 0, 0][frame], clip.ScoreMin, clip.Detail);
            if (s == 0)
            {
                Scene = Scene.With(look, 1);
                for (int bin = 0; bin < Full.Length; bin++) Full[bin] += look.Full[bin];
            }

            for (int bin = 0; bin < Full.Length; bin++) Found[s][bin] += look.Found[bin];
            Extra[s] += part * look.Extra;
        }
    }
}

/// <summary>
/// Fits what steps do to detections, by maximum likelihood: each detection of each frame survives a setting or does
/// not. Clips with many detections count less than in proportion, or one crowd would tell all.
/// </summary>
static class DetectionFit
{
    const int Rounds = 250;
    const double Rate = 0.05, Begin = -2.5;

    /// <summary>Ridges, as parts of the mean likelihood of a detection in a setting.</summary>
    const double EdgeRidge = 3e-4, DetailRidge = 1e-3, GradientRidge = 3e-3;

    /// <summary>A clip of a hundred times the detections counts 2.5 times.</summary>
    const double CrowdPower = 0.8;

    static readonly int EdgeCount = DetectionFates.Edges.Length;

    /// <param name="hasGradient">whether the gradient's readings are heard</param>
    public static DetectionPriors Of(IReadOnlyList<DetectionFates> clips, bool hasGradient)
    {
        var readings = hasGradient ? Readings(clips) : null;
        double[] strong = Fit(clips, readings, true), weak = Fit(clips, null, false);
        double[] extra = Extra(clips);
        int number = 0;
        ImmutableArray<ImmutableArray<EdgeHazard>> edges = [.. LiveClip.Ladders.Select((ladder, k) =>
            !DetectionFates.Knobs.Contains(k) ? ImmutableArray<EdgeHazard>.Empty
                : [.. Enumerable.Range(0, ladder.Count - 1).Select(_ => new EdgeHazard(
                    strong[2 * number], strong[2 * number + 1], weak[2 * number], weak[2 * number + 1],
                    extra[number++]))])];
        ImmutableArray<KnobPull> pulls = [.. LiveClip.Ladders.Select((_, k) =>
        {
            int i = Array.IndexOf(DetectionFates.Knobs, k);
            return i < 0 ? default : new KnobPull(
                strong[2 * EdgeCount + 2 * i], strong[2 * EdgeCount + 2 * i + 1],
                weak[2 * EdgeCount + 2 * i]);
        })];
        return new DetectionPriors(edges, pulls, [.. LiveClip.Ladders.Select(_ => true)],
            new RatePrior(
                LiveClip.FrameStep, [.. LiveRungs.Steps.Select(s => (double)s / Clip.Rate)],
                [.. Enumerable.Range(0, SceneSeen.Lags).Select(lag => Mean(clips, c => c.Scene.LagFrames[lag] > 0
                    ? c.Scene.LagLost[lag] / c.Scene.LagFrames[lag] : null))]),
            Usual(clips));
    }

    /// <summary>For each clip by edge, the logarithm of its reading over that of all, a tenth at least.</summary>
    static double[][] Readings(IReadOnlyList<DetectionFates> clips) =>
        [.. clips.Select(c => c.Readings.Select((reading, e) =>
            Math.Log(Math.Max(0.1, reading / clips.Average(o => o.Readings[e])))).ToArray())];

    static double Mean(IReadOnlyList<DetectionFates> clips, Func<DetectionFates, double?> of) =>
        clips.Select(of).Where(v => v is not null).Average() ?? 0;

    /// <summary>One frame: the mean over clips of each one's mean frame.</summary>
    static SceneSeen Usual(IReadOnlyList<DetectionFates> clips)
    {
        double Part(DetectionFates c, double of) => of / (c.Scene.Frames + c.Scene.EmptyFrames);
        return SceneSeen.None with
        {
            Scores = ByBin(b => clips.Average(c => Part(c, c.Scene.Scores[b]))),
            EmptyScores = ByBin(b => clips.Average(c => Part(c, c.Scene.EmptyScores[b]))),
            Frames = clips.Average(c => Part(c, c.Scene.Frames)),
            EmptyFrames = clips.Average(c => Part(c, c.Scene.EmptyFrames)),
        };
    }

    static ImmutableArray<double> ByBin(Func<int, double> of) => [.. Enumerable.Range(0, ScoreBins.Count).Select(of)];

    /// <summary>By edge: what it adds in the mean over the settings that it leads from, for each detection.</summary>
    static double[] Extra(IReadOnlyList<DetectionFates> clips)
    {
        double[] of = [.. Enumerable.Range(0, DetectionFates.Settings.Length).Select(s => clips.Average(c =>
            c.Extra[s] / (c.Full.Sum() / (c.Scene.Frames + c.Scene.EmptyFrames) + SceneModel.PerFrame)))];
        return [.. DetectionFates.Edges.Select(edge => DetectionFates.Settings
            .Select((s, i) => (Setting: s, Number: i)).Where(s => s.Setting[edge.Knob] == edge.Rung)
            .Average(dear => of[Array.FindIndex(DetectionFates.Settings, cheap => cheap.Select((rung, k) =>
                rung - dear.Setting[k] == (k == edge.Knob ? 1 : 0)).All(same => same))] - of[dear.Number]))];
    }

    /// <summary>By edge a and b, then by knob what detail and gradient add to a. Adam over all clips at once.</summary>
    static double[] Fit(IReadOnlyList<DetectionFates> clips, double[][]? readings, bool isStrong)
    {
        int[] bins = [.. Enumerable.Range(0, ScoreBins.Count).Where(b => ScoreBins.IsStrong(b) == isStrong)];
        double[] weights = [.. clips.Select(c => 1 / Math.Pow(Math.Max(1, c.Full.Sum()), CrowdPower))];
        double all = clips.Zip(weights, (c, w) => w * bins.Sum(b => c.Full[b])).Sum() * DetectionFates.Settings.Length;
        double[] at = new double[2 * EdgeCount + 2 * DetectionFates.Knobs.Length];
        double[] mean = new double[at.Length], square = new double[at.Length], slope = new double[at.Length];
        for (int e = 0; e < EdgeCount; e++) at[2 * e] = Begin;
        for (int round = 1; round <= Rounds && all > 0; round++)
        {
            for (int i = 0; i < at.Length; i++)
            {
                slope[i] = i >= 2 * EdgeCount ? (i % 2 == 0 ? DetailRidge : GradientRidge) * at[i]
                    : i % 2 == 0 ? 0.1 * EdgeRidge * (at[i] - Begin) : EdgeRidge * at[i];
            }

            for (int c = 0; c < clips.Count; c++)
                foreach (int bin in bins)
                    Add(clips[c], readings?[c], bin, weights[c] / all, at, slope);
            for (int i = 0; i < at.Length; i++)
            {
                mean[i] = 0.9 * mean[i] + 0.1 * slope[i];
                square[i] = 0.99 * square[i] + 0.01 * slope[i] * slope[i];
                at[i] -= Rate * mean[i] / (1 - Math.Pow(0.9, round))
                    / (Math.Sqrt(square[i] / (1 - Math.Pow(0.99, round))) + 1e-8);
            }
        }

        return at;
    }

    static void Add(DetectionFates clip, double[]? readings, int bin, double weight, double[] at, double[] slope)
    {
        double full = clip.Full[bin];
        if (full == 0) return;
        double margin = DetectionPriors.MarginScale * ScoreBins.MarginOf(bin);
        double[] hazard = new double[EdgeCount], steep = new double[EdgeCount], pull = new double[EdgeCount];
        for (int e = 0; e < EdgeCount; e++)
        {
            int knob = PullOf(e);
            double x = at[2 * e] + at[2 * e + 1] * margin + at[knob] * clip.Detail
                + at[knob + 1] * (readings?[e] ?? 0);
            hazard[e] = SceneModel.SoftPlus(x);
            steep[e] = 1 / (1 + Math.Exp(-x));
        }

        for (int s = 0; s < DetectionFates.Settings.Length; s++)
        {
            bool[] crosses = DetectionFates.Crosses[s];
            double sum = 0;
            for (int e = 0; e < EdgeCount; e++) if (crosses[e]) sum += hazard[e];
            double stays = Math.Exp(-sum);
            bool isStrong = ScoreBins.IsStrong(bin);
            double found = Math.Clamp(isStrong ? stays : 1 - stays, 1e-4, 1 - 1e-4);
            double by = (full * found - clip.Found[s][bin]) / (found * (1 - found)) * weight
                * (isStrong ? -stays : stays);
            for (int e = 0; e < EdgeCount; e++) if (crosses[e]) pull[e] += by;
        }

        for (int e = 0; e < EdgeCount; e++)
        {
            double by = pull[e] * steep[e];
            slope[2 * e] += by;
            slope[2 * e + 1] += by * margin;
            slope[PullOf(e)] += by * clip.Detail;
            slope[PullOf(e) + 1] += by * (readings?[e] ?? 0);
        }
    }

    static int PullOf(int edge) =>
        2 * EdgeCount + 2 * Array.IndexOf(DetectionFates.Knobs, DetectionFates.Edges[edge].Knob);
}
