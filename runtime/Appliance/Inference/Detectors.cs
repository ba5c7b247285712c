using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>The model in service, and where a recording is looked at on the CPU further sessions beside it.</summary>
sealed partial class Detectors : IDisposable
{
    /// <summary>Of the model's own input, each side: what the knob of the input size chooses from.</summary>
    public static readonly ImmutableArray<double> InputParts = [1, 0.85, 0.7, 0.55];

    readonly ServedModel _served;
    readonly List<Detector> _beside = [];
    readonly List<ServedModel> _smaller = [];

    Detectors(ServedModel served) => _served = served;

    /// <summary>Of the detector that saw the last frame.</summary>
    public DetectorFacts Facts => _served.Slot.Facts;

    /// <summary>Of the engine being built; null when none is.</summary>
    public EngineProgress? Building => _served.Building;

    /// <summary>One for each session, to be called from one thread each.</summary>
    public IReadOnlyList<Func<Frame, Detected>> Each => [_served.Slot.Detect, .. _beside.Select(Looking)];

    /// <summary>Input sizes there are, the model's own first.</summary>
    public int Sizes => 1 + _smaller.Count;

    /// <summary>Looks at one of the input sizes; on the inference thread only. Takes the frame over.</summary>
    public Detected DetectAt(Frame frame, int size) => SlotOf(size).Detect(frame);

    /// <summary>What a run at one of the sizes usually takes, milliseconds; 0 while none ran. Any thread.</summary>
    public double RunMs(int size) => SlotOf(size).UsualRun?.TotalMilliseconds ?? 0;

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

    /// <summary>
    /// Prepares smaller inputs, each with an engine of its own where the provider builds them, and times all of them. A
    /// model whose constants forbid another size keeps its own.
    /// </summary>
    /// <param name="folder">as in <see cref="Open"/></param>
    public void AddSizes(InferenceSettings settings, string folder, ILogger log)
    {
        var model = ModelFolder.Load(settings.Model);
        var input = model.Card.Input;
        try
        {
            foreach (double part in InputParts.Skip(1))
            {
                var sized = model.At(Rounded(part * input.Width), Rounded(part * input.Height));
                _smaller.Add(new ServedModel(sized, settings, Path.Combine(folder, "engines"), log));
            }
        }
        catch (InvalidDataException fault) { OneSize(log, model.Card.Name, Sizes, fault.Message); }

        for (int size = 0; size < Sizes; size++) SlotOf(size).Rehearse();

        // Strides of detectors are 32 at most.
        static int Rounded(double side) => Math.Max(32, (int)Math.Round(side / 32) * 32);
    }

    public void Dispose()
    {
        _served.Dispose();
        foreach (var each in _smaller) each.Dispose();
        foreach (var each in _beside) each.Dispose();
    }

    DetectorSlot SlotOf(int size) => size == 0 ? _served.Slot : _smaller[size - 1].Slot;

    static Func<Frame, Detected> Looking(Detector detector) => detector.Detect;

    [LoggerMessage(EventId = 3130, Level = LogLevel.Warning,
        Message = "model {Model} can be looked at in {Sizes} size(s) only: {Reason}")]
    static partial void OneSize(ILogger log, string model, int sizes, string reason);
}
