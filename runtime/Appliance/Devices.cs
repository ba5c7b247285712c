using System.Collections.Immutable;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>The camera, the radio and what is known of their place, as the settings say.</summary>
sealed class Devices : IDisposable
{
    readonly Radioset _radios;
    readonly (string Path, FingerprintMap Map)? _map;

    Devices(
        CameraUri uri, SteadyCamera camera, Radioset radios, TwinSite? twin, ApplianceSettings settings, ILogger log)
    {
        CameraName = uri.Shown;
        Camera = camera;
        _radios = radios;
        World = twin?.World;
        IsLive = twin?.Address.IsPaced ?? uri.IsLive;
        Calibration = settings.Site.Calibration is { } file ? SiteCalibration.Load(file) : SiteCalibration.None;
        Geometry = (settings.Site.Geometry ?? (Calibration.HasCamera ? settings.Site.Calibration : null)) switch
        {
            null => twin?.Geometry,
            SiteSettings.None => null,
            var geometry => CameraGeometry.Load(geometry),
        };
        if (Geometry is null && settings.Site is { Geometry: null, Calibration: { } missing })
        {
            throw new InvalidDataException($"{missing}: has no camera part: calibrate the camera, or name "
                + "site.geometry (none, when it is to be calibrated)");
        }

        Registry = settings.Site.Registry is { } registry
            ? LiveRegistry.Open(registry, log, TimeProvider.System)
            : LiveRegistry.Of(twin?.Registry ?? TagRegistry.Empty);
        Use(Registry.Current);
        _map = settings.Site.Survey is { } survey ? (survey, FingerprintMap.Load(survey)) : null;
        Place();
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

    /// <summary>What was calibrated; <see cref="SiteCalibration.None"/> without a file.</summary>
    public SiteCalibration Calibration { get; }

    /// <summary>Where anchors and scanners stand.</summary>
    public ImmutableArray<Station> Stations { get; private set; }

    /// <summary>What scanners hear where; null where nobody surveyed it.</summary>
    public RssiField? Survey { get; private set; }

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

    /// <summary>What tells where tags are, at this site.</summary>
    public Locator LocatorOf(RadioSettings settings) => new(settings, Stations, Survey, Calibration.Laws);

    /// <summary>What joins tags and tracks, at this site.</summary>
    public Fuser FuserOf(FusionSettings settings, Locator locator) =>
        new(settings, Geometry, locator, Registry.Current, Calibration.Clock);

    /// <summary>Anchors and scanners stand where the registry has them now.</summary>
    public void Place(Locator locator)
    {
        if (Place()) locator.Use(Stations, Survey);
    }

    bool Place()
    {
        // What was worked out is believed before what somebody typed, and that before a module, which knows its
        // anchors in its own frame. Which way a station is turned only the registry says.
        var typed = Registry.Current.Stations;
        ImmutableArray<Station> stations =
        [
            .. Calibration.Stations.Select(one => one with
            {
                YawRad = typed.FirstOrDefault(other => other.Id == one.Id)?.YawRad ?? 0,
            }).Concat(typed).Concat(Radio?.Stations ?? []).DistinctBy(station => station.Id),
        ];
        bool isFirst = Stations.IsDefault;
        if (!isFirst && stations.SequenceEqual(Stations)) return false;
        Stations = stations;
        try { Survey = _map is { } map ? SurveyOf(map.Path, map.Map, stations) : null; }
        // A registry that has lost the survey's scanners while it ran: there are none to hear.
        catch (InvalidDataException) when (!isFirst) { Survey = null; }
        return true;
    }

    public void Dispose()
    {
        Camera.Dispose();
        _radios.Dispose();
        Registry.Dispose();
    }

    static RssiField SurveyOf(string path, FingerprintMap map, ImmutableArray<Station> stations)
    {
        try { return RssiFingerprint.Field(map, stations); }
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
