using System.Diagnostics;
using System.Numerics;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Bench;

/// <summary>Time of track, fuse and annotate at 20 tracked people with 20 tags, 25 frames a second.</summary>
static class SceneBench
{
    const int People = 20, Frames = 3000, WarmUp = 500;

    public static int Run(BenchArguments arguments)
    {
        var report = new Report(arguments.Name);
        double[] ms = Measure(out long bytes);
        Array.Sort(ms);
        const string on = "20 people, 20 tags, 25 frames a second";
        report.Add("track+fuse+annotate, mean", ms.Average(), "ms/frame", "<0.3", on);
        report.Add("track+fuse+annotate, 99 %", ms[ms.Length * 99 / 100], "ms/frame", "", on);
        report.Add("allocated", bytes / (double)ms.Length, "bytes/frame", "", on);
        return report.Finish();
    }

    static double[] Measure(out long bytes)
    {
        using var pool = new FramePool(1, 16);
        var registry = new TagRegistry(
            Enumerable.Range(0, People).Select(i => new RegisteredTag($"T{i:D2}", "person", true)), [],
            new Dictionary<string, double>());
        // The lower edge of the picture is 5 m away, a pixel is 1 cm: a plain map of the floor.
        double[] groundFromImage = [0.01, 0, -6.4, 0, -0.01, 12, 0, 0, 1];
        var locator = new Locator(new RadioSettings(), []);
        var fuser = new Fuser(
            new FusionSettings(), new HomographyGeometry("plan", 1280, 720, groundFromImage), locator, registry);
        var tracker = new Tracker(new TrackingSettings());
        var annotator = new Annotator(new AnnotationSettings(), registry, ["person"]);
        double[] ms = new double[Frames - WarmUp];
        bytes = 0;
        int labels = 0;
        for (int frame = 0; frame < Frames; frame++)
        {
            double t = frame / 25.0;
            var seen = new Detection[People];
            for (int i = 0; i < People; i++)
            {
                float x = 80 + (120 * (i % 10)) + (15 * (float)Math.Sin(t + i)), y = 200 + (300 * (i / 10));
                seen[i] = new Detection(new Box(x - 20, y - 100, x + 20, y), 0, 0.9f);
                var at = new Vector3((x / 100) - 6.4f, 12 - (y / 100), 1);
                if (frame % 3 == 0) locator.Take([Observation.OfPosition(Time(t), $"T{i:D2}", at, 0.02)]);
            }

            if (!pool.TryRent(out var lease)) return [];
            var format = new FrameFormat(1280, 720, ColourRange.Limited, ColourMatrix.Bt709);
            var taken = new Frame(lease, format, Time(t), frame, TimeSpan.FromSeconds(t));
            var detected = new Detected(taken, [.. seen], "m");
            long before = GC.GetAllocatedBytesForCurrentThread(), began = Stopwatch.GetTimestamp();
            using var annotated = annotator.Step(fuser.Step(tracker.Step(detected)));
            double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            labels += annotated.Annotations.Length;
            if (frame < WarmUp) continue;
            ms[frame - WarmUp] = took;
            bytes += allocated;
        }

        return labels > 0 ? ms : [double.NaN];
    }

    static MonoTime Time(double t) => MonoTime.FromSeconds(1000 + t);
}
