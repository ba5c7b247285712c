using EdgeAppliance.Drivers.Board;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>What the knobs read of the chain, once it is there.</summary>
/// <param name="Video">null: none is sent</param>
/// <param name="CameraRate">frames a second; null while unknown</param>
sealed record ChainCounts(
    Func<Appliance> Chain, Func<Store> Store, Func<VideoSender?> Video, Func<double?> CameraRate);

/// <summary>
/// All that turns a live camera's knobs, put together: what the stages ask, and the loop on its own thread. There is
/// none without a price or a budget.
/// </summary>
sealed partial class Adapting : IDisposable
{
    readonly KnobProber? _prober;
    readonly KnobFiles _files;
    readonly KnobLoop _loop;
    readonly BoardMeters _board = new();

    public Adapting(
        ApplianceSettings settings, Detectors detectors, FramePool pool, ChainCounts counts, ILogger log)
    {
        var plan = KnobPlan.Of(settings, detectors.Sizes);
        _files = new KnobFiles(settings, plan.Knobs.Ladders, log);
        var first = ControllerState.At(_files.Load(plan.Start));
        Stages = new KnobStages(plan, KnobController.Of(first), detectors, counts.CameraRate);
        _prober = KnobProber.TryOpen(plan, settings.Inference, pool, log);
        _loop = new KnobLoop(plan, first, Stages.Board, _prober, Round(detectors, counts), _files.Add, log);
        Tell(log);
    }

    public KnobStages Stages { get; }

    /// <summary>From the scene's thread to the knobs'.</summary>
    public Link<KnobMoment> Moments => _loop.Moments;

    /// <summary>Any thread.</summary>
    public KnobView View => _loop.View;

    /// <summary>Notes a frame on the scene's thread; it stays the caller's.</summary>
    public void Note(in Detected seen)
    {
        if (Stages.Note(seen) is { } moment) Moments.Send(moment);
    }

    /// <summary>Works off a second; the knob thread's step.</summary>
    public void Step(KnobMoment moment) => _loop.Step(moment);

    /// <summary>The scene ended: what is held is given back, and the knobs' thread ends.</summary>
    public void End()
    {
        Stages.Dispose();
        Moments.Complete();
    }

    public void Dispose()
    {
        Stages.Dispose();
        _prober?.Dispose();
        _files.Dispose();
    }

    KnobSurroundings Round(Detectors detectors, ChainCounts counts) =>
        new(() => Spent(counts), detectors.RunMs, counts.CameraRate, () => Stages.F1);

    void Tell(ILogger log) => Begins(log, string.Join(", ", View.Knobs.Select(at => $"{at.Knob} {at.Rung}")));

    SpentSoFar Spent(ChainCounts counts)
    {
        var detect = counts.Chain().Meters.Detect.Durations;
        var (degrees, watts) = _board.Read();
        return new SpentSoFar(
            detect.Count * (detect.MeanMs ?? 0), counts.Store().Bytes, counts.Video()?.Last,
            counts.Chain().Links[0].Dropped, degrees, watts);
    }

    [LoggerMessage(4810, LogLevel.Information, "knobs are turned, beginning with {Rungs}")]
    static partial void Begins(ILogger log, string rungs);
}
