using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// How much farther the second station is than the first, by arrival times. The tag's own delay is in both and falls
/// out.
/// </summary>
static class RangeDifferenceModel
{
    /// <summary>Nearer than this to a station the direction is not known, metres.</summary>
    const float NearM = .01f;

    /// <param name="expected">metres, without the errors that stay</param>
    public static void At(in Clue clue, Vector3 tagM, double afterS, out double expected, out Slope slope)
    {
        Vector3 first = tagM - clue.FromM, second = tagM - clue.OtherM;
        float near = Math.Max(NearM, first.Length()), far = Math.Max(NearM, second.Length());
        expected = far - near;
        slope = Slope.Of((second / far) - (first / near), afterS) with { More = clue.OtherSlot, Less = clue.Slot };
    }
}
