using System.Globalization;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Commands;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>
/// Labels against the twin's truth, over many seeds: drawn, encoded, decoded, detected, tracked, joined with simulated
/// ranges, annotated. Where a label is due and none is made, the first stage that failed it is told.
/// </summary>
/// <remarks>Options: <c>--seeds 201,202</c>, <c>--seconds 60</c>, <c>--world yard</c>.</remarks>
static class LabelsBench
{
    public static int Run(BenchArguments arguments)
    {
        var report = new Report(arguments.Name);
        string world = arguments.After("--world") ?? "yard";
        string seeds = arguments.After("--seeds") ?? "201,202,203,204";
        int seconds = int.Parse(arguments.After("--seconds") ?? "60", CultureInfo.InvariantCulture);
        var scores = new List<LabelScore>();
        var missed = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (string seed in seeds.Split(','))
        {
            var score = Measure($"twin://{world}?seed={seed}&pace=max&seconds={seconds}", missed);
            scores.Add(score);
            report.Add("precision", score.Precision, "1", "", $"{world} {seed}");
            report.Add("recall", score.Recall, "1", "", $"{world} {seed}");
        }

        string on = $"{world}, {scores.Count} seeds, {seconds} s";
        long due = scores.Sum(score => score.Due);
        report.Add("precision", Share(scores.Sum(s => s.Right), scores.Sum(s => s.Judged)), "1", ">=0.95", on);
        report.Add("recall", Share(scores.Sum(s => s.Labelled), due), "1", ">=0.7", on);
        report.Add("recall_with_warm_up",
            Share(scores.Sum(s => s.LabelledEver), scores.Sum(s => s.DueEver)), "1", "", on);
        long all = Math.Max(1, missed.Values.Sum());
        foreach (var (why, count) in missed) report.Add($"missed: {why}", (double)count / all, "of missed", "", on);
        return report.Finish();
    }

    static double? Share(long part, long all) => all == 0 ? null : (double)part / all;

    static LabelScore Measure(string uri, SortedDictionary<string, long> missed)
    {
        var plain = new ApplianceSettings();
        var settings = plain with
        {
            Camera = plain.Camera with { Uri = uri },
            Inference = plain.Inference with { Threads = Environment.ProcessorCount },
        };
        var epoch = MonoTime.Now;
        using var devices = Devices.Open(settings, untilEnd: true, epoch, NullLogger.Instance);
        using var pool = FrameBudget.NewPool(settings, isLive: false);
        using var detector = Detector.Load(
            ModelFolder.Load(settings.Inference.Model), settings.Inference, NullLogger.Instance);
        var scene = new Scene(settings, devices, detector.Facts.Classes);
        var world = devices.World ?? throw new InvalidOperationException($"{uri} is no twin");
        var score = DemoScore.For(settings, world);
        while (devices.Camera.Next(pool, out var frame, default) == Capture.Frame)
        {
            using var annotated = scene.Step(detector.Detect(frame));
            score.Note(annotated);
            foreach (var actor in score.Missed)
            {
                string why = Why(annotated, actor);
                missed[why] = missed.GetValueOrDefault(why) + 1;
            }
        }

        return score.Score;
    }

    static string Why(in Annotated seen, TwinTruth actor)
    {
        var box = new Box(actor.Box.Left, actor.Box.Top, actor.Box.Right, actor.Box.Bottom);
        if (!seen.Detections.Any(detection => detection.Box.IouWith(box) >= DemoScore.IouMin)) return "1 not detected";
        foreach (var located in seen.Tracks)
        {
            if (located.Track.Measured is not { } measured || measured.IouWith(box) < DemoScore.IouMin) continue;
            if (located.Match is not { } match) return located.GroundM is null
                ? "3 not on the ground"
                : located.Track.Age < 175 ? "4 young track without a match" : "5 old track without a match";
            return match.Tag == actor.Tag ? "6 matched, label held back" : "7 matched to another tag";
        }

        return "2 detected, not tracked";
    }
}
