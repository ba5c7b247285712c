using System.Globalization;
using System.Text.Json.Nodes;
using EdgeAppliance.Drivers.Twin;

namespace EdgeAppliance.Bench;

/// <summary>
/// <c>twin-export --out DIR [--seeds 1,2,5-9] [--frames N] [--every SECONDS]</c>: frames of each world and seed with
/// their truth, after the H.264 encoder and decoder, to look at and to train the twin's detector on. Writes
/// <c>WORLD-SEED.i420</c> (raw frames) and <c>WORLD-SEED.jsonl</c> (a line of truth a frame).
/// </summary>
static class TwinExport
{
    public static int Run(BenchArguments arguments)
    {
        string folder = arguments.After("--out") ?? "twin-export";
        int frames = int.Parse(arguments.After("--frames") ?? "10", CultureInfo.InvariantCulture);
        double everyS = double.Parse(arguments.After("--every") ?? "7", CultureInfo.InvariantCulture);
        Directory.CreateDirectory(folder);
        foreach (string name in TwinWorld.Names)
        {
            foreach (int seed in BenchArguments.Numbers(arguments.After("--seeds") ?? "1")) Export(folder, name,
                seed, frames, everyS);
        }

        return 0;
    }

    static void Export(string folder, string name, int seed, int frames, double everyS)
    {
        using var file = File.Create(Path.Combine(folder, $"{name}-{seed}.i420"));
        using var lines = File.CreateText(Path.Combine(folder, $"{name}-{seed}.jsonl"));
        TwinFrames.Each(name, seed, TwinFrames.QuantiserOf(seed), frames, everyS, (in seen, truth) =>
        {
            file.Write(seen.Pixels.Bytes[..seen.Format.Bytes]);
            lines.WriteLine(Line(truth));
        });
    }

    /// <summary>The truth of one frame as a JSON array.</summary>
    static string Line(IReadOnlyList<TwinTruth> truth) => new JsonArray([.. truth.Select(one => (JsonNode)new JsonObject
    {
        ["id"] = one.Id,
        ["class"] = one.Class,
        ["box"] = new JsonArray(one.Box.Left, one.Box.Top, one.Box.Right, one.Box.Bottom),
        ["visibility"] = Math.Round(one.Visibility, 3),
        ["tag"] = one.Tag,
    })]).ToJsonString();
}
