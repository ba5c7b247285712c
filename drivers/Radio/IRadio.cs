using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>What a radio reading measures.</summary>
public enum ObservationKind
{
    /// <summary>Two-way distance between tag and anchor: <c>Value</c> in metres.</summary>
    Range,

    /// <summary>Received power at a scanner: <c>Value</c> in dBm.</summary>
    Rssi,

    /// <summary>A position worked out elsewhere: <c>PositionM</c> in the site frame, metres.</summary>
    Position,

    /// <summary>
    /// How much farther the tag is from <c>Other</c> than from <c>Station</c>, by arrival times: <c>Value</c>, metres.
    /// </summary>
    RangeDifference,

    /// <summary>
    /// The direction a station hears the tag from, in that station's own axes: <c>Value</c> is the azimuth in radians,
    /// counterclockwise from its x axis, <c>ElevationRad</c> the angle above its x-y plane.
    /// </summary>
    Angle,
}

/// <summary>One radio reading.</summary>
/// <param name="At">when it was taken, as near the device as is known</param>
/// <param name="Kind">what it measures</param>
/// <param name="Tag">
/// the tag's pseudonym as the registry knows it, never a raw hardware address in what is stored
/// </param>
/// <param name="Station">the anchor or scanner; empty for <see cref="ObservationKind.Position"/></param>
/// <param name="Value">metres, dBm or radians; unused for a position</param>
/// <param name="PositionM">site frame, metres: x, y on the floor, z up; for a position only</param>
/// <param name="Variance">
/// of <c>Value</c> (m^2, dB^2 or rad^2) or of each axis (m^2), as the module states it; null when it states none
/// </param>
public readonly record struct Observation(
    MonoTime At, ObservationKind Kind, string Tag, string Station, double Value, Vector3 PositionM, double? Variance)
{
    /// <summary>The second station of a range difference; empty with any other kind.</summary>
    public string Other { get; init; } = "";

    /// <summary>The second part of an angle, radians; null when the module gives the azimuth only.</summary>
    public double? ElevationRad { get; init; }

    /// <summary>The module's own figure of how good the reading is, 0 to 1; null when it gives none.</summary>
    public double? Quality { get; init; }

    public static Observation OfRange(MonoTime at, string tag, string anchor, double rangeM, double? variance) =>
        new(at, ObservationKind.Range, tag, anchor, rangeM, default, variance);

    public static Observation OfRssi(MonoTime at, string tag, string scanner, double dbm) =>
        new(at, ObservationKind.Rssi, tag, scanner, dbm, default, null);

    /// <param name="differenceM">distance to <paramref name="other"/> less that to <paramref name="station"/></param>
    public static Observation OfRangeDifference(
        MonoTime at, string tag, string station, string other, double differenceM, double? variance) =>
        new(at, ObservationKind.RangeDifference, tag, station, differenceM, default, variance) { Other = other };

    public static Observation OfAngle(
        MonoTime at, string tag, string station, double azimuthRad, double? elevationRad, double? variance) =>
        new(at, ObservationKind.Angle, tag, station, azimuthRad, default, variance) { ElevationRad = elevationRad };

    public static Observation OfPosition(MonoTime at, string tag, Vector3 positionM, double? variance) =>
        new(at, ObservationKind.Position, tag, "", 0, positionM, variance);
}

/// <summary>A fixed radio: an anchor (UWB) or a scanner (BLE).</summary>
public sealed record Station(string Id, Vector3 PositionM)
{
    /// <summary>
    /// How far its own x axis is turned from the site's, radians counterclockwise: what its angles are measured from.
    /// It hangs level.
    /// </summary>
    public double YawRad { get; init; }

    /// <summary>What all ranges to it are too long by, metres: its antenna's delay, where a survey told it.</summary>
    public double DelayM { get; init; }
}

/// <summary>Counted since the radio was opened.</summary>
public readonly record struct RadioCounts(long Observations, long Malformed, long Overrun);

/// <summary>
/// A source of observations. A live one listens on a thread of its own into a ring of limited size; a recorded or
/// simulated one makes them as they are asked for, so that a replay gives the same ones at the same frame.
/// </summary>
public interface IRadio : IDisposable
{
    string Name { get; }

    /// <summary>
    /// Where the anchors or scanners stand, when the source itself knows (the twin does); else empty.
    /// </summary>
    IReadOnlyList<Station> Stations { get; }

    RadioCounts Counts { get; }

    /// <summary>
    /// Moves the observations that are there and were taken at or before <paramref name="until"/> into
    /// <paramref name="into"/>, oldest first, and answers how many. Never waits. Call again while it fills the span.
    /// </summary>
    /// <exception cref="DeviceException">the radio is gone</exception>
    int Drain(MonoTime until, Span<Observation> into);
}
