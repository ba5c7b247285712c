using System.Collections.Immutable;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>What a second under a setting came to.</summary>
/// <param name="F1">against the dearest setting</param>
readonly record struct LiveSecond(double F1, double Bytes, double Ms)
{
    /// <summary>F1 of persons against what people drew; null where nobody did.</summary>
    public double? TrueF1 { get; init; }
}

/// <summary>A clip's table read as knobs: quantiser, scale, frame step, input size.</summary>
sealed class LiveClip
{
    /// <summary>The knob that no gradient sees.</summary>
    public const int FrameStep = 2;

    readonly Dictionary<(int, int, double), LiveSecond> _known = [];
    readonly Dictionary<int, LiveSecond> _static = [];

    readonly IReadOnlyList<double[,]> _differences;
    readonly IReadOnlyList<Detection[][]>? _truth;
    readonly double _detail;
    readonly Dictionary<(int, int, bool), SceneReading> _scenes = [];

    /// <param name="differences">of the frames of each second</param>
    /// <param name="detail">longer side of a frame over that of the detector's input</param>
    /// <param name="truth">persons as people drew them, by second and frame; null where nobody did</param>
    public LiveClip(
        KnobTable table, IReadOnlyList<double[,]> differences, float scoreMin, double detail,
        IReadOnlyList<Detection[][]>? truth = null)
    {
        (Table, _differences, _truth, _detail) = (table, differences, truth, detail);
        ScoreMin = scoreMin;
        Dearest = Static([0, 0, 0, 0]);
    }

    public static readonly ImmutableArray<Ladder> Ladders =
    [
        new("quantiser", [.. LiveRungs.Quantisers.Select(q => $"{q}")]),
        new("scale", [.. LiveRungs.Scales.Select(s => $"{100 * s}%")]),
        new("frame step", [.. LiveRungs.Steps.Select(s => $"{s}")]),
        new("input size", [.. LiveRungs.InputParts.Select(s => $"{100 * s}%")]),
    ];

    public static readonly IReadOnlyList<int[]> Settings =
        [.. from q in Enumerable.Range(0, LiveRungs.Quantisers.Length)
            from r in Enumerable.Range(0, LiveRungs.Scales.Length)
            from f in Enumerable.Range(0, LiveRungs.Steps.Length)
            from d in Enumerable.Range(0, LiveRungs.InputParts.Length)
            select new[] { q, r, f, d }];

    public KnobTable Table { get; }

    public float ScoreMin { get; }

    public double Detail => _detail;

    public int Count => Table.Seconds.Count;

    public LiveSecond Dearest { get; }

    /// <param name="threshold">
    /// part of the pixels that must have changed for a frame to be sent and looked at; 0: each that is due is
    /// </param>
    public LiveSecond At(int second, IReadOnlyList<int> s, double threshold = 0)
    {
        int number = NumberOf(s);
        if (_known.TryGetValue((second, number, threshold), out var known)) return known;
        var of = Table.Seconds[second];
        var seen = of.Seen[s[0], s[1], s[3]];
        var reference = of.Seen[0, 0, 0];
        bool[] looked = SegmentDifferences.Looked(_differences[second], LiveRungs.Steps[s[2]], threshold);
        double f1 = 0, trueF1 = 0;
        for (int i = 0, last = 0; i < Clip.Rate; i++)
        {
            if (looked[i]) last = i;
            f1 += Agreement.Of(seen[last], reference[i], ScoreMin).F1 / Clip.Rate;
            if (_truth is null) continue;
            Detection[] persons = [.. seen[last].Where(d => d.Class == 0)];
            trueF1 += Agreement.Of(persons, _truth[second][i], ScoreMin).F1 / Clip.Rate;
        }

        int frames = looked.Count(l => l);
        return _known[(second, number, threshold)] = new LiveSecond(
            f1, Bytes(of, s[0], s[1], frames), frames * Table.InferenceMs[s[3]])
        {
            TrueF1 = _truth is null ? null : trueF1,
        };
    }

