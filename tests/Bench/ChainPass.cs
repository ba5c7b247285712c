using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>The appliance's own chain, as <c>run --until-end</c> opens it, over a recording in this process.</summary>
/// <param name="Frames">in all</param>
/// <param name="CpuS">processor seconds a frame, all threads, after the warm-up</param>
/// <param name="Rate">frames a second after the warm-up</param>
/// <param name="Held">slots of the pool not given back at the end</param>
readonly record struct ChainPass(long Frames, double CpuS, double Rate, int Held)
{
    public static ChainPass Of(string file, string model, string folder, int threads, int warmUp)
    {
        string spool = Directory.CreateTempSubdirectory("bench-spool-").FullName;
        try { return OfAsync(Settings(file, model, spool, threads), warmUp).GetAwaiter().GetResult(); }
        finally
        {
            Directory.Delete(spool, recursive: true);
        }
    }

    public static ApplianceSettings Settings(string file, string model, string spool, int threads)
    {
        var plain = new ApplianceSettings();
        return plain with
        {
            Device = "bench",
            Camera = plain.Camera with { Uri = $"file:{file}" },
            Inference = plain.Inference with { Model = model, Threads = threads },
            Spool = plain.Spool with { Folder = spool },
            Status = plain.Status with { Enabled = false },
        };
    }

    static async Task<ChainPass> OfAsync(ApplianceSettings settings, int warmUp)
    {
        long frames = 0;
        double cpu = 0;
        var began = MonoTime.Now;
        ChainPass pass;
        FramePool pool;
        await using (var outfit = await Outfit.OpenAsync(
            settings, folder: null, untilEnd: true, NullLogger.Instance, CancellationToken.None))
        {
            pool = outfit.Pool;
            outfit.Watch = _ =>
            {
                if (++frames != warmUp) return;
                cpu = Cost.OwnCpuS();
                began = MonoTime.Now;
            };
            await outfit.RunAsync(CancellationToken.None);
            if (frames <= warmUp)
                throw new InvalidOperationException($"{frames} frames: more than {warmUp} are needed");
            double seconds = (MonoTime.Now - began).TotalSeconds;
            pass = new ChainPass(frames, (Cost.OwnCpuS() - cpu) / (frames - warmUp), (frames - warmUp) / seconds, 0);
        }

        return pass with { Held = pool.Held };
    }
}

/// <summary>The same stages called one after the other on one thread, so that each part's time is its own.</summary>
/// <param name="MeanMs">scale, preprocess, head, track, fuse and annotate, a frame, after the warm-up</param>
/// <param name="Tensors">inputs the preprocessing made, spread over the recording</param>
readonly record struct AroundPass(double MeanMs, IReadOnlyList<float[]> Tensors)
{
    const int TensorsKept = 8;

    public static AroundPass Of(string file, string model, int threads, int warmUp)
    {
        var settings = ChainPass.Settings(file, model, "", threads);
        var folder = ModelFolder.Load(model);
        using var devices = Devices.Open(settings, untilEnd: true, MonoTime.Now, NullLogger.Instance);
        var camera = devices.Camera;
        using var pool = FrameBudget.NewPool(settings, isLive: false);
        using var detector = Detector.Load(folder, settings.Inference, NullLogger.Instance);
        var scene = new Scene(settings, devices, detector.Facts.Classes);
        var preprocessor = new Preprocessor(folder.Card.Input);
        var tensors = new List<float[]>();
        double sumMs = 0;
        long frames = 0;
        while (camera.Next(pool, out var frame, default) == Capture.Frame)
        {
            if (frames++ % 50 == 0 && tensors.Count < TensorsKept)
            {
                float[] tensor = new float[preprocessor.Length];
                preprocessor.Fill(frame, tensor);
                tensors.Add(tensor);
            }

            var detected = detector.Detect(frame);
            var timings = detector.Timings;
            var began = MonoTime.Now;
            var annotated = scene.Step(detected);
            double sceneMs = (MonoTime.Now - began).TotalMilliseconds;
            annotated.Dispose();
            if (frames > warmUp) sumMs += (timings.Preprocess + timings.Head).TotalMilliseconds + sceneMs;
        }

        return new AroundPass(sumMs / (frames - warmUp), tensors);
    }
}
