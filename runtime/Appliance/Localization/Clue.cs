using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What one number of a reading measures.</summary>
enum ClueKind
{
    Range,
    RangeDifference,
    Azimuth,
    Elevation,

    /// <summary>The three parts of a position follow each other, x first: they are believed together.</summary>
    PlaceX,
    PlaceY,
    PlaceZ,
}

/// <summary>One number of a reading, with all that its measurement model needs.</summary>
/// <param name="Value">metres or radians</param>
/// <param name="FromM">the station's place, or the whole position for a part of one</param>
/// <param name="YawRad">how far the station's x axis is turned from the site's, counterclockwise</param>
/// <param name="OtherM">the second station's place, for a range difference</param>
/// <param name="Slot">the station's slot in the filter; null where no error is kept for it</param>
/// <param name="OtherSlot">the second station's</param>
readonly record struct Clue(
    MonoTime At, ClueKind Kind, double Value, double Variance, Vector3 FromM, double YawRad, Vector3 OtherM,
    int? Slot, int? OtherSlot);
