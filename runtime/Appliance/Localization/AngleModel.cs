using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>The direction a level station hears the tag from.</summary>
static class AngleModel
{
    /// <summary>Nearer than this to the station's vertical no azimuth is known, metres.</summary>
    const float NearM = .1f;

    /// <param name="expected">radians from the station's x axis, counterclockwise, -pi to pi</param>
    /// <returns>false straight above or below the station</returns>
    public static bool TryAzimuth(
        in Clue clue, Vector3 tagM, double afterS, out double expected, out Slope slope)
    {
        var away = tagM - clue.FromM;
        float level = (away.X * away.X) + (away.Y * away.Y);
        expected = Turned(Math.Atan2(away.Y, away.X) - clue.YawRad);
        slope = Slope.Of(new Vector3(-away.Y, away.X, 0) / Math.Max(level, NearM * NearM), afterS);
        return level >= NearM * NearM;
    }

    /// <param name="expected">radians above the station's level plane</param>
    public static bool TryElevation(
        in Clue clue, Vector3 tagM, double afterS, out double expected, out Slope slope)
    {
        var away = tagM - clue.FromM;
        float level = MathF.Sqrt((away.X * away.X) + (away.Y * away.Y));
        float squared = Math.Max(away.LengthSquared(), NearM * NearM), safe = Math.Max(level, NearM);
        expected = Math.Atan2(away.Z, level);
        slope = Slope.Of(
            new Vector3(-away.X * away.Z / safe, -away.Y * away.Z / safe, level) / squared, afterS);
        return level >= NearM;
    }

    /// <summary>The same direction between -pi and pi.</summary>
    public static double Turned(double radians) => Math.IEEERemainder(radians, 2 * Math.PI);
}
