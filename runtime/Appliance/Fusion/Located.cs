using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>Which tag a track carries, and how sure that is.</summary>
/// <param name="CostM">robust mean distance between track and tag over the window, metres</param>
/// <param name="MarginM">how much dearer the next best pairing of the track or of the tag is, metres</param>
/// <param name="Window">the time both were compared over</param>
/// <param name="Pairs">instants compared</param>
/// <param name="AgreedWindows">windows in a row with the same answer</param>
readonly record struct TagMatch(
    string Tag, double CostM, double MarginM, TimeSpan Window, int Pairs, int AgreedWindows);

/// <summary>A track with where it stands and who it is, as far as is known.</summary>
/// <param name="GroundM">its foot point on the floor, metres; null above the horizon or without geometry</param>
/// <param name="GroundCovariance">of <paramref name="GroundM"/>; null with it</param>
/// <param name="Match">null while no tag is sure enough</param>
readonly record struct LocatedTrack(Track Track, Vector2? GroundM, Covariance2? GroundCovariance, TagMatch? Match)
{
    /// <summary>Unit vector on the floor, away from the camera; null with <see cref="GroundM"/>.</summary>
    public Vector2? Away { get; init; }
}

/// <summary>A frame with its located tracks and the fixes of that moment. The frame's lease travels inside.</summary>
/// <param name="Calibration">version of the geometry used; null without geometry</param>
readonly record struct Located(
    Frame Frame, ImmutableArray<LocatedTrack> Tracks, ImmutableArray<Detection> Detections, ImmutableArray<Fix> Fixes,
    string Model, string? Calibration) : IDisposable
{
    public void Dispose() => Frame.Dispose();
}
