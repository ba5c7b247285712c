using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>The rungs that a live run may choose, the dearest first.</summary>
static class LiveRungs
{
    public static readonly int[] Quantisers = [20, 26, 32, 38, 44];
    public static readonly double[] Scales = [1, 0.75, 0.5];
    public static readonly int[] Steps = [1, 2, 5, 10]; // every so manieth of ten frames a second
    public static readonly double[] InputParts = [1, 0.85, 0.7, 0.55];

    /// <summary>Of samples, whose pictures travel one by one.</summary>
    public static readonly int[] Qualities = [90, 80, 65, 45];

    public static int InputSize(int native, int rung) => (int)Math.Round(native * InputParts[rung] / 32) * 32;

    /// <summary>Person, bicycle, car, motorbike, bus, truck.</summary>
    public static readonly int[] Classes = [0, 1, 2, 3, 5, 7];
}

/// <summary>All that every setting gave in one second.</summary>
sealed class TableSecond
{
    /// <summary>By quantiser, scale, frame step.</summary>
    public long[,,] Bytes { get; } =
        new long[LiveRungs.Quantisers.Length, LiveRungs.Scales.Length, LiveRungs.Steps.Length];

    /// <summary>By quantiser, scale, input size and frame.</summary>
    public Detection[,,][][] Seen { get; } =
        new Detection[LiveRungs.Quantisers.Length, LiveRungs.Scales.Length, LiveRungs.InputParts.Length][][];

    /// <summary>What the gradient at the last raw frame says is lost, by quantiser and scale.</summary>
    public double[,] LostCoded { get; } = new double[LiveRungs.Quantisers.Length, LiveRungs.Scales.Length];

    /// <summary>The same by input size.</summary>
    public double[] LostSized { get; } = new double[LiveRungs.InputParts.Length];

    public double[,] TiledCoded { get; } = new double[LiveRungs.Quantisers.Length, LiveRungs.Scales.Length];

    public double[] TiledSized { get; } = new double[LiveRungs.InputParts.Length];

    /// <summary>The same at half the input size, which costs a quarter.</summary>
    public double[,] HalfCoded { get; } = new double[LiveRungs.Quantisers.Length, LiveRungs.Scales.Length];

    public double[] HalfSized { get; } = new double[LiveRungs.InputParts.Length];

    /// <summary>The last raw frame as a JPEG, by quality.</summary>
    public long[] SampleBytes { get; } = new long[LiveRungs.Qualities.Length];

    /// <summary>What the half-size gradient says is lost in it.</summary>
    public double[] SampleLost { get; } = new double[LiveRungs.Qualities.Length];

    /// <summary>What is seen in it, by quality; in the raw frame itself last.</summary>
    public Detection[][] SampleSeen { get; } = new Detection[LiveRungs.Qualities.Length + 1][];
}

/// <summary>Every setting tried in every second of a clip: what controllers that look back may choose from.</summary>
sealed class KnobTable
{
    const int Format = 4;
    const float ScoreMin = 0.1f;

    readonly List<TableSecond> _seconds = [];

    public required string Name { get; init; }

    public IReadOnlyList<TableSecond> Seconds => _seconds;

    /// <summary>Milliseconds of a run, by input size.</summary>
    public double[] InferenceMs { get; private set; } = new double[LiveRungs.InputParts.Length];

    public double GradientMs { get; private set; }

    public double HalfGradientMs { get; private set; }

