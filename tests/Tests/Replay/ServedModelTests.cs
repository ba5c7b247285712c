using System.Collections.Concurrent;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>A model in service while its engine is built by a builder that is slow on purpose.</summary>
public sealed class ServedModelTests : IDisposable
{
    static readonly InferenceSettings Settings = new() { Threads = 1 };
    readonly string _folder = Directory.CreateTempSubdirectory("engines-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableFact]
    public async Task The_next_provider_serves_until_the_engine_is_ready_then_the_swap_is_between_frames()
    {
        var model = ModelFolder.Load(SharedData.Path("detectors", "fastestdet.onnx"));
        using var builder = new SlowBuilder();
        using var pool = new FramePool(1, 200 * 200 * 2);
        using (var served = new ServedModel(model, Settings, _folder, NullLogger.Instance, builder))
        {
            await builder.Began.WaitAsync();
            builder.Tell(0.25);
            See(served, pool);
            Assert.Equal(25, served.Building!.Value.Percent);
            Assert.NotNull(served.Building.Value.Left);
            Assert.Equal(0, served.Slot.Swaps);

            builder.Finish.Release();
            await served.Moving;
            Assert.Null(served.Building);
            See(served, pool);
            Assert.Equal(1, served.Slot.Swaps);
        }

        // The next start finds the engine and builds nothing.
        using (var served = new ServedModel(model, Settings, _folder, NullLogger.Instance, builder))
        {
            See(served, pool);
            Assert.Null(served.Building);
        }

        Assert.Equal(1, builder.Builds);
        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public async Task A_wrong_engine_is_quarantined_and_never_built_again()
    {
        var model = ModelFolder.Load(SharedData.Path("detectors", "fastestdet.onnx"));
        using var builder = new SlowBuilder { IsWrong = true };
        builder.Finish.Release();
        using var pool = new FramePool(1, 200 * 200 * 2);
        for (int start = 0; start < 2; start++)
        {
            using var served = new ServedModel(model, Settings, _folder, NullLogger.Instance, builder);
            await served.Moving;
            See(served, pool);
            Assert.Equal(0, served.Slot.Swaps);
        }

        Assert.Equal(1, builder.Builds);
        string why = File.ReadAllText(Directory.GetFiles(_folder, "*.bad").Single());
        Assert.Contains("off by", why, StringComparison.Ordinal);
        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public async Task A_build_that_is_stopped_leaves_nothing_and_blames_nobody()
    {
        var model = ModelFolder.Load(SharedData.Path("detectors", "fastestdet.onnx"));
        using var builder = new SlowBuilder();
        using (var served = new ServedModel(model, Settings, _folder, NullLogger.Instance, builder))
            await builder.Began.WaitAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [SkippableFact]
    public void What_is_no_model_is_refused_by_name()
    {
        string path = Path.Combine(_folder, "noise.onnx");
        byte[] noise = new byte[5000];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes(path, noise);
        var fault = Assert.Throws<InvalidDataException>(
            () => OnnxSession.Open(path, noise, new SessionWishes { Providers = [] }));
        Assert.Contains("noise.onnx: ONNX Runtime cannot open this model", fault.Message, StringComparison.Ordinal);

        // A real one cut in half.
        byte[] half = File.ReadAllBytes(SharedData.Path("detectors", "fastestdet.onnx"))[..400_000];
        Assert.Throws<InvalidDataException>(() => OnnxSession.Open("half", half, new SessionWishes { Providers = [] }));
    }

    [SkippableFact]
    public void A_card_that_tells_of_another_input_is_refused_by_field()
    {
        byte[] onnx = File.ReadAllBytes(SharedData.Path("detectors", "fastestdet.onnx"));
        string card = File.ReadAllText(Path.Combine(ModelFolder.Shipped, "cards", "fastestdet.json"));
        File.WriteAllBytes(Path.Combine(_folder, "x.onnx"), onnx);
        foreach (var (from, to, told) in new[]
        {
            ("\"width\": 352", "\"width\": 320", "1x3x352x352, its card says 1x3x352x320"),
            ("\"name\": \"input.1\"", "\"name\": \"images\"", "images"),
            ("\"758\"", "\"759\"", "output.names"),
            ("\"person\",", "\"person\", \"ghost\",", "output.head fastestdet wants"),
        })
        {
            File.WriteAllText(Path.Combine(_folder, "x.json"), card.Replace(from, to, StringComparison.Ordinal));
            var fault = Assert.Throws<InvalidDataException>(() => Detector.Load(
                ModelFolder.Load(Path.Combine(_folder, "x.onnx")), Settings, NullLogger.Instance).Dispose());
            Assert.Contains(told, fault.Message, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public void A_run_allocates_nothing_and_one_slot_serves_frames_of_any_size()
    {
        var model = ModelFolder.Load(SharedData.Path("detectors", "fastestdet.onnx"));
        using var session = OnnxSession.Open(model.Path, model.Onnx, Detector.WishesOf(model, Settings));
        long least = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            session.Run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.True(session.LastRun > TimeSpan.Zero);

        using var pool = new FramePool(1, 300 * 300 * 2);
        using var detector = Detector.Load(model, Settings, NullLogger.Instance);
        foreach (var (width, height) in new[] { (1, 1), (300, 200), (17, 300) })
        {
            using var seen = detector.Detect(Pictures.Noise(pool,
                new FrameFormat(width, height, ColourRange.Limited, ColourMatrix.Bt709), 1));
            Assert.All(seen.Detections, d => Assert.Equal(d.Box, d.Box.ClampTo(width, height)));
            Assert.True(detector.Timings.Total > TimeSpan.Zero);
        }

        Assert.Equal(0, pool.Held);
    }

    static void See(ServedModel served, FramePool pool) => served.Slot.Detect(
        Pictures.Flat(pool, new FrameFormat(200, 200, ColourRange.Full, ColourMatrix.Bt601), 90, 128, 128)).Dispose();

    /// <summary>Waits to be let go, then answers what the CPU would, or not.</summary>
    sealed class SlowBuilder : IEngineBuilder, IDisposable
    {
        readonly ConcurrentQueue<Action<double>> _progress = new();
        int _builds;

        public SemaphoreSlim Began { get; } = new(0);

        public SemaphoreSlim Finish { get; } = new(0);

        public bool IsWrong { get; init; }

        public int Builds => _builds;

        public void Tell(double part)
        {
            foreach (var progress in _progress) progress(part);
        }

        public float[][] Build(
            ModelFolder model, string folder, ReadOnlyMemory<float> golden, Action<double> progress,
            CancellationToken stop)
        {
            Interlocked.Increment(ref _builds);
            _progress.Enqueue(progress);
            Began.Release();
            Finish.Wait(stop);
            File.WriteAllText(Path.Combine(folder, "made-up.engine"), "made-up");
            var wishes = Detector.WishesOf(model, Settings) with { Providers = [] };
            using var session = OnnxSession.Open("cpu", model.Onnx, wishes);
            golden.Span.CopyTo(session.Input(0));
            session.Run(stop);
            float[][] outputs = EngineBuild.OutputsOf(session);
            if (IsWrong) outputs[0].AsSpan().Reverse();
            return outputs;
        }

        public void Dispose()
        {
            Began.Dispose();
            Finish.Dispose();
        }
    }
}