    /// <summary>As encoded; between the numbers of frames that were, in proportion.</summary>
    static double Bytes(TableSecond of, int quantiser, int scale, int frames)
    {
        double fewer = 0, fewerBytes = 0;
        for (int f = LiveRungs.Steps.Length - 1; f >= 0; f--)
        {
            int count = Clip.Rate / LiveRungs.Steps[f];
            double bytes = of.Bytes[quantiser, scale, f];
            if (frames <= count) return fewerBytes + (frames - fewer) / (count - fewer) * (bytes - fewerBytes);
            (fewer, fewerBytes) = (count, bytes);
        }

        return fewerBytes;
    }

    public LiveSecond Static(IReadOnlyList<int> setting)
    {
        int number = NumberOf(setting);
        return _static.TryGetValue(number, out var known) ? known
            : _static[number] = Mean(Enumerable.Range(0, Count).Select(i => At(i, setting)));
    }

    /// <summary>Bytes and milliseconds as parts of the dearest setting's, added up.</summary>
    public double CostOf(LiveSecond s) => s.Bytes / Dearest.Bytes + s.Ms / Dearest.Ms;

    /// <summary>F1 less the price of what is spent.</summary>
    public double Objective(LiveSecond s, double price) => s.F1 - price * CostOf(s);

    /// <summary>Utility of the last frame under a setting.</summary>
    public double Worth(int second, ImmutableArray<int> s)
    {
        // Half a detection at least: where next to nothing is seen parts of it say nothing.
        const double Least = 0.5;
        var last = Table.Seconds[second].Seen[s[0], s[1], s[3]][^1];
        return Math.Max(Least, last.Sum(d => 1 / (1 + Math.Exp(-20 * (d.Score - ScoreMin)))));
    }

    /// <summary>Utility by which the last frame differs from the dearest setting's.</summary>
    public double Apart(int second, ImmutableArray<int> s) => Agreement.UtilityApart(
        Table.Seconds[second].Seen[s[0], s[1], s[3]][^1], Table.Seconds[second].Seen[0, 0, 0][^1], ScoreMin);

    static int NumberOf(IReadOnlyList<int> rungs)
    {
        int number = 0;
        for (int k = 0; k < rungs.Count; k++) number = number * Ladders[k].Count + rungs[k];
        return number;
    }

    public static LiveSecond Mean(IEnumerable<LiveSecond> of)
    {
        var all = of.ToList();
        return new(all.Average(s => s.F1), all.Average(s => s.Bytes), all.Average(s => s.Ms))
        {
            TrueF1 = all.Average(s => s.TrueF1),
        };
    }

    /// <summary>
    /// What a second tells of detections: one of its frames in full quality, never at a beat, and how answers age.
    /// </summary>
    /// <param name="isLooked">whether a frame is looked at in full quality</param>
    public SceneReading Scene(int second, ImmutableArray<int> at, bool isLooked)
    {
        if (_scenes.TryGetValue((second, NumberOf(at), isLooked), out var known)) return known;
        int step = LiveRungs.Steps[at[FrameStep]];
        var seen = Table.Seconds[second].Seen[at[0], at[1], at[3]];
        var full = Table.Seconds[second].Seen[0, 0, 0];
        int frame = (7 * second + 3) % Clip.Rate / step * step;
        return _scenes[(second, NumberOf(at), isLooked)] = new SceneReading(
            isLooked ? SceneLook.Of(seen[frame], full[frame], ScoreMin, _detail) : null,
            FrameLag.Of(second > 0 ? Answers(Table.Seconds[second - 1].Seen[at[0], at[1], at[3]]) : [], Answers(seen),
                (double)step / Clip.Rate, ScoreMin), 1.0 / Clip.Rate);

        IReadOnlyList<Detection>[] Answers(Detection[][] frames) => [.. frames.Where((_, i) => i % step == 0)];
    }

