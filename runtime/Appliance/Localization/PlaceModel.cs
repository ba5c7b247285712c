using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>One coordinate of a position that was worked out elsewhere.</summary>
static class PlaceModel
{
    /// <param name="axis">0 to 2</param>
    public static void At(int axis, in Clue clue, Vector3 tagM, double afterS, out double expected, out Slope slope)
    {
        expected = tagM[axis];
        // Not by setting along[axis]: the optimised code of .NET 10.0 then always sets x.
        var along = new Vector3(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0);
        slope = Slope.Of(along, afterS) with { More = clue.Slot };
    }
}
