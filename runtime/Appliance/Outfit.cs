using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>Everything an appliance runs with: opened in the order of need, run once, closed in reverse.</summary>
sealed class Outfit : IAsyncDisposable
{
    readonly Stack<IDisposable> _open = new();
    readonly ILogger _log;
    readonly Store _store;
    readonly Preview _preview;
    StatusServer? _server;
    Task _run = Task.CompletedTask;

    Outfit(ApplianceSettings settings, Detectors detectors, Devices devices, string? folder, ILogger log)
    {
        _log = log;
        Settings = settings;
        Detectors = Opened(detectors);
        Devices = Opened(devices);
        Pool = Opened(FrameBudget.NewPool(settings, devices.IsLive));
        Spool = Opened(Store.OpenSpool(settings.Spool, log));
        Uplink = settings.Mqtt.Host is null ? null : new Uplink(Spool, settings, log);
        var classes = detectors.Facts.Classes;
        Scene = new Scene(settings, devices, classes, log);
        if (settings.TurnsKnobs(devices.IsLive))
            Knobs = Opened(new Adapting(settings, detectors, Pool, CountsOfChain(), log));
        if (Uplink is not null && VideoSender.TryCreate(settings, devices.CameraName, Knobs, Uplink, log) is { } video)
            Video = Opened(video);
        // Each thread that encodes has a codec of its own: it holds one scaler and one encoder.
        _store = NewStore(log);
        _preview = new Preview(Pool, classes, settings.Status.PreviewRateMax, NewCodec());
        Folder = folder is null ? null : Opened(new OutFolder(folder, Pool, classes, NewCodec()));
        Folder?.Follow(Scene);
        Chain = Opened(MakeChain(log));
    }

    public ApplianceSettings Settings { get; }

    public Appliance Chain { get; }

    public Detectors Detectors { get; }

    public Devices Devices { get; }

    public FramePool Pool { get; }

    public SampleSpool Spool { get; }

    public Scene Scene { get; }

    /// <summary>Null without a price or a budget, and of a recording: every frame in full quality then.</summary>
    public Adapting? Knobs { get; }

    /// <summary>Null where none is sent.</summary>
    public VideoSender? Video { get; }

    /// <summary>Null without a broker: samples stay in the spool.</summary>
    public Uplink? Uplink { get; }

    /// <summary>Null when the run leaves no tables and pictures.</summary>
    public OutFolder? Folder { get; }

    /// <summary>Looks at each labelled frame on the scene thread, before the run is begun.</summary>
    public Action<Annotated>? Watch { get; set; }

    public long Stored => _store.Stored;

    /// <summary>The status page's address; null when none is served.</summary>
    public string? StatusUrl => _server?.Url;

    /// <summary>Opens the model and the devices side by side; the camera itself is opened by its own thread.</summary>
    /// <param name="folder">where tables and pictures of the run go; null: none</param>
    /// <param name="untilEnd">the run ends with the camera's stream; else a live one is waited for when it goes</param>
    public static async Task<Outfit> OpenAsync(
        ApplianceSettings settings, string? folder, bool untilEnd, ILogger log, CancellationToken stop)
    {
        if (settings.Inference.Library is { } library) OnnxLibrary.UseLibrary(library);
        OnnxLibrary.LogTo(log);
        var loading = Task.Run(() => Detectors.Open(settings.Inference, settings.Spool.Folder, log), stop);
        var opening = Task.Run(() => Devices.Open(settings, untilEnd, MonoTime.Now, log), stop);
        try
        {
            await Task.WhenAll(loading, opening);
            var (detectors, devices) = (await loading, await opening);
            if (!devices.IsLive) await detectors.WidenAsync(settings.Inference, log, stop);
            if (settings.TurnsKnobs(devices.IsLive))
                detectors.AddSizes(settings.Inference, settings.Spool.Folder, log);
            return new Outfit(settings, detectors, devices, folder, log);
        }
        catch
        {
            if (loading.IsCompletedSuccessfully) (await loading).Dispose();
            if (opening.IsCompletedSuccessfully) (await opening).Dispose();
            throw;
        }
    }

    /// <summary>Serves the status page, if one is wanted.</summary>
    public async Task ServeAsync()
    {
        if (Settings.Status.Enabled) _server = await StatusServer.StartAsync(Settings.Status, Snapshot, _preview);
    }

    /// <summary>Runs until the camera ends or a stop is asked for; drains, and waits a while for receipts.</summary>
    public Task RunAsync(CancellationToken stop) => _run = RunOnceAsync(stop);

    async Task RunOnceAsync(CancellationToken stop)
    {
        using var carried = new CancellationTokenSource();
        var carrying = Task.WhenAll(
            Uplink?.RunAsync(carried.Token) ?? Task.CompletedTask, Devices.ListenAsync(Settings, _log, carried.Token));
        try
        {
            await Chain.RunAsync(stop);
            if (Uplink is not null) await Uplink.DrainAsync(TimeSpan.FromSeconds(Settings.Mqtt.DrainS));
        }
        finally
        {
            await carried.CancelAsync();
            await carrying;
        }
    }

    /// <summary>The moment, for the status page.</summary>
    public Snapshot Snapshot() => Snapshots.Of(this, Settings);

    public async ValueTask DisposeAsync()
    {
        // Whoever fails beside the run leaves it running: its parts go only when every stage is out.
        Chain.Stop();
        await Task.WhenAny(_run);
        if (_server is not null) await _server.DisposeAsync();
        while (_open.TryPop(out var each)) each.Dispose();
    }

    void Look(Annotated seen)
    {
        if (seen.Detections.Length > 0) Chain.Meters.FirstDetection ??= MonoTime.Now;
        Folder?.Note(seen);
        Video?.Saw(seen.Detections, seen.Frame.Format);
        Watch?.Invoke(seen);
    }

    T Opened<T>(T part) where T : IDisposable
    {
        _open.Push(part);
        return part;
    }

    JpegEncode NewCodec() => Opened(new JpegCodec()).Encode;

    Appliance MakeChain(ILogger log) => new(
        new Parts(
            Devices.Camera.Next, Devices.IsLive, Pool, Knobs is null ? Detectors.Each : [Knobs.Stages.Detect],
            Scene.Step, Scene.TryChoose, _store.Keep, Look, _preview)
        {
            Knobs = Knobs,
            Video = Video,
        },
        log);

    Store NewStore(ILogger log) => new(
        Spool, Scene.Annotator, Settings.DeviceName, Devices.CameraName, QualityOf, NewCodec(), log);

    int QualityOf(Annotated annotated) => Knobs?.Stages.QualityOf(annotated.IsFull) ?? Settings.Spool.JpegQuality;

    ChainCounts CountsOfChain() => new(() => Chain, () => _store, () => Video, CameraRate);

    /// <summary>As the stream says, else as it comes; null while neither is known.</summary>
    double? CameraRate() => Devices.Camera.Facts?.FrameRate is { } stated and > 0
        ? stated : Chain.Meters.Camera.PerSecond(MonoTime.Now);
}