    /// <summary>What a probe tells of the edges beside a setting.</summary>
    /// <param name="lost">which of the estimates of what is lost is heard</param>
    public List<EdgeReading> Read(int second, ImmutableArray<int> at, LostBy lost, IEnumerable<Edge> edges)
    {
        var of = Table.Seconds[second];
        double worth = Worth(second, at);
        List<EdgeReading> readings = [];
        foreach (var edge in edges)
        {
            var dear = at.SetItem(edge.Knob, edge.Rung);
            var cheap = at.SetItem(edge.Knob, edge.Rung + 1);
            LiveSecond a = Cost(second, dear), b = Cost(second, cheap);
            double utility = edge.Knob == FrameStep
                // No gradient tells it. The published rule is given what it will be.
                ? At(second, dear).F1 - At(second, cheap).F1
                : (Lost(of, cheap, lost) - Lost(of, dear, lost)) / worth;
            readings.Add(new EdgeReading(edge, utility,
                new(a.Bytes / of.Bytes[0, 0, 0], a.Ms / (Table.InferenceMs[0] * Clip.Rate)),
                new(Math.Log(b.Bytes / a.Bytes), Math.Log(b.Ms / a.Ms))));
        }

        return readings;
    }

    /// <summary>What a coarser JPEG of the last frames brings in the mean.</summary>
    /// <param name="rung">the finer one</param>
    public EdgePrior SampleEdge(int rung)
    {
        var mean = new EdgeMean();
        foreach (var of in Table.Seconds)
        {
            double worth = Math.Max(0.5, of.SampleSeen[^1].Sum(d => 1 / (1 + Math.Exp(-20 * (d.Score - ScoreMin)))));
            mean.Add(
                new EdgeReading(default, (of.SampleLost[rung + 1] - of.SampleLost[rung]) / worth, default,
                    new Resources(Math.Log((double)of.SampleBytes[rung + 1] / of.SampleBytes[rung]), 0)),
                F1(of, rung), F1(of, rung + 1));
        }

        return mean.Mean;

        double F1(TableSecond second, int quality) =>
            Agreement.Of(second.SampleSeen[quality], second.SampleSeen[^1], ScoreMin).F1;
    }

    LiveSecond Cost(int second, ImmutableArray<int> s) => new(0, Table.Seconds[second].Bytes[s[0], s[1], s[2]],
        Table.InferenceMs[s[3]] * (Clip.Rate / LiveRungs.Steps[s[2]]));

    static double Lost(TableSecond of, ImmutableArray<int> s, LostBy by) => by switch
    {
        LostBy.Pixels => of.LostCoded[s[0], s[1]] + of.LostSized[s[3]],
        LostBy.Tiles => of.TiledCoded[s[0], s[1]] + of.TiledSized[s[3]],
        _ => of.HalfCoded[s[0], s[1]] + of.HalfSized[s[3]],
    };

    /// <summary>What each edge brought here in the mean of all seconds and settings.</summary>
    public ImmutableArray<ImmutableArray<EdgePrior>> Edges(LostBy lost)
    {
        return [.. Ladders.Select((ladder, k) => Enumerable.Range(0, ladder.Count - 1)
            .Select(e => Mean(new Edge(k, e))).ToImmutableArray())];

        EdgePrior Mean(Edge edge)
        {
            var mean = new EdgeMean();
            foreach (int[] s in Settings.Where(s => s[edge.Knob] == edge.Rung))
            {
                ImmutableArray<int> dear = [.. s];
                var cheap = dear.SetItem(edge.Knob, edge.Rung + 1);
                for (int i = 0; i < Count; i++)
                    mean.Add(Read(i, dear, lost, [edge])[0], At(i, dear).F1, At(i, cheap).F1);
            }

            return mean.Mean;
        }
    }
}

/// <summary>How what is lost is told.</summary>
enum LostBy { Pixels, Tiles, Half }
