using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Selection;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;
using EdgeAppliance.Runtime.Tracking;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Runtime;

/// <summary>Readings of the radios, oldest first, with the frame they were read for.</summary>
delegate void ReadingsHeard(in Frame frame, ReadOnlySpan<Observation> readings);

/// <summary>
/// The middle of the chain: plain functions in order, on one thread, so that a recorded run replays exactly.
/// Radio is read at each frame's own time.
/// </summary>
sealed class Scene
{
    /// <summary>Readings moved at a time; what is left is moved at once after.</summary>
    const int ReadingsAtOnce = 256;

    readonly IRadio? _radio;
    readonly Observation[] _readings = new Observation[ReadingsAtOnce];
    readonly Tracker _tracker;
    readonly Locator _locator;
    readonly Fuser _fuser;
    readonly Annotator _annotator;
    readonly Selector _selector;
    readonly Devices _devices;
    readonly ResidualWatch _watch;
    TagRegistry _registry;
    readonly SortedDictionary<string, MonoTime> _heard = new(StringComparer.Ordinal);
    volatile SceneView _view = SceneView.Empty;

    /// <param name="classes">the detector's class names, in order</param>
    public Scene(
        ApplianceSettings settings, Devices devices, IReadOnlyList<string> classes, ILogger? log = null)
    {
        _radio = devices.Radio;
        _devices = devices;
        var registry = _registry = devices.Registry.Current;
        _watch = new ResidualWatch(settings.Fusion, log ?? NullLogger.Instance);
        _tracker = new Tracker(settings.Tracking);
        _locator = devices.LocatorOf(settings.Radio);
        _fuser = devices.FuserOf(settings.Fusion, _locator);
        _annotator = new Annotator(settings.Annotation, registry, classes);
        _selector = new Selector(settings.Selection);
    }

    /// <summary>Looks at what the radios gave up to a frame and keeps nothing of it, before the run is begun.</summary>
    public ReadingsHeard? Heard { get; set; }

    /// <summary>The scene of the last frame; may be read from any thread.</summary>
    public SceneView View => _view;

    public Annotator Annotator => _annotator;

    /// <summary>Track, locate, fuse, annotate. Takes the frame over and hands it on, unless it faults.</summary>
    public Annotated Step(Detected seen)
    {
        Follow();
        Listen(seen.Frame);
        var tracked = _tracker.Step(seen);
        var located = _fuser.Step(tracked);
        _watch.Note(located, _fuser.Geometry);
        var annotated = _annotator.Step(located) with { IsFull = seen.IsFull };
        _view = Look(located);
        return annotated;
    }

    public Chosen? TryChoose(Annotated annotated) => _selector.TryChoose(annotated, out var chosen) ? chosen : null;

    // Once a frame: who reads it in this frame reads the same, whatever happens to the file meanwhile.
    void Follow()
    {
        var registry = _devices.Registry.Current;
        if (ReferenceEquals(registry, _registry)) return;
        _registry = registry;
        _devices.Use(registry);
        _devices.Place(_locator);
        _fuser.Use(registry);
        _annotator.Use(registry);
    }

    void Listen(in Frame frame)
    {
        var until = frame.At;
        if (_radio is null) return;
        int count;
        do
        {
            count = _radio.Drain(until, _readings);
            var readings = _readings.AsSpan(0, count);
            readings = readings[..Wanted(readings)];
            foreach (ref readonly var reading in readings) _heard[reading.Tag] = reading.At;
            _locator.Take(readings);
            Heard?.Invoke(frame, readings);
        }
        while (count == ReadingsAtOnce);
        // As many as the locator follows: the one silent longest makes room, here as there.
        while (_heard.Count > Math.Max(1, _locator.Tags.Count)) _heard.Remove(_heard.MinBy(row => row.Value).Key);
    }

    // Readings go by the registry's names. Those of tags the site wants ignored are not even kept; the others move up.
    int Wanted(Span<Observation> readings)
    {
        int kept = 0;
        foreach (ref readonly var reading in readings)
        {
            string tag = _registry.NameOf(reading.Tag);
            if (!_registry.IsIgnored(tag)) readings[kept++] = reading with { Tag = tag };
        }

        return kept;
    }

    SceneView Look(in Located located)
    {
        var tags = ImmutableArray.CreateBuilder<TagStatus>(_heard.Count);
        foreach (var (tag, at) in _heard)
        {
            int? track = null;
            foreach (var each in located.Tracks) if (each.Match is { } match && match.Tag == tag) track = each.Track.Id;
            double ageS = Math.Max(0, (located.Frame.At - at).TotalSeconds);
            tags.Add(new TagStatus(tag, _registry.Find(tag)?.Class, ageS, track));
        }

        return new SceneView(located.Tracks.Length, tags.ToImmutable(), _fuser.GeometryFault)
        {
            Watch = _watch.View,
            Clock = _fuser.Clock,
        };
    }
}

/// <summary>What the status page tells of the scene.</summary>
sealed record SceneView(int Tracks, ImmutableArray<TagStatus> Tags, string? GeometryFault)
{
    public static SceneView Empty { get; } = new(0, [], null);

    /// <summary>What the residuals of tracks and tags say of the camera's pose.</summary>
    public ResidualView Watch { get; init; }

    /// <summary>The radio's clock against the camera's; null while unknown.</summary>
    public ClockState? Clock { get; init; }
}
