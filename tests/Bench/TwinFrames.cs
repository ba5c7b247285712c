using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Retrain.Training;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>A frame as the appliance sees it, and what is true of it.</summary>
delegate void SeenFrame(in Frame frame, IReadOnlyList<TwinTruth> truth);

/// <summary>Frames of the twin after the real H.264 encoder and decoder.</summary>
static class TwinFrames
{
    /// <summary>What the twin's camera encodes with unless its address says otherwise.</summary>
    const int UsualQuantiser = 23;

    /// <summary>What the detector is fed: its card's input.</summary>
    public static CardInput Input { get; } = new(TwinNetwork.Images, TensorLayout.Nchw, TwinNetwork.Width,
        TwinNetwork.Height, ColourOrder.Rgb, 1, [0, 0, 0], [1, 1, 1], ResizeRule.LetterboxTopLeft, Augmentation.Pad);

    /// <summary>
    /// Of a seed's frames: every third is encoded as the twin's camera does it, others from fine to coarse, 20 to 40.
    /// </summary>
    public static int QuantiserOf(int seed) => seed % 3 == 0 ? UsualQuantiser : 20 + (seed * 7 % 21);

    /// <summary>Draws frames of one world, encodes, decodes, and shows each with its truth.</summary>
    public static void Each(string name, int seed, int quantiser, int frames, double everyS, SeenFrame show)
    {
        var world = TwinWorld.Create(name, seed);
        using var pool = new FramePool(2, world.Format.Bytes);
        using var decoder = new Decoder("h264", default, new DecoderOptions { Preference = ["h264"] });
        using var encoder = new Encoder(new EncoderOptions
        {
            Width = world.Format.Width,
            Height = world.Format.Height,
            Quantiser = quantiser,
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
                using (seen) show(seen, world.TruthAt(seen.StreamTime));
            }
        }
    }

    /// <summary>
    /// Frames of all worlds and seeds to learn from, shrunk as the appliance does it; always in one order.
    /// </summary>
    public static List<LabelledFrame> ToLearn(IReadOnlyList<int> seeds, int frames, double everyS)
    {
        (string Name, int Seed)[] worlds = [.. TwinWorld.Names.SelectMany(name => seeds.Select(seed => (name, seed)))];
        var drawn = new List<LabelledFrame>[worlds.Length];
        Parallel.For(0, worlds.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            var shrink = new Preprocessor(Input);
            float[] tensor = new float[shrink.Length];
            List<LabelledFrame> mine = [];
            var (name, seed) = worlds[i];
            Each(name, seed, QuantiserOf(seed), frames, everyS, (in seen, truth) =>
            {
                var fit = shrink.Fill(seen, tensor);
                float scale = (float)fit.Width / fit.SourceWidth;
                byte[] planes = [.. tensor.Select(v => (byte)(v + .5f))];
                mine.Add(new LabelledFrame(planes, [.. truth.Select(one => Shrunk(one, scale))]));
            });
            drawn[i] = mine;
        });
        return [.. drawn.SelectMany(d => d)];
    }

    public static int ClassOf(TwinTruth one) => one.Class == TwinWorld.PersonClass ? 0 : 1;

    static LabelledBox Shrunk(TwinTruth one, float scale) => new(one.Box.Left * scale, one.Box.Top * scale,
        one.Box.Right * scale, one.Box.Bottom * scale, ClassOf(one), (float)one.Visibility);

    sealed class ToDecoder(Decoder decoder) : IPacketSink
    {
        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey)
        {
            if (!decoder.Send(bytes, pts))
                throw new InvalidDataException($"a packet of {bytes.Length} bytes is corrupt");
        }
    }
}
