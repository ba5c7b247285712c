using System.Globalization;
using System.Text.Json.Nodes;
using EdgeAppliance.Drivers.Twin;

namespace EdgeAppliance.Bench;

/// <summary>Writes frames of the twin with their truth, to look at and to train the shipped detector on.</summary>
static class TwinExport
{
    /// <summary>Raw I420 frames as drawn, one file a world and seed.</summary>
    public static int Run(BenchArguments arguments)
    {
        string folder = arguments.After("--out") ?? "twin-export";
        string[] seeds = (arguments.After("--seeds") ?? "1").Split(',');
        int frames = int.Parse(arguments.After("--frames") ?? "10", CultureInfo.InvariantCulture);
        double everyS = double.Parse(arguments.After("--every") ?? "7", CultureInfo.InvariantCulture);
        Directory.CreateDirectory(folder);
        foreach (string name in TwinWorld.Names)
        {
            foreach (string seed in seeds)
            {
                var world = TwinWorld.Create(name, int.Parse(seed, CultureInfo.InvariantCulture));
                using var file = File.Create(Path.Combine(folder, $"{name}-{seed}.i420"));
                using var truth = File.CreateText(Path.Combine(folder, $"{name}-{seed}.jsonl"));
                byte[] pixels = new byte[world.Format.Bytes];
                for (int i = 0; i < frames; i++)
                {
                    var t = TimeSpan.FromSeconds(i * everyS);
                    world.Render(t, pixels.AsSpan(0, world.Format.LumaBytes),
                        pixels.AsSpan(world.Format.LumaBytes, world.Format.ChromaBytes),
                        pixels.AsSpan(world.Format.LumaBytes + world.Format.ChromaBytes));
                    file.Write(pixels);
                    truth.WriteLine(Line(world.TruthAt(t)));
                }
            }
        }

        return 0;
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
