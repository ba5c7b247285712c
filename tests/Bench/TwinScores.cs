using System.Globalization;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>How well one class is found.</summary>
/// <param name="Boxes">that were to be found</param>
/// <param name="Ap50">average precision at an overlap of a half, read at 101 recalls</param>
/// <param name="Told">score and hit of every detection that counts, best first</param>
sealed record ClassScore(string Class, int Boxes, double Ap50, IReadOnlyList<(float Score, bool IsHit)> Told)
{
    public double PrecisionAt(double score)
    {
        int told = Told.Count(t => t.Score >= score);
        return told == 0 ? 0 : (double)Told.Count(t => t.Score >= score && t.IsHit) / told;
    }

    public double RecallAt(double score) => (double)Told.Count(t => t.Score >= score && t.IsHit) / Boxes;
}

/// <summary>
/// The twin's detector on frames of seeds it was not trained on. A box of which less than half shows need not be
/// found, and
/// is no mistake where it is.
/// </summary>
static class TwinScores
{
    public const string Seeds = "2000-2009";

    /// <summary>Of each world: enough for 1800 boxes.</summary>
    const int Frames = 15;

    const double EveryS = 37.7;
    const double VisibleMin = .5;
    const float OverlapMin = .5f;
    const double ScoreMin = .02;

    static readonly string[] Classes = [TwinWorld.PersonClass, TwinWorld.VehicleClass];

    public static IReadOnlyList<ClassScore> Of(string folder)
    {
        var rows = Classes.Select(_ => new List<(float Score, bool IsHit)>()).ToArray();
        int[] wanted = new int[Classes.Length];
        var settings = new InferenceSettings { ScoreMin = ScoreMin, Threads = 1, DetectionsMax = 300 };
        var model = ModelFolder.Load(folder);
        using var detector = Detector.Load(
            model, settings, NullLogger.Instance, Detector.WishesOf(model, settings), asEvaluated: true);
        foreach (string name in TwinWorld.Names)
        {
            foreach (int seed in BenchArguments.Numbers(Seeds))
            {
                TwinFrames.Each(name, seed, TwinFrames.QuantiserOf(seed), Frames, EveryS, (in seen, truth) =>
                {
                    using var detected = detector.Detect(seen.Share());
                    for (int c = 0; c < Classes.Length; c++) wanted[c] += Judge(c, detected.Detections, truth, rows[c]);
                });
            }
        }

        return [.. Classes.Select((name, c) => Score(name, wanted[c], rows[c]))];
    }

    static ClassScore Score(string name, int wanted, List<(float Score, bool IsHit)> rows)
    {
        var sorted = rows.OrderByDescending(r => r.Score).ToArray();
        return new ClassScore(name, wanted, AveragePrecision.Area([.. sorted.Select(r => r.IsHit)], wanted), sorted);
    }

    /// <summary>Adds one frame's detections of a class; how many boxes of it were to be found.</summary>
    static int Judge(
        int @class, IEnumerable<Detection> detections, IReadOnlyList<TwinTruth> truth, List<(float, bool)> rows)
    {
        var mine = truth.Where(one => TwinFrames.ClassOf(one) == @class).ToList();
        int wanted = mine.Count(one => one.Visibility >= VisibleMin);
        foreach (var detection in detections.Where(d => d.Class == @class).OrderByDescending(d => d.Score))
        {
            int best = -1;
            float overlap = OverlapMin;
            for (int i = 0; i < mine.Count; i++)
            {
                var box = mine[i].Box;
                float iou = detection.Box.IouWith(new Box(box.Left, box.Top, box.Right, box.Bottom));
                if (iou < overlap) continue;
                (best, overlap) = (i, iou);
            }

            bool counts = best < 0 || mine[best].Visibility >= VisibleMin;
            if (best >= 0) mine.RemoveAt(best);
            if (counts) rows.Add((detection.Score, best >= 0));
        }

        return wanted;
    }

    public static string Line(IReadOnlyList<ClassScore> scores) => string.Join("; ", scores.Select(s => string.Create(
        CultureInfo.InvariantCulture, $"{s.Class}: {s.Boxes} boxes, AP50 {s.Ap50:F4}, "
        + $"precision/recall at .3 {s.PrecisionAt(.3):F4}/{s.RecallAt(.3):F4}, "
            + $"at .4 {s.PrecisionAt(.4):F4}/{s.RecallAt(.4):F4}, "
        + $"at .5 {s.PrecisionAt(.5):F4}/{s.RecallAt(.5):F4}")))
        + string.Create(CultureInfo.InvariantCulture, $"; mAP50 {scores.Average(s => s.Ap50):F4}");
}
