using System.Diagnostics;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>How far a build is.</summary>
/// <param name="Percent">0 to 100; null while nobody can tell</param>
/// <param name="Left">estimated; null with <paramref name="Percent"/></param>
readonly record struct EngineProgress(double? Percent, TimeSpan Elapsed, TimeSpan? Left);

/// <summary>How a build ended.</summary>
enum EngineOutcome { Ready, Quarantined, Stopped, NoRoom }

/// <summary>Builds engines: TensorRT through its provider, or a slow made-up one in tests.</summary>
interface IEngineBuilder
{
    /// <summary>
    /// Builds into <paramref name="folder"/> and answers the outputs for one golden input. Takes minutes.
    /// </summary>
    /// <param name="golden">the model's input</param>
    /// <param name="progress">told a part from 0 to 1 whenever the builder knows one</param>
    /// <exception cref="OnnxRuntimeException">the accelerator refuses this model</exception>
    /// <exception cref="InvalidDataException">likewise</exception>
    float[][] Build(
        ModelFolder model, string folder, ReadOnlyMemory<float> golden, Action<double> progress,
        CancellationToken stop);
}

/// <summary>
/// One engine's way from nothing to serving: built in the background while the next provider serves, compared with the
/// CPU's outputs on a golden input, then named. What differs is quarantined.
/// </summary>
sealed partial class EngineBuild(EngineStore store, IEngineBuilder builder, ILogger log)
{
    /// <summary>
    /// Outputs may differ by this part of their largest number. 16-bit floats keep 11 bits, 0.05 %; a hundred layers
    /// add up to about 1 %. An engine that is wrong (a mixed-up layer, an overflow) differs by its whole size.
    /// </summary>
    public const double DifferenceMax = 0.05;

    readonly Lock _gate = new();
    long _from;
    double _part = double.NaN;
    TimeSpan? _usual;
    bool _running;

    /// <summary>Null when no build is going on.</summary>
    public EngineProgress? Progress
    {
        get
        {
            lock (_gate)
            {
                if (!_running) return null;
                var elapsed = Stopwatch.GetElapsedTime(_from);
                double? guess = _usual is { } usual ? Math.Min(0.99, elapsed / usual) : null;
                double? part = double.IsNaN(_part) ? guess : _part;
                TimeSpan? left = part is > 0.01 ? elapsed * ((1 - part.Value) / part.Value) : null;
                return new EngineProgress(part is null ? null : Math.Round(100 * part.Value, 1), elapsed, left);
            }
        }
    }

