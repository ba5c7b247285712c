using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>A box a person drew.</summary>
readonly record struct TrueBox(int Image, int Class, Box Box);

/// <summary>A box a detector told.</summary>
readonly record struct ToldBox(int Image, int Class, Box Box, float Score);

/// <summary>
/// Average precision as COCO's own evaluation defines it, without crowd regions: detections of a class in the order of
/// their scores over all images, each matched to the free true box it overlaps most if by at least the threshold;
/// precision made falling, read at 101 recalls.
/// </summary>
static class AveragePrecision
{
    /// <summary>0.50, 0.55 ... 0.95.</summary>
    public static IReadOnlyList<double> CocoThresholds { get; } =
        [.. Enumerable.Range(0, 10).Select(i => 0.5 + (0.05 * i))];

    /// <summary>Of one class at one threshold, 0 to 1; null when nobody drew such a box.</summary>
    public static double? Of(int @class, double iouMin, IReadOnlyList<TrueBox> truth, IReadOnlyList<ToldBox> told)
    {
        var free = truth.Where(t => t.Class == @class).GroupBy(t => t.Image)
            .ToDictionary(g => g.Key, g => g.Select(t => t.Box).ToList());
        int wanted = free.Values.Sum(boxes => boxes.Count);
        if (wanted == 0) return null;
        var hits = new List<bool>();
        foreach (var box in told.Where(t => t.Class == @class).OrderByDescending(t => t.Score))
        {
            int best = -1;
            double overlap = iouMin - 1e-10;
            for (int i = 0; free.TryGetValue(box.Image, out var boxes) && i < boxes.Count; i++)
            {
                double iou = boxes[i].IouWith(box.Box);
                if (iou < overlap) continue;
                (best, overlap) = (i, iou);
            }

            hits.Add(best >= 0);
            if (best >= 0) free[box.Image].RemoveAt(best);
        }

        return Area(hits, wanted);
    }

    /// <summary>The mean over classes that were drawn and over thresholds, 0 to 1; null when none was drawn.</summary>
    public static double? Mean(
        IEnumerable<int> classes, IReadOnlyList<double> thresholds, IReadOnlyList<TrueBox> truth,
        IReadOnlyList<ToldBox> told)
    {
        double[] each = [.. classes.SelectMany(c => thresholds.Select(t => Of(c, t, truth, told))).OfType<double>()];
        return each.Length == 0 ? null : each.Average();
    }

    /// <param name="hits">for each detection, best first, whether it met a true box</param>
    /// <param name="wanted">true boxes</param>
    internal static double Area(IReadOnlyList<bool> hits, int wanted)
    {
        double[] precision = new double[hits.Count], recall = new double[hits.Count];
        int met = 0;
        for (int i = 0; i < hits.Count; i++)
        {
            if (hits[i]) met++;
            precision[i] = (double)met / (i + 1);
            recall[i] = (double)met / wanted;
        }

        for (int i = hits.Count - 2; i >= 0; i--) precision[i] = Math.Max(precision[i], precision[i + 1]);
        double sum = 0;
        for (int point = 0, at = 0; point <= 100; point++)
        {
            while (at < hits.Count && recall[at] < (point / 100.0) - 1e-12) at++;
            if (at < hits.Count) sum += precision[at];
        }

        return sum / 101;
    }
}
