using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>A box of whole pixels of the frame; right and bottom are not inside.</summary>
public readonly record struct TwinBox(int Left, int Top, int Right, int Bottom)
{
    public int Width => Right - Left;

    public int Height => Bottom - Top;
}

/// <summary>What is true of one person or vehicle in one frame.</summary>
/// <param name="Id">the actor's own, for as long as the world lasts</param>
/// <param name="Class"><see cref="TwinWorld.PersonClass"/> or <see cref="TwinWorld.VehicleClass"/></param>
/// <param name="Box">round the pixels that show it: at least half covered and not hidden</param>
/// <param name="WholeBox">round the pixels that would show it were nothing in front of it, within the picture</param>
/// <param name="Visibility">pixels that show it as a part of those that would, 0 to 1</param>
/// <param name="PositionM">on the ground below its middle, site frame, metres</param>
/// <param name="Tag">the pseudonym of the tag it carries; null when it carries none</param>
public readonly record struct TwinTruth(
    int Id, string Class, TwinBox Box, TwinBox WholeBox, double Visibility, Vector3 PositionM, string? Tag);
