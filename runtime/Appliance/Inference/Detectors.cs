using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>The model in service, and where a recording is looked at on the CPU further sessions beside it.</summary>
sealed class Detectors : IDisposable
{
    readonly ServedModel _served;
    readonly List<Detector> _beside = [];

    Detectors(ServedModel served) => _served = served;

    /// <summary>Of the detector that saw the last frame.</summary>
    public DetectorFacts Facts => _served.Slot.Facts;

    /// <summary>Of the engine being built; null when none is.</summary>
    public EngineProgress? Building => _served.Building;

    /// <summary>One for each session, to be called from one thread each.</summary>
    public IReadOnlyList<Func<Frame, Detected>> Each => [_served.Slot.Detect, .. _beside.Select(Looking)];

    /// <summary>Opens the model on the fastest provider that needs no building.</summary>
    /// <param name="folder">engines lie in <c>engines</c> below it when the settings name no folder</param>
    /// <exception cref="InvalidDataException">the file is no model, or not the one the card describes</exception>
    public static Detectors Open(InferenceSettings settings, string folder, ILogger log) => new(
        new ServedModel(ModelFolder.Load(settings.Model), settings, Path.Combine(folder, "engines"), log));

    /// <summary>Opens as many sessions more as a recording has use for.</summary>
    public async Task WidenAsync(InferenceSettings settings, ILogger log, CancellationToken stop)
    {
        // Cores an engine is being built on have no room for more sessions, nor would those move onto it.
        if (Facts.Provider != Provider.Cpu || !_served.Moving.IsCompleted) return;
        var alike = settings with { Providers = [Provider.Cpu.InSettings()] };
        int more = settings.SessionsOn(Environment.ProcessorCount) - 1;
        var loading = Enumerable.Range(0, more).Select(_ => Task.Run(
            () => Detector.Load(ModelFolder.Load(alike.Model), alike, log), stop)).ToArray();
        await Task.WhenAny(Task.WhenAll(loading));
        // Those that did open are closed with the rest, whatever became of the others.
        foreach (var each in loading.Where(each => each.IsCompletedSuccessfully)) _beside.Add(await each);
        await Task.WhenAll(loading);
    }

    public void Dispose()
    {
        _served.Dispose();
        foreach (var each in _beside) each.Dispose();
    }

    static Func<Frame, Detected> Looking(Detector detector) => detector.Detect;
}
