using System.Collections.Immutable;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>The camera, the radio and what is known of their place, as the settings say.</summary>
sealed class Devices : IDisposable
{
    readonly Radioset _radios;

    Devices(
        CameraUri uri, SteadyCamera camera, Radioset radios, TwinSite? twin, ApplianceSettings settings, ILogger log)
    {
        CameraName = uri.Shown;
        Camera = camera;
        _radios = radios;
        World = twin?.World;
        IsLive = twin?.Address.IsPaced ?? uri.IsLive;
        Geometry = settings.Site.Geometry switch
        {
            null => twin?.Geometry,
            SiteSettings.None => null,
            var file => CameraGeometry.Load(file),
        };
        Registry = settings.Site.Registry is { } registry
            ? LiveRegistry.Open(registry, log, TimeProvider.System)
            : LiveRegistry.Of(twin?.Registry ?? TagRegistry.Empty);
        Use(Registry.Current);
        // Where both say, the registry is believed: a module knows its anchors in its own frame.
        Stations = [.. Registry.Current.Stations.Concat(Radio?.Stations ?? []).DistinctBy(station => station.Id)];
        Survey = settings.Site.Survey is { } survey ? SurveyOf(survey, Stations) : null;
    }

    /// <summary>Opened by whoever asks it for the first frame; opened again when it is lost.</summary>
    public SteadyCamera Camera { get; }

    /// <summary>The camera's address without any password.</summary>
    public string CameraName { get; }

    /// <summary>False: a recording, read as fast as the stages allow.</summary>
    public bool IsLive { get; }

    /// <summary>All radios as one; null without any: nothing is labelled then.</summary>
    public IRadio? Radio => _radios.Radio;

    /// <summary>Each by itself.</summary>
    public ImmutableArray<IRadio> Radios => _radios.Each;

    public CameraGeometry? Geometry { get; }

    /// <summary>The tags and stations in force; it follows its file.</summary>
    public LiveRegistry Registry { get; }

    /// <summary>Where anchors and scanners stand.</summary>
    public ImmutableArray<Station> Stations { get; }

    /// <summary>What scanners hear where; null where nobody surveyed it.</summary>
    public RssiField? Survey { get; }

    /// <summary>The truth behind a <c>twin://</c> camera; null with any other.</summary>
    public TwinWorld? World { get; }

    /// <param name="untilEnd">no waiting for a camera that is gone: its end or its fault ends the run</param>
    /// <param name="epoch">where a recording's time begins on the one clock: its radio is laid onto the same</param>
    /// <exception cref="InvalidDataException">a file of the site cannot be used: every fault, a line each</exception>
    public static Devices Open(ApplianceSettings settings, bool untilEnd, MonoTime epoch, ILogger log)
    {
        var uri = CameraUri.Parse(settings.Camera.Uri!);
        var options = new CameraOptions
        {
            OpenTimeout = TimeSpan.FromSeconds(settings.Camera.TimeoutS),
            SilenceMax = TimeSpan.FromSeconds(settings.Camera.SilenceS),
            Epoch = epoch,
        };
        var twin = uri.Scheme == CameraScheme.Twin ? TwinSite.Create(settings.Camera.Uri!) : null;
        ICamera OpenOnce(CancellationToken stop) => twin is not null
            ? new TwinCamera(twin.World, twin.Address, epoch, options, log)
            : FfmpegCamera.Open(settings.Camera.Uri!, options, log, stop);
        var radios = Radioset.Open(settings.Site, twin?.World, epoch, log);
        var camera = new SteadyCamera(uri.Shown, uri.IsLive && !untilEnd, OpenOnce, new ReconnectOptions(), log);
        try { return new Devices(uri, camera, radios, twin, settings, log); }
        catch
        {
            camera.Dispose();
            radios.Dispose();
            throw;
        }
    }

    /// <summary>Hears scanners elsewhere over the broker, until it is told to stop; at once without any.</summary>
    public Task ListenAsync(ApplianceSettings settings, ILogger log, CancellationToken stop) =>
        Task.WhenAll(_radios.Remote.Select(
            remote => new RemoteScanning(remote.Scanners, remote.Topic, settings, log).RunAsync(stop)));

    /// <summary>The radios hear the beacons of this registry from now on.</summary>
    public void Use(TagRegistry registry) => _radios.Use(registry);

    public void Dispose()
    {
        Camera.Dispose();
        _radios.Dispose();
        Registry.Dispose();
    }

    static RssiField SurveyOf(string path, ImmutableArray<Station> stations)
    {
        try { return RssiFingerprint.Field(FingerprintMap.Load(path), stations); }
        catch (ArgumentException fault) { throw new InvalidDataException($"{path}: {fault.Message}", fault); }
    }
}

/// <summary>A twin with what its site's files would say, read as a site's files are.</summary>
sealed record TwinSite(TwinAddress Address, TwinWorld World, CameraGeometry Geometry, TagRegistry Registry)
{
    public static TwinSite Create(string uri)
    {
        var address = TwinAddress.Parse(uri);
        var world = TwinWorld.Create(address.Name, address.Seed, address.Width, address.Height);
        return new TwinSite(address, world, Through(world.GeometryJson(), CameraGeometry.Load),
            Through(world.RegistryJson(), TagRegistry.Load));
    }

    static T Through<T>(string json, Func<string, T> load)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json);
            return load(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
