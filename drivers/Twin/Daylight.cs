using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>What the sensor makes of the scene at one instant: gain and offset of each plane, and noise.</summary>
/// <param name="LumaGain">parts of 128</param>
/// <param name="ChromaGain">parts of 128</param>
readonly record struct Exposure(
    int LumaGain, int LumaOffset, int ChromaGain, int BlueOffset, int RedOffset, float NoiseDeviation);

/// <summary>The light of a site: day or dusk, and weather that changes contrast over minutes.</summary>
sealed class Daylight(bool isDusk, ulong seed)
{
    readonly float _phase = Seeded.Mix(seed, 71) % 6283 / 1000f;

    /// <summary>Towards the sun: from behind the camera's left shoulder.</summary>
    public static Vector3 ToSun { get; } = Vector3.Normalize(new Vector3(-.55f, -.45f, .72f));

    public bool IsDusk => isDusk;

    /// <summary>How dark the sun's shadows are, 0 to 1; at dusk there are none.</summary>
    public float ShadowDepth => isDusk ? 0 : .42f;

    /// <summary>Metres a shadow moves on the ground for each metre of height.</summary>
    public static Vector2 ShadowM => new(-ToSun.X / ToSun.Z, -ToSun.Y / ToSun.Z);

    /// <summary>
    /// Clouds and haze: contrast swings by a fifth with periods of 47 s and 170 s, so that any minute has a change and
    /// no two minutes the same.
    /// </summary>
    public Exposure At(TimeSpan t)
    {
        double s = t.TotalSeconds;
        double slow = Math.Sin((2 * Math.PI * s / 170) + _phase);
        double quick = Math.Sin((2 * Math.PI * s / 47) + (2 * _phase));
        double contrast = 1 + (.14 * slow) + (.06 * quick);
        double level = (isDusk ? .5 : 1.0) * contrast;
        double haze = (isDusk ? 4 : 10) * (1 - contrast);
        // y' = 16 + (y - 16) * level + haze, so the black level stays where limited range has it.
        return new Exposure(
            (int)Math.Round(128 * level), (int)Math.Round(16 - (16 * level) + haze),
            (int)Math.Round(128 * (isDusk ? .6 : .9 + (.1 * slow))), isDusk ? 3 : 0, isDusk ? -2 : 0,
            isDusk ? 3.2f : 1.7f);
    }
}
