using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// A model in service: opened at once on the fastest provider that needs no building, and moved onto its TensorRT
/// engine when that is ready and has proved right.
/// </summary>
sealed partial class ServedModel : IDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly EngineBuild? _build;
    readonly Task _moving = Task.CompletedTask;

    /// <param name="model">what to serve</param>
    /// <param name="engineFolder">where engines lie when the settings name no folder</param>
    /// <param name="builder">null: TensorRT's where it is at hand</param>
    public ServedModel(
        ModelFolder model, InferenceSettings settings, string engineFolder, ILogger log, IEngineBuilder? builder = null)
    {
        if (settings.Library is { } library) OnnxLibrary.UseLibrary(library);
        var wishes = Detector.WishesOf(model, settings);
        if (builder is null && !CanTensorRt(wishes))
        {
            Slot = new DetectorSlot(Detector.Load(model, settings, log, wishes));
            return;
        }

        var store = new EngineStore(settings.EngineFolder ?? engineFolder, (long)settings.EngineDiskMbMax << 20);
        var key = EngineKey.Here(model.Card, settings.HalfPrecision);
        var quick = wishes with { Providers = [.. wishes.Providers.Where(p => p != Provider.TensorRt)] };
        if (store.StateOf(key) == EngineState.Ready)
        {
            var ready = wishes with { EngineFolder = store.FolderOf(key) };
            Slot = new DetectorSlot(Detector.Load(model, settings, log, ready));
            store.Touch(key);
            return;
        }

        Slot = new DetectorSlot(Detector.Load(model, settings, log, quick));
        if (store.WhyBad(key) is { } why)
        {
            StaysAway(log, model.Card.Name, why);
            return;
        }

        _build = new EngineBuild(store, builder ?? new TensorRtBuilder(settings), log);
        _moving = MoveAsync(_build.StartAsync(key, model, _stop.Token), store, key, model, settings, log);
    }

    public DetectorSlot Slot { get; }

    /// <summary>Of the engine being built; null when none is.</summary>
    public EngineProgress? Building => _build?.Progress;

    /// <summary>Ends when no engine is being built any more.</summary>
    internal Task Moving => _moving;

    public void Dispose()
    {
        _stop.Cancel();
        // TensorRT cannot be interrupted; a build still running at exit is left to end with the process.
        if (_moving.Wait(TimeSpan.FromSeconds(2))) _stop.Dispose();
        Slot.Dispose();
    }

    async Task MoveAsync(
        Task<EngineOutcome> build, EngineStore store, EngineKey key, ModelFolder model, InferenceSettings settings,
        ILogger log)
    {
        if (await build.ConfigureAwait(false) != EngineOutcome.Ready || _stop.IsCancellationRequested) return;
        try
        {
            Slot.Offer(Detector.Load(model, settings, log,
                Detector.WishesOf(model, settings) with { EngineFolder = store.FolderOf(key) }));
        }
        catch (InvalidDataException fault) { StaysAway(log, model.Card.Name, fault.Message); }
        catch (OnnxRuntimeException fault) { StaysAway(log, model.Card.Name, fault.Message); }
    }

    static bool CanTensorRt(SessionWishes wishes) => wishes.Providers.Contains(Provider.TensorRt)
        && OnnxLibrary.Describe().Providers.Any(p => p is { Provider: Provider.TensorRt, Missing: null });

    [LoggerMessage(EventId = 3120, Level = LogLevel.Warning,
        Message = "model {Model} stays off its engine: {Why}")]
    static partial void StaysAway(ILogger log, string model, string why);
}
