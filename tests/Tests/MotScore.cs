using System.Globalization;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Tests;

/// <summary>A box with its identity in a frame.</summary>
readonly record struct MotBox(int Frame, int Id, Box Box);

/// <summary>
/// Tracking scores over one sequence at IoU 0.5: CLEAR MOT (Bernardin and Stiefelhagen 2008) and identity scores
/// (Ristani et al. 2016), counted as TrackEval counts them.
/// </summary>
sealed record MotScore(
    int Hits, int Misses, int FalseAlarms, int Switches, int IdHits, int IdMisses, int IdFalseAlarms)
{
    public double Mota => (Hits - FalseAlarms - Switches) / (double)(Hits + Misses);

    public double Idf1 => 2.0 * IdHits / ((2 * IdHits) + IdMisses + IdFalseAlarms);

    public static MotScore Of(IEnumerable<MotBox> truth, IEnumerable<MotBox> found)
    {
        var truths = truth.ToLookup(b => b.Frame);
        var founds = found.ToLookup(b => b.Frame);
        var frames = truths.Select(g => g.Key).Union(founds.Select(g => g.Key)).Order();
        int hits = 0, misses = 0, falseAlarms = 0, switches = 0;
        var lastOf = new Dictionary<int, int>(); // whom a truth was last matched to
        var justNow = new Dictionary<int, int>(); // and in the frame before
        var common = new Dictionary<(int Truth, int Found), int>();
        var truthCount = new SortedDictionary<int, int>();
        var foundCount = new SortedDictionary<int, int>();
        var assignment = new Assignment();
        foreach (int frame in frames)
        {
            MotBox[] a = [.. truths[frame]], b = [.. founds[frame]];
            foreach (var box in a) truthCount[box.Id] = truthCount.GetValueOrDefault(box.Id) + 1;
            foreach (var box in b) foundCount[box.Id] = foundCount.GetValueOrDefault(box.Id) + 1;
            double[] cost = new double[a.Length * b.Length];
            for (int i = 0; i < a.Length; i++)
            {
                for (int j = 0; j < b.Length; j++)
                {
                    double iou = a[i].Box.IouWith(b[j].Box);
                    if (iou >= 0.5)
                    {
                        var pair = (a[i].Id, b[j].Id);
                        common[pair] = common.GetValueOrDefault(pair) + 1;
                    }

                    // Going on with the match of the frame before comes before everything; then the better overlap.
                    bool isSame = justNow.TryGetValue(a[i].Id, out int last) && last == b[j].Id;
                    cost[(i * b.Length) + j] = iou >= 0.5 ? -iou - (isSame ? 1000 : 0) : double.PositiveInfinity;
                }
            }

            int[] columnOf = new int[a.Length];
            assignment.Solve(cost, a.Length, b.Length, 0, columnOf);
            justNow.Clear();
            int matched = 0;
            for (int i = 0; i < a.Length; i++)
            {
                if (columnOf[i] == Assignment.None) continue;
                matched++;
                int now = b[columnOf[i]].Id;
                if (lastOf.TryGetValue(a[i].Id, out int before) && before != now) switches++;
                lastOf[a[i].Id] = justNow[a[i].Id] = now;
            }

            hits += matched;
            misses += a.Length - matched;
            falseAlarms += b.Length - matched;
        }

        int idHits = IdHitsOf(common, [.. truthCount.Keys], [.. foundCount.Keys], assignment);
        return new MotScore(hits, misses, falseAlarms, switches, idHits,
            truthCount.Values.Sum() - idHits, foundCount.Values.Sum() - idHits);
    }

    /// <summary>Frame, id, left, top, width, height, whatever follows; separated by commas or blanks.</summary>
    public static List<MotBox> Read(string path)
    {
        var boxes = new List<MotBox>();
        foreach (string line in File.ReadLines(path))
        {
            string[] cells = line.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
            if (cells.Length < 6 || !int.TryParse(cells[0], out int frame)) continue;
            float[] n = [.. cells[2..6].Select(cell => float.Parse(cell, CultureInfo.InvariantCulture))];
            boxes.Add(new MotBox(frame, int.Parse(cells[1], CultureInfo.InvariantCulture),
                new Box(n[0], n[1], n[0] + n[2], n[1] + n[3])));
        }

        return boxes;
    }

    // The one-to-one pairing of identities that shares most frames.
    static int IdHitsOf(
        Dictionary<(int Truth, int Found), int> common, int[] truths, int[] founds, Assignment assignment)
    {
        double[] cost = new double[truths.Length * founds.Length];
        for (int i = 0; i < truths.Length; i++)
        {
            for (int j = 0; j < founds.Length; j++)
            {
                cost[(i * founds.Length) + j] = -common.GetValueOrDefault((truths[i], founds[j]));
            }
        }

        int[] columnOf = new int[truths.Length];
        assignment.Solve(cost, truths.Length, founds.Length, 0, columnOf);
        int hits = 0;
        for (int i = 0; i < truths.Length; i++)
        {
            if (columnOf[i] != Assignment.None) hits -= (int)cost[(i * founds.Length) + columnOf[i]];
        }

        return hits;
    }
}
