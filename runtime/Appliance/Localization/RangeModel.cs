using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>A two-way range: the distance, the tag's own delay, and what that station's ranges are off by.</summary>
static class RangeModel
{
    /// <summary>Nearer than this the direction is not known, metres.</summary>
    const float NearM = .01f;

    /// <param name="expected">metres, without the errors that stay</param>
    public static void At(in Clue clue, Vector3 tagM, double afterS, out double expected, out Slope slope)
    {
        var away = tagM - clue.FromM;
        float distance = Math.Max(NearM, away.Length());
        expected = distance;
        slope = Slope.Of(away / distance, afterS) with { Delay = 1, More = clue.Slot };
    }
}
