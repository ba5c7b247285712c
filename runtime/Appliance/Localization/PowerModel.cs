using System.Numerics;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Received power by the path loss law, one for all stations.</summary>
static class PowerModel
{
    /// <summary>Nearer than this the law does not hold, metres.</summary>
    const float NearM = .5f;

    /// <param name="expected">dBm</param>
    public static void At(
        in Clue clue, Vector3 tagM, double afterS, RadioSettings settings, out double expected, out Slope slope)
    {
        var away = tagM - clue.FromM;
        float distance = Math.Max(NearM, away.Length());
        double decade = 10 * settings.PathLossExponent;
        expected = settings.RssiAtOneMetreDbm - (decade * Math.Log10(distance));
        float perMetre = (float)(-decade / Math.Log(10) / distance);
        slope = Slope.Of(away / distance * perMetre, afterS);
    }

    /// <summary>The distance that explains a power, and to first order its standard deviation, metres.</summary>
    public static (double RangeM, double SigmaM) Distance(double dbm, double sigmaDb, RadioSettings settings)
    {
        double decade = 10 * settings.PathLossExponent;
        double metres = Math.Clamp(Math.Pow(10, (settings.RssiAtOneMetreDbm - dbm) / decade), NearM, 100);
        // An error in dB is a part of the distance: 6 dB at exponent 2 is 69 %.
        return (metres, metres * Math.Log(10) / decade * sigmaDb);
    }
}
