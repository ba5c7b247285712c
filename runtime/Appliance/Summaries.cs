using System.Diagnostics;
using System.Globalization;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;

namespace EdgeAppliance.Runtime;

/// <summary>A finished run in figures.</summary>
static class Summaries
{
    public static Summary Of(Outfit outfit)
    {
        var meters = outfit.Chain.Meters;
        var facts = outfit.Detectors.Facts;
        double seconds = ((meters.LastFrame ?? MonoTime.Now) - meters.Began).TotalSeconds;
        long frames = outfit.Chain.Links[1].Taken;
        return new Summary(
            outfit.Devices.CameraName, facts.Model, facts.Provider.InSettings(),
            frames, seconds, seconds > 0 ? frames / seconds : 0, FromProcessStart(meters.FirstDetection),
            outfit.Folder?.Detections ?? 0, outfit.Folder?.DetectionsByClass, outfit.Folder?.Tracks ?? 0,
            meters.Labels, outfit.Stored, outfit.Snapshot().Samples.Acknowledged, [.. outfit.Chain.Links],
            outfit.Pool.Held, Environment.WorkingSet / 1048576.0);
    }

    /// <summary>Into the out folder, if there is one, and as a table.</summary>
    public static void Finish(Outfit outfit, string? folder, TextWriter to)
    {
        var summary = Of(outfit);
        outfit.Folder?.Finish(summary);
        Write(summary, folder, to);
    }

    public static void Write(Summary run, string? folder, TextWriter to)
    {
        to.WriteLine();
        var table = new Table()
            .Add("camera", $"{run.Camera}")
            .Add("model", $"{run.Model} on {run.Provider}")
            .Add("frames", $"{run.Frames} in {run.Seconds:F1} s, {run.FramesPerSecond:F1} a second")
            .Add("first detection", $"{Seconds(run.FirstDetectionS)} after the start");
        if (folder is not null)
        {
            string classes = string.Join(", ", run.DetectionsByClass!.OrderByDescending(row => row.Value).Take(8)
                .Select(row => $"{row.Key} {row.Value}"));
            table.Add("detections", $"{run.Detections} ({classes})").Add("tracks", $"{run.Tracks}");
        }

        table.Add("labels", $"{run.Labels}")
            .Add("samples", $"{run.Stored} spooled, {Count(run.Acknowledged)} acknowledged");
        foreach (var link in run.Links)
        {
            table.Add($"link {link.Name}",
                $"{link.Sent} sent = {link.Taken} taken + {link.Dropped} dropped + {link.Queued} queued");
        }

        table.Add("frames held", $"{run.FramesHeld}").Add("memory", $"{run.MemoryMiB:F0} MiB resident");
        if (folder is not null) table.Add("written to", $"{Path.GetFullPath(folder)}");
        table.Write(to);
    }

    static string Count(long? count) => count?.ToString(CultureInfo.InvariantCulture) ?? "none";

    static string Seconds(double? seconds) =>
        seconds is { } known ? Table.Invariant($"{known:F2} s") : "none seen, so no time";

    static double? FromProcessStart(MonoTime? at)
    {
        if (at is not { } then) return null;
        using var self = Process.GetCurrentProcess();
        var age = DateTime.UtcNow - self.StartTime.ToUniversalTime();
        return (age - (MonoTime.Now - then)).TotalSeconds;
    }
}
