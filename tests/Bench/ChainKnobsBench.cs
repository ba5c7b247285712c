using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace EdgeAppliance.Bench;

/// <summary>
/// The appliance's own program on recordings shown as a live camera, its knobs turned by what inference is worth: what
/// it spends beside the same program whose knobs stay at the dearest, probes and reference frames on both sides, and
/// F1 as it tells it of itself.
/// </summary>
static class ChainKnobsBench
{
    /// <summary>So cheap that no knob is worth moving.</summary>
    const double NoPrice = 1e-6;

    const double Price = 0.1, ReferenceShare = 0.03;

    /// <summary>Starting, and the way from the dearest setting, are not counted.</summary>
    const double SettleS = 10;

    public static void Run(Report report, IReadOnlyList<Clip> clips, string model, int seconds)
    {
        List<double> left = [], agreed = [];
        foreach (var clip in clips)
        {
            Console.Error.WriteLine($"chain: {clip.Name}");
            var dear = Follow(clip, model, NoPrice, seconds);
            var ours = Follow(clip, model, Price, seconds);
            double? part = ours?.MsPerS / dear?.MsPerS;
            report.Add("inference a second, knobs at the dearest", dear?.MsPerS, "ms/s", "", clip.Name);
            report.Add("inference a second, knobs turned", ours?.MsPerS, "ms/s", "", clip.Name);
            report.Add("inference left", part, "1", "", clip.Name);
            report.Add("F1 as the appliance tells it", ours?.F1, "1", "", clip.Name);
            report.Add("times the knobs moved", ours?.Moves, "", "", clip.Name);
            if (part is { } known) left.Add(known);
            if (ours?.F1 is { } f1) agreed.Add(f1);
        }

        report.Add(
            "inference left, mean", left.Count > 0 ? left.Average() : null, "1", "<=0.75", $"{left.Count} clips");
        report.Add(
            "F1 as the appliance tells it, mean", agreed.Count > 0 ? agreed.Average() : null, "1", "",
            $"{agreed.Count} clips");
    }

    readonly record struct Followed(double MsPerS, double? F1, long Moves);

    /// <summary>Null when nothing was told in time.</summary>
    static Followed? Follow(Clip clip, string model, double price, int seconds)
    {
        string folder = Directory.CreateTempSubdirectory("knobs").FullName;
        try
        {
            string config = Path.Combine(folder, "appliance.json");
            File.WriteAllText(config, string.Create(CultureInfo.InvariantCulture, $$"""
                {
                  "camera": { "uri": "loop:{{Path.GetFullPath(clip.File)}}" },
                  "inference": { "model": "{{Path.GetFullPath(model)}}", "providers": ["cpu"] },
                  "spool": { "folder": "spool", "miBFreeMin": 0 },
                  "status": { "port": 0 },
                  "adaptation": { "computePrice": {{price:F6}}, "referenceShare": {{ReferenceShare}} }
                }
                """));
            return Watch(config, seconds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static Followed? Watch(string config, int seconds)
    {
        string? page = null;
        using var child = new Process
        {
            StartInfo = new ProcessStartInfo(
                Path.Combine(AppContext.BaseDirectory, "edge-appliance"), ["run", "--config", config])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        child.OutputDataReceived += (_, line) =>
        {
            const string Told = "status page: ";
            if (line.Data?.StartsWith(Told, StringComparison.Ordinal) == true) page = line.Data[Told.Length..];
        };
        child.ErrorDataReceived += (_, _) => { };
        child.Start();
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        try
        {
            return Poll(child, () => page, seconds);
        }
        finally
        {
            ChildRun.Stop(child);
        }
    }

    static Followed? Poll(Process child, Func<string?> page, int seconds)
    {
        using var web = new HttpClient();
        List<double> spent = [];
        double? f1 = null;
        long moves = 0;
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds && !child.HasExited)
        {
            Thread.Sleep(1000);
            if (page() is not { } url) continue;
            using var status = web.GetFromJsonAsync<JsonDocument>(url + "/api/status").GetAwaiter().GetResult();
            if (!status!.RootElement.TryGetProperty("knobs", out var knobs)
                || knobs.ValueKind != JsonValueKind.Object) continue;
            if (Number(knobs, "f1") is { } told) f1 = told;
            moves = (long)(Number(knobs, "setting") ?? moves);
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > SettleS && Number(knobs, "computeMsS") is { } ms)
                spent.Add(ms);
        }

        return spent.Count == 0 ? null : new Followed(spent.Average(), f1, moves);
    }

    static double? Number(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
