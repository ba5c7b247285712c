using System.Numerics;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Received powers by the law of path loss: what needs no survey, only where the scanners stand.</summary>
static class RssiPathLoss
{
    /// <summary>
    /// Fading from packet to packet, dB: three advertising channels and a moving tag. The 972 places of a surveyed
    /// office have a median of 2.9 dB at rest.
    /// </summary>
    public const double FadingDb = 3;

    /// <param name="laws">of the scanners; one without a law is not used</param>
    /// <param name="tagHeightM">above the floor</param>
    /// <exception cref="ArgumentException">no scanner has both a law and a place</exception>
    public static RssiField Field(
        FloorGrid grid, IEnumerable<PathLoss> laws, IReadOnlyList<Station> stations, double tagHeightM)
    {
        var places = stations.ToDictionary(station => station.Id, station => station.PositionM, StringComparer.Ordinal);
        var used = laws.Where(law => places.ContainsKey(law.Scanner))
            .OrderBy(law => law.Scanner, StringComparer.Ordinal).Take(RssiField.ScannersMax).ToList();
        float[][] mean = new float[used.Count][], fast = new float[used.Count][], slow = new float[used.Count][];
        for (int i = 0; i < used.Count; i++)
        {
            mean[i] = Means(grid, used[i], places[used[i].Scanner], tagHeightM);
            double residual = used[i].SigmaDb * used[i].SigmaDb;
            double fading = Math.Min(FadingDb * FadingDb, residual / 2);
            fast[i] = Filled(grid.Length, fading);
            slow[i] = Filled(grid.Length, residual - fading);
        }

        return new RssiField(grid, [.. used.Select(law => law.Scanner)], mean, fast, slow);
    }

    /// <summary>What the law says in every cell, dBm.</summary>
    public static float[] Means(FloorGrid grid, PathLoss law, Vector3 scannerM, double tagHeightM)
    {
        float[] means = new float[grid.Length];
        for (int cell = 0; cell < means.Length; cell++)
        {
            var at = new Vector3(grid.X[cell], grid.Y[cell], (float)tagHeightM);
            means[cell] = (float)law.PowerDbm(Vector3.Distance(at, scannerM));
        }

        return means;
    }

    static float[] Filled(int length, double value)
    {
        float[] filled = new float[length];
        Array.Fill(filled, Math.Max(0.25f, (float)value)); // half a dB at least: powers come in whole ones
        return filled;
    }
}
