using System.Collections.Immutable;
using System.Globalization;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Bench;

/// <summary>What one setting cost and gave in one second of a clip.</summary>
readonly record struct Profiled(double Bytes, double F1, double Utility);

/// <summary>
/// A clip of which every setting was tried in every second: <c>second,qp,resolution,frames_per_second,bytes,f1,
/// mean_sum_score</c>. Seconds in which a setting is missing are left out.
/// </summary>
sealed class ProfiledClip
{
    readonly List<(int Second, Profiled[] Settings)> _seconds = [];

    ProfiledClip(string name, ImmutableArray<Ladder> ladders) => (Name, Ladders) = (name, ladders);

    public string Name { get; }

    public ImmutableArray<Ladder> Ladders { get; }

    public int Count => _seconds.Count;

    public int LeftOut { get; private set; }

    /// <summary>The clip's own second.</summary>
    public int SecondOf(int index) => _seconds[index].Second;

    public Profiled At(int index, IReadOnlyList<int> rungs) => _seconds[index].Settings[NumberOf(rungs)];

    public double BytesMax(int index) => _seconds[index].Settings.Max(p => p.Bytes);

    /// <summary>F1 less the price of the bytes, which are parts of that second's dearest setting.</summary>
    public double Objective(int index, IReadOnlyList<int> rungs, double price) =>
        At(index, rungs).F1 - price * At(index, rungs).Bytes / BytesMax(index);

    /// <summary>All settings, as rungs.</summary>
    public IEnumerable<int[]> Settings =>
        Enumerable.Range(0, Ladders.Aggregate(1, (n, l) => n * l.Count)).Select(Rungs);

    /// <summary>What a probe beside a setting tells.</summary>
    public EdgeReading Read(int index, Edge edge, IReadOnlyList<int> rungs)
    {
        int[] dear = [.. rungs], cheap = [.. rungs];
        (dear[edge.Knob], cheap[edge.Knob]) = (edge.Rung, edge.Rung + 1);
        var (a, b) = (At(index, dear), At(index, cheap));
        return new EdgeReading(edge, (a.Utility - b.Utility) / a.Utility, new Resources(a.Bytes / BytesMax(index), 0),
            new Resources(Math.Log(b.Bytes / a.Bytes), 0));
    }

    /// <summary>What every edge brought in the mean of all seconds and settings.</summary>
    public ImmutableArray<ImmutableArray<EdgePrior>> Edges() =>
        [.. Ladders.Select((ladder, knob) => Enumerable.Range(0, ladder.Count - 1)
            .Select(rung => Mean(new Edge(knob, rung))).ToImmutableArray())];

    EdgePrior Mean(Edge edge)
    {
        var mean = new EdgeMean();
        foreach (int[] dear in Settings.Where(s => s[edge.Knob] == edge.Rung))
        {
            int[] cheap = [.. dear];
            cheap[edge.Knob]++;
            for (int i = 0; i < Count; i++) mean.Add(Read(i, edge, dear), At(i, dear).F1, At(i, cheap).F1);
        }

        return mean.Mean;
    }

    int NumberOf(IReadOnlyList<int> rungs)
    {
        int number = 0;
        for (int k = 0; k < rungs.Count; k++) number = number * Ladders[k].Count + rungs[k];
        return number;
    }

    int[] Rungs(int number)
    {
        int[] rungs = new int[Ladders.Length];
        for (int k = rungs.Length - 1; k >= 0; k--) (number, rungs[k]) = Math.DivRem(number, Ladders[k].Count);
        return rungs;
    }

    /// <summary>All clips of a folder, which share their ladders.</summary>
    public static IReadOnlyList<ProfiledClip> ReadAll(string folder)
    {
        var files = Directory.GetFiles(folder, "*.csv").Order(StringComparer.Ordinal)
            .Select(f => (Name: Path.GetFileNameWithoutExtension(f), Rows: File.ReadLines(f).Skip(1)
                .Select(line => line.Split(',')).ToList())).ToList();
        var rows = files.SelectMany(f => f.Rows).ToList();
        string[] Rungs(int column, Func<string, double> cost) =>
            [.. rows.Select(r => r[column]).Distinct().OrderByDescending(cost)];
        ImmutableArray<Ladder> ladders =
        [
            new("quantiser", Rungs(1, text => -Number(text))),
            new("resolution", Rungs(2, text => Number(text.Split(':')[0]))),
            new("frame rate", Rungs(3, Number)),
        ];
        return [.. files.Select(f => Read(f.Name, f.Rows, ladders))];
    }

    static ProfiledClip Read(string name, List<string[]> rows, ImmutableArray<Ladder> ladders)
    {
        var trace = new ProfiledClip(name, ladders);
        var numbers = ladders.Select(l => Enumerable.Range(0, l.Count).ToDictionary(rung => l[rung])).ToArray();
        foreach (var second in rows.GroupBy(r => (int)Number(r[0])).OrderBy(g => g.Key))
        {
            var settings = new Profiled?[trace.Settings.Count()];
            foreach (string[] r in second)
            {
                int number = trace.NumberOf([.. numbers.Select((rungs, k) => rungs[r[1 + k]])]);
                settings[number] = new Profiled(Number(r[4]), Number(r[5]), Number(r[6]));
            }

            if (settings.Any(p => p is null)) trace.LeftOut++;
            else trace._seconds.Add((second.Key, [.. settings.Select(p => p!.Value)]));
        }

        return trace;
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