    /// <summary>Builds on a thread of its own; one at a time.</summary>
    public Task<EngineOutcome> StartAsync(EngineKey key, ModelFolder model, CancellationToken stop)
    {
        lock (_gate)
        {
            if (_running) throw new InvalidOperationException("a build is already going on");
            (_running, _from, _part, _usual) = (true, Stopwatch.GetTimestamp(), double.NaN, store.UsualBuild());
        }

        return Task.Factory.StartNew(() =>
        {
            try { return Run(key, model, stop); }
            finally { lock (_gate) _running = false; }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    EngineOutcome Run(EngineKey key, ModelFolder model, CancellationToken stop)
    {
        Begun(log, model.Card.Name, key.Name);
        try
        {
            var (golden, wanted) = Golden(model);
            float[][] got = builder.Build(model, store.Begin(key), golden, Tell, stop);
            stop.ThrowIfCancellationRequested();
            if (Differs(wanted, got) is { } how) return Bad(key, model, how);
            var took = Stopwatch.GetElapsedTime(_from);
            store.Commit(key, took);
            Done(log, model.Card.Name, key.Name, (long)took.TotalSeconds);
            return EngineOutcome.Ready;
        }
        catch (OperationCanceledException)
        {
            store.Discard(key);
            return EngineOutcome.Stopped;
        }
        catch (OnnxRuntimeException fault) { return Bad(key, model, fault.Message); }
        catch (InvalidDataException fault) { return Bad(key, model, fault.Message); }
        catch (IOException fault)
        {
            // The disk's fault, not the engine's: the next start tries again.
            store.Discard(key);
            NotKept(log, model.Card.Name, fault.Message);
            return EngineOutcome.NoRoom;
        }
    }

    void Tell(double part)
    {
        lock (_gate) _part = part;
    }

    EngineOutcome Bad(EngineKey key, ModelFolder model, string why)
    {
        store.Quarantine(key, why);
        Quarantined(log, model.Card.Name, key.Name, why);
        return EngineOutcome.Quarantined;
    }

    /// <summary>A fixed noisy picture and what the CPU makes of it.</summary>
    static (float[] Input, float[][] Outputs) Golden(ModelFolder model)
    {
        var wishes = Detector.WishesOf(model, new InferenceSettings()) with
        {
            Providers = [Provider.Cpu],
            Threads = 1,
            CountNodes = false,
            WarmUpRuns = 0,
        };
        using var session = OnnxSession.Open(model.Path, model.Onnx, wishes);
        float[] input = new float[session.Input(0).Length];
        var card = model.Card.Input;
        var random = new Random(20260);
        for (int i = 0; i < input.Length; i++)
            input[i] = ((random.NextSingle() * 255 * card.Scale) - card.Mean[0]) / card.Deviation[0];
        input.CopyTo(session.Input(0));
        session.Run();
        return (input, OutputsOf(session));
    }

    internal static float[][] OutputsOf(OnnxSession session) =>
        [.. Enumerable.Range(0, session.Outputs.Count).Select(i => session.Output(i).ToArray())];

    /// <summary>In words how outputs differ by more than they may, or null.</summary>
    internal static string? Differs(float[][] wanted, float[][] got)
    {
        if (wanted.Length != got.Length) return $"{got.Length} outputs, the CPU gives {wanted.Length}";
        for (int i = 0; i < wanted.Length; i++)
        {
            if (wanted[i].Length != got[i].Length)
                return $"output {i} has {got[i].Length} numbers, the CPU's has {wanted[i].Length}";
            float scale = wanted[i].Length == 0 ? 0 : wanted[i].Max(MathF.Abs), worst = 0;
            for (int at = 0; at < wanted[i].Length; at++)
            {
                float difference = MathF.Abs(wanted[i][at] - got[i][at]);
                worst = MathF.Max(worst, difference); // NaN wins, and stays
            }

            if (!(worst <= DifferenceMax * scale))
                return $"output {i} is off by {worst:G3} where the CPU's largest number is {scale:G3}";
        }

        return null;
    }

    [LoggerMessage(EventId = 3110, Level = LogLevel.Information,
        Message = "building the engine {Key} of model {Model} in the background; the next provider serves meanwhile")]
    static partial void Begun(ILogger log, string model, string key);

    [LoggerMessage(EventId = 3111, Level = LogLevel.Information,
        Message = "engine {Key} of model {Model} is ready after {Seconds} s and agrees with the CPU")]
    static partial void Done(ILogger log, string model, string key, long seconds);

    [LoggerMessage(EventId = 3112, Level = LogLevel.Error,
        Message = "engine {Key} of model {Model} is bad: {Why}. Not tried again until its .bad file is deleted")]
    static partial void Quarantined(ILogger log, string model, string key, string why);

    [LoggerMessage(EventId = 3113, Level = LogLevel.Warning,
        Message = "the engine of model {Model} could not be kept: {Why}. Built again at the next start")]
    static partial void NotKept(ILogger log, string model, string why);
}

/// <summary>
/// TensorRT by way of ONNX Runtime's provider: opening a session and running it once writes the engine.
/// </summary>
sealed class TensorRtBuilder(InferenceSettings settings) : IEngineBuilder
{
    public float[][] Build(
        ModelFolder model, string folder, ReadOnlyMemory<float> golden, Action<double> progress,
        CancellationToken stop)
    {
        // Building cannot be interrupted inside TensorRT: stopping is seen before and after.
        stop.ThrowIfCancellationRequested();
        using var session = OnnxSession.Open(model.Path, model.Onnx, Detector.WishesOf(model, settings) with
        {
            Providers = [Provider.TensorRt],
            EngineFolder = folder,
            WarmUpRuns = 1,
            CountNodes = false,
        });
        if (session.Provider != Provider.TensorRt)
            throw new InvalidDataException(string.Join("; ", session.Refused.Select(r => r.Reason)));
        golden.Span.CopyTo(session.Input(0));
        session.Run(stop);
        return EngineBuild.OutputsOf(session);
    }
}