    /// <summary>Read where it was made before, else made, which takes minutes.</summary>
    /// <param name="provider">who computes where it is made: times are its own</param>
    /// <param name="longest">
    /// seconds of the clip that begin later in the making are left out: another table than the whole one
    /// </param>
    public static KnobTable Of(Clip clip, ModelFolder model, string folder, int secondsMax, Provider provider,
        TimeSpan longest)
    {
        Directory.CreateDirectory(folder);
        string rungs = string.Join('-', [.. LiveRungs.Quantisers, .. LiveRungs.Steps, .. LiveRungs.Qualities,
            .. LiveRungs.Scales.Concat(LiveRungs.InputParts).Select(p => (int)Math.Round(100 * p))]);
        // Other recordings may have the same names: the video's own bytes and the model's decide.
        using var video = File.OpenRead(clip.File);
        string part = longest == TimeSpan.MaxValue ? ""
            : string.Create(CultureInfo.InvariantCulture, $"-within-{longest.TotalSeconds}");
        string hash = Convert.ToHexStringLower(SHA256.HashData(video))[..12];
        string file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture,
            $"{clip.Name}-{hash}-{model.ShortHash}-{secondsMax}{part}-{rungs}-{Format}.bin"));
        if (File.Exists(file)) return Read(clip.Name, file);
        var table = new KnobTable { Name = clip.Name };
        table.Make(clip, model, secondsMax, provider, longest);
        table.Write(file + ".part");
        File.Move(file + ".part", file);
        return table;
    }

    static Detector[] Detectors(ModelFolder model, Provider provider)
    {
        var settings = new InferenceSettings
        {
            Providers = [provider.InSettings()],
            ScoreMin = ScoreMin,
            Threads = Environment.ProcessorCount,
        };
        return [.. Enumerable.Range(0, LiveRungs.InputParts.Length).Select(rung =>
        {
            int size = LiveRungs.InputSize(model.Card.Input.Width, rung);
            var detector = Detector.Load(model.At(size, size), settings, NullLogger.Instance);
            return detector.Facts.Provider == provider ? detector
                : throw new PlatformNotSupportedException(
                    $"{provider.InSettings()} was asked for and cannot be had: {detector.Facts.Reason}");
        })];
    }

    static (UtilityProbe Whole, UtilityProbe Half) Probes(ModelFolder model)
    {
        var utility = UtilityProbe.UtilityOf(model.Card, LiveRungs.Classes);
        int half = (int)Math.Round(model.Card.Input.Width / 64.0) * 32;
        return (new UtilityProbe(model, utility), new UtilityProbe(model.At(half, half), utility));
    }

    /// <summary>Times as they are here and now, on the first second of a clip, in place of the table's own.</summary>
    public void Time(Clip clip, ModelFolder model, Provider provider)
    {
        const int Rounds = 2;
        var detectors = Detectors(model, provider);
        var (whole, half) = Probes(model);
        List<double>[] runs = [.. detectors.Select(_ => new List<double>())];
        List<double> gradients = [], halves = [];
        using var pool = new FramePool(26, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        clip.Show(pool, 1, (_, frames) =>
        {
            for (int i = 0; i < Rounds * frames.Count; i++)
            {
                var frame = frames[i % frames.Count];
                for (int d = 0; d < detectors.Length; d++)
                {
                    See(detectors[d], frame.Share());
                    runs[d].Add(detectors[d].Timings.Run.TotalMilliseconds);
                }

                whole.Look(frame);
                half.Look(frame);
                gradients.Add(whole.LastRun.TotalMilliseconds);
                halves.Add(half.LastRun.TotalMilliseconds);
            }
        });
        foreach (var each in detectors) each.Dispose();
        whole.Dispose();
        half.Dispose();
        Take(runs, gradients, halves);
    }

    public void TakeTimesOf(KnobTable other) =>
        (InferenceMs, GradientMs, HalfGradientMs) = (other.InferenceMs, other.GradientMs, other.HalfGradientMs);

    void Take(List<double>[] runs, List<double> gradients, List<double> halves) =>
        (InferenceMs, GradientMs, HalfGradientMs) = ([.. runs.Select(Median)], Median(gradients), Median(halves));

    void Make(Clip clip, ModelFolder model, int secondsMax, Provider provider, TimeSpan longest)
    {
        long from = Stopwatch.GetTimestamp();
        int native = model.Card.Input.Width;
        var detectors = Detectors(model, provider);
        var (probe, halfProbe) = Probes(model);
        using var pool = new FramePool(26, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        using var codec = new SegmentCodec(pool);
        using var scaler = new Drivers.Media.Scaler();
        using var jpeg = new Drivers.Media.JpegCodec();
        List<double>[] runs = [.. detectors.Select(_ => new List<double>())];
        List<double> gradients = [], halves = [];
        clip.Show(pool, secondsMax, (number, frames) =>
        {
            if (Stopwatch.GetElapsedTime(from) > longest) return;
            var second = new TableSecond();
            probe.Look(frames[^1]);
            halfProbe.Look(frames[^1]);
            gradients.Add(probe.LastRun.TotalMilliseconds);
            halves.Add(halfProbe.LastRun.TotalMilliseconds);
            for (int rung = 0; rung < detectors.Length; rung++)
            {
                int size = LiveRungs.InputSize(native, rung);
                using var small = Sized(frames[^1], size, pool, scaler);
                (second.LostSized[rung], second.TiledSized[rung]) = (probe.Change(small).Absolute, probe.Tiled(small));
                second.HalfSized[rung] = halfProbe.Change(small).Absolute;
            }

            second.SampleSeen[^1] = See(detectors[0], frames[^1].Share());
            for (int q = 0; q < LiveRungs.Qualities.Length; q++)
            {
                byte[] bytes = jpeg.Encode(frames[^1], LiveRungs.Qualities[q]);
                using var sample = jpeg.Decode(bytes, pool, frames[^1].At);
                second.SampleBytes[q] = bytes.Length;
                second.SampleLost[q] = halfProbe.Change(sample).Absolute;
                second.SampleSeen[q] = See(detectors[0], sample.Share());
            }

            for (int q = 0; q < LiveRungs.Quantisers.Length; q++)
            {
                for (int r = 0; r < LiveRungs.Scales.Length; r++)
                {
                    var coding = new SegmentCoding(LiveRungs.Quantisers[q], LiveRungs.Scales[r]);
                    for (int f = 1; f < LiveRungs.Steps.Length; f++)
                    {
                        Frame[] some = [.. frames.Where((_, i) => i % LiveRungs.Steps[f] == 0)];
                        second.Bytes[q, r, f] = codec.Encode(some, coding, null);
                    }

                    for (int d = 0; d < detectors.Length; d++) second.Seen[q, r, d] = new Detection[frames.Count][];
                    second.Bytes[q, r, 0] = codec.Encode(frames, coding, (i, frame) =>
                    {
                        for (int d = 0; d < detectors.Length; d++)
                        {
                            second.Seen[q, r, d][i] = [.. See(detectors[d], frame.Share())
                                .Select(s => InRaw(s, frame.Format, frames[0].Format))];
                            runs[d].Add(detectors[d].Timings.Run.TotalMilliseconds);
                        }

                        if (i == frames.Count - 1)
                        {
                            (second.LostCoded[q, r], second.TiledCoded[q, r]) =
                                (probe.Change(frame).Absolute, probe.Tiled(frame));
                            second.HalfCoded[q, r] = halfProbe.Change(frame).Absolute;
                        }

                        frame.Dispose();
                    });
                }
            }

            _seconds.Add(second);
            Console.Error.WriteLine($"{clip.Name}: second {number + 1}");
        });
        foreach (var each in detectors) each.Dispose();
        probe.Dispose();
        halfProbe.Dispose();
        Take(runs, gradients, halves);
    }

    static Detection[] See(Detector detector, Frame frame)
    {
        using var seen = detector.Detect(frame);
        return [.. seen.Detections.Where(s => LiveRungs.Classes.Contains(s.Class))];
    }

    /// <summary>The frame with no more detail than an input of that size takes from it.</summary>
    static Frame Sized(in Frame frame, int size, FramePool pool, Drivers.Media.Scaler scaler)
    {
        double part = Math.Min(1, (double)size / Math.Max(frame.Format.Width, frame.Format.Height));
        var (width, height) = new SegmentCoding(0, part).SizeOf(frame.Format);
        if (!pool.TryRent(out var lease)) throw new InvalidOperationException("the pool is empty");
        var small = frame with { Pixels = lease, Format = frame.Format with { Width = width, Height = height } };
        scaler.Scale(frame, small);
        return small;
    }

    static Detection InRaw(Detection seen, FrameFormat here, FrameFormat raw) =>
        seen with { Box = seen.Box.Times((float)raw.Width / here.Width, (float)raw.Height / here.Height) };

    static double Median(List<double> of)
    {
        of.Sort();
        return of.Count == 0 ? 0 : of[of.Count / 2];
    }

    void Write(string file)
    {
        using var to = new BinaryWriter(File.Create(file));
        foreach (double ms in InferenceMs) to.Write(ms);
        to.Write(GradientMs);
        to.Write(HalfGradientMs);
        to.Write(_seconds.Count);
        foreach (var second in _seconds)
        {
            foreach (long bytes in second.Bytes) to.Write(bytes);
            foreach (double[,] lost in new[] { second.LostCoded, second.TiledCoded, second.HalfCoded })
                foreach (double each in lost) to.Write(each);
            foreach (double[] lost in new[] { second.LostSized, second.TiledSized, second.HalfSized })
                foreach (double each in lost) to.Write(each);
            foreach (var frames in second.Seen) foreach (var seen in frames) Write(to, seen);
            for (int q = 0; q < LiveRungs.Qualities.Length; q++)
            {
                to.Write(second.SampleBytes[q]);
                to.Write(second.SampleLost[q]);
            }

            foreach (var seen in second.SampleSeen) Write(to, seen);
        }
    }

    static void Write(BinaryWriter to, Detection[] seen)
    {
        to.Write(seen.Length);
        foreach (var each in seen)
        {
            to.Write(each.Box.Left);
            to.Write(each.Box.Top);
            to.Write(each.Box.Right);
            to.Write(each.Box.Bottom);
            to.Write(each.Class);
            to.Write(each.Score);
        }
    }

    static KnobTable Read(string name, string file)
    {
        using var from = new BinaryReader(File.OpenRead(file));
        var table = new KnobTable { Name = name };
        for (int i = 0; i < table.InferenceMs.Length; i++) table.InferenceMs[i] = from.ReadDouble();
        (table.GradientMs, table.HalfGradientMs) = (from.ReadDouble(), from.ReadDouble());
        int count = from.ReadInt32();
        for (int i = 0; i < count; i++)
        {
            var second = new TableSecond();
            Fill(second.Bytes, from.ReadInt64);
            foreach (double[,] lost in new[] { second.LostCoded, second.TiledCoded, second.HalfCoded })
                Fill(lost, from.ReadDouble);
            foreach (double[] lost in new[] { second.LostSized, second.TiledSized, second.HalfSized })
                for (int d = 0; d < lost.Length; d++) lost[d] = from.ReadDouble();
            Fill(second.Seen, () => [.. Enumerable.Range(0, Clip.Rate).Select(_ => ReadSeen(from))]);
            for (int q = 0; q < LiveRungs.Qualities.Length; q++)
                (second.SampleBytes[q], second.SampleLost[q]) = (from.ReadInt64(), from.ReadDouble());
            for (int q = 0; q < second.SampleSeen.Length; q++) second.SampleSeen[q] = ReadSeen(from);
            table._seconds.Add(second);
        }

        return table;
    }

    static Detection[] ReadSeen(BinaryReader from) =>
        [.. Enumerable.Range(0, from.ReadInt32()).Select(_ => new Detection(
            new Box(from.ReadSingle(), from.ReadSingle(), from.ReadSingle(), from.ReadSingle()),
            from.ReadInt32(), from.ReadSingle()))];

    static void Fill<T>(T[,] array, Func<T> next)
    {
        for (int i = 0; i < array.GetLength(0); i++)
            for (int j = 0; j < array.GetLength(1); j++)
                array[i, j] = next();
    }

    static void Fill<T>(T[,,] array, Func<T> next)
    {
        for (int i = 0; i < array.GetLength(0); i++)
            for (int j = 0; j < array.GetLength(1); j++)
                for (int k = 0; k < array.GetLength(2); k++)
                    array[i, j, k] = next();
    }
}
