using System.Globalization;
using System.Text.Json.Nodes;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
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
            foreach (int seed in Seeds(arguments.After("--seeds") ?? "1")) Export(folder, name, seed, frames, everyS);
        }

        return 0;
    }

    static void Export(string folder, string name, int seed, int frames, double everyS)
    {
        var world = TwinWorld.Create(name, seed);
        using var file = File.Create(Path.Combine(folder, $"{name}-{seed}.i420"));
        using var truth = File.CreateText(Path.Combine(folder, $"{name}-{seed}.jsonl"));
        using var pool = new FramePool(2, world.Format.Bytes);
        using var decoder = new Decoder("h264", default, new DecoderOptions { Preference = ["h264"] });
        using var encoder = new Encoder(new EncoderOptions
        {
            Width = world.Format.Width,
            Height = world.Format.Height,
            // Every seed another, from fine to coarse.
            Quantiser = 20 + (seed * 7 % 21),
            Preset = "superfast",
            Preference = ["libx264"],
        });
        var sink = new ToDecoder(decoder);
        for (int i = 0; i < frames; i++)
        {
            var t = TimeSpan.FromSeconds(i * everyS);
            if (!pool.TryRent(out var slot)) throw new InvalidOperationException("a slot was not given back");
            using (var drawn = new Frame(slot, world.Format, default, i, t))
            {
                world.Render(t, drawn);
                encoder.Encode(drawn, sink);
            }

            while (decoder.Receive(pool, default, out var seen) == Received.Frame)
            {
                using (seen)
                {
                    file.Write(seen.Pixels.Bytes[..seen.Format.Bytes]);
                    truth.WriteLine(Line(world.TruthAt(seen.StreamTime)));
                }
            }
        }
    }

    /// <summary>Numbers and ranges, as in 1,2,5-9.</summary>
    static IEnumerable<int> Seeds(string text)
    {
        foreach (string part in text.Split(','))
        {
            int[] ends = [.. part.Split('-').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
            for (int seed = ends[0]; seed <= ends[^1]; seed++) yield return seed;
        }
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

    sealed class ToDecoder(Decoder decoder) : IPacketSink
    {
        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey)
        {
            if (!decoder.Send(bytes, pts))
                throw new InvalidDataException($"a packet of {bytes.Length} bytes is corrupt");
        }
    }
}
