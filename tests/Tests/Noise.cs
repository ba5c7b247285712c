namespace EdgeAppliance.Tests;

/// <summary>Seeded noise for simulated measurements.</summary>
static class Noise
{
    /// <summary>Normal, mean 0, deviation 1 (Box and Muller).</summary>
    public static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
