using System.Collections.Immutable;
using System.Globalization;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>
/// What it brings to code a picture finely only where it counts, on real videos: bytes at equal F1 beside a picture of
/// one quantiser. Regions come from the second before: where something was seen, or where the gradient of the utility
/// says that the finer quantiser is worth it.
/// </summary>
static class RegionsBench
{
    static readonly int[] Coarser = [6, 12];

    /// <summary>Part of all tiles that the gradient may choose (OneAdapt's published points: .05 and .2).</summary>
    const double Part = 0.2;

    sealed record Point(double F1, double Bytes);

    enum Way { Plain, Seen, Gradient }

    public static void Run(Report report, BenchArguments arguments)
    {
        string detector = arguments.After("--detector") ?? "yolox_nano";
        var model = ModelFolder.Load(Path.Combine(arguments.Data, "detectors", detector + ".onnx"));
        int seconds = int.Parse(arguments.After("--seconds") ?? "8", CultureInfo.InvariantCulture);
        Dictionary<(Way, int), List<double>> all = [];
        Dictionary<string, List<(double Lost, double LogBytes)>> edges = [];
        foreach (var clip in Clip.In(arguments.Data))
        {
            using var tried = new Tried(model);
            clip.Show(tried.Pool, seconds, (number, frames) =>
            {
                tried.Second(frames);
                Console.Error.WriteLine($"{clip.Name}: second {number + 1}");
            });
            if (tried.Seconds == 0) continue;
            var plain = tried.Curve(Way.Plain, 0);
            var six = tried.Curve(Way.Seen, Coarser[0]);
            Note(edges, $"background +0 to +{Coarser[0]}", plain, six);
            Note(edges, $"background +{Coarser[0]} to +{Coarser[1]}", six, tried.Curve(Way.Seen, Coarser[1]));
            foreach (var (way, coarser) in Ways)
            {
                if (Saved(plain, tried.Curve(way, coarser)) is not { } saved) continue;
                report.Add("uplink saved at equal F1", saved, "1", "", $"{clip.Name}, {Name(way, coarser)}");
                if (!all.TryGetValue((way, coarser), out var list)) all[(way, coarser)] = list = [];
                list.Add(saved);
            }
        }

        foreach (var (edge, list) in edges)
        {
            report.Add("F1 lost", list.Average(e => e.Lost), "1", "", edge);
            report.Add("log of bytes left", list.Average(e => e.LogBytes), "1", "", edge);
        }

        foreach (var ((way, coarser), list) in all)
            report.Add("uplink saved at equal F1, mean", list.Average(), "1", "", Name(way, coarser));
    }

    /// <summary>The same quantiser where things were seen; curves may end at different ones.</summary>
    static void Note(Dictionary<string, List<(double, double)>> edges, string edge, IReadOnlyList<Point> fine,
        IReadOnlyList<Point> coarse)
    {
        if (!edges.TryGetValue(edge, out var list)) edges[edge] = list = [];
        list.AddRange(fine.Zip(coarse, (a, b) => (a.F1 - b.F1, Math.Log(b.Bytes / a.Bytes))));
    }

    static IEnumerable<(Way, int)> Ways =>
        from way in new[] { Way.Seen, Way.Gradient } from coarser in Coarser select (way, coarser);

    static string Name(Way way, int coarser) =>
        $"{(way == Way.Seen ? "where things were seen" : "where the gradient is")}, the rest +{coarser}";

    /// <summary>Mean over the points that lie within the plain curve's F1; null: none does.</summary>
    static double? Saved(IReadOnlyList<Point> plain, IReadOnlyList<Point> other)
    {
        List<double> saved = [];
        foreach (var point in other)
        {
            for (int i = 0; i + 1 < plain.Count; i++)
            {
                var (fine, coarse) = (plain[i], plain[i + 1]);
                if (point.F1 > fine.F1 || point.F1 < coarse.F1 || fine.F1 <= coarse.F1) continue;
                double part = (fine.F1 - point.F1) / (fine.F1 - coarse.F1);
                double log = Math.Log(fine.Bytes) + part * Math.Log(coarse.Bytes / fine.Bytes);
                saved.Add(1 - point.Bytes / Math.Exp(log));
                break;
            }
        }

        return saved.Count == 0 ? null : saved.Average();
    }

    sealed class Tried : IDisposable
    {
        readonly Dictionary<(Way, int, int), (Agreement F1, long Bytes)> _sums = [];
        readonly Detector _detector;
        readonly UtilityProbe _probe;
        readonly SegmentCodec _codec;
        readonly float _scoreMin;
        ImmutableArray<Detection> _before;
        double[]? _gradient;
        int _columns;

        public Tried(ModelFolder model)
        {
            _scoreMin = model.Card.Thresholds.Score;
            _detector = Detector.Load(model, new InferenceSettings
            {
                Providers = [Provider.Cpu.InSettings()],
                ScoreMin = 0.1,
                Threads = Environment.ProcessorCount,
            }, NullLogger.Instance);
            int half = (int)Math.Round(model.Card.Input.Width / 64.0) * 32;
            _probe = new UtilityProbe(
                model.At(half, half), UtilityProbe.UtilityOf(model.Card, LiveRungs.Classes));
            Pool = new FramePool(
                26, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
            _codec = new SegmentCodec(Pool);
        }

        public FramePool Pool { get; }

        public int Seconds { get; private set; }

        public IReadOnlyList<Point> Curve(Way way, int coarser) =>
            [.. LiveRungs.Quantisers.Where(q => _sums.ContainsKey((way, coarser, q)))
                .Select(q => _sums[(way, coarser, q)]).Select(s => new Point(s.F1.F1, s.Bytes))];

        public void Second(IReadOnlyList<Frame> frames)
        {
            var format = frames[0].Format;
            Detection[][] reference = [];
            foreach (int q in LiveRungs.Quantisers)
            {
                var (seen, bytes) = Encode(frames, new SegmentCoding(q, 1));
                if (reference.Length == 0) reference = seen;
                if (!_before.IsDefault) Note(Way.Plain, 0, q, seen, reference, bytes);
            }

            foreach (int coarser in _before.IsDefault ? [] : Coarser)
            {
                foreach (int q in LiveRungs.Quantisers.Where(q => q + coarser <= 51))
                {
                    foreach (var way in new[] { Way.Seen, Way.Gradient })
                    {
                        var regions = way == Way.Seen
                            ? SeenRegions.Of(_before, format, (format.Width, format.Height), coarser)
                            : Tiles(format, coarser);
                        var (seen, bytes) = Encode(frames, new SegmentCoding(q + coarser, 1, regions));
                        Note(way, coarser, q, seen, reference, bytes);
                    }
                }
            }

            if (!_before.IsDefault) Seconds++;
            _before = [.. reference[^1]];
            _probe.Look(frames[^1]);
            Weigh(frames[^1]);
        }

        public void Dispose()
        {
            _detector.Dispose();
            _probe.Dispose();
            _codec.Dispose();
            Pool.Dispose();
        }

        void Note(Way way, int coarser, int q, Detection[][] seen, Detection[][] reference, long bytes)
        {
            var sum = seen.Zip(reference, (a, b) => Agreement.Of(a, b, _scoreMin)).Aggregate((a, b) => a + b);
            var known = _sums.GetValueOrDefault((way, coarser, q));
            _sums[(way, coarser, q)] = (known.F1 + sum, known.Bytes + bytes);
        }

        (Detection[][] Seen, long Bytes) Encode(IReadOnlyList<Frame> frames, SegmentCoding coding)
        {
            var seen = new Detection[frames.Count][];
            long bytes = _codec.Encode(frames, coding, (i, frame) =>
            {
                using var found = _detector.Detect(frame);
                seen[i] = [.. found.Detections.Where(d => LiveRungs.Classes.Contains(d.Class))];
            });
            return (seen, bytes);
        }

        /// <summary>What each tile of the picture loses by its coarser coding, as the gradient has it.</summary>
        void Weigh(in Frame frame)
        {
            var tiles = new double[1];
            Frame? coarse = null;
            _codec.Encode([frame], new SegmentCoding(LiveRungs.Quantisers[^2], 1), (_, decoded) => coarse = decoded);
            using (coarse) (tiles, _columns) = _probe.TileLosses(coarse!.Value);
            _gradient = tiles;
        }

        EncoderRegion[] Tiles(FrameFormat format, int coarser)
        {
            var losses = _gradient!;
            bool[] fine = MacroblockMap.Choose(new double[losses.Length], losses, 0.5, Part);
            return [.. Enumerable.Range(0, fine.Length).Where(i => fine[i])
                .Select(i => _probe.TileIn(i % _columns, i / _columns, format))
                .Where(b => b.Width >= 1 && b.Height >= 1)
                .Select(b => new EncoderRegion(
                    (int)b.Left, (int)b.Top, (int)MathF.Ceiling(b.Right), (int)MathF.Ceiling(b.Bottom), -coarser))];
        }
    }
}
