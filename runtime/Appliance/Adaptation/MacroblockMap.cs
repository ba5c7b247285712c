namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Which tiles of a picture are worth the finer of two quantisers (OneAdapt, section "macroblock"; its authors'
/// closed form): with A what a tile loses at a quantiser, the tile takes the one with the least A + price x bytes. The
/// price is the one at which the wanted part of all tiles is fine.
/// </summary>
static class MacroblockMap
{
    /// <param name="fine">by tile: what it loses at the finer quantiser</param>
    /// <param name="coarse">by tile: what it loses at the coarser one</param>
    /// <param name="bytesLeft">bytes at the coarser quantiser over bytes at the finer one, below 1</param>
    /// <param name="part">of all tiles that shall be fine, 0 to 1</param>
    /// <returns>by tile: whether it is fine</returns>
    public static bool[] Choose(
        ReadOnlySpan<double> fine, ReadOnlySpan<double> coarse, double bytesLeft, double part)
    {
        if (fine.Length != coarse.Length) throw new ArgumentException($"{fine.Length} and {coarse.Length} tiles");
        if (!(bytesLeft is > 0 and < 1)) throw new ArgumentException($"bytes left are {bytesLeft}: above 0, below 1");
        double[] gains = new double[fine.Length];
        for (int i = 0; i < gains.Length; i++) gains[i] = coarse[i] - fine[i];
        double price = Price(gains, bytesLeft, part);
        bool[] chosen = new bool[gains.Length];
        // A tile that is no better when it is finer never is: it would cost more and lose more.
        for (int i = 0; i < chosen.Length; i++) chosen[i] = gains[i] > 0 && gains[i] >= price * (1 - bytesLeft);
        return chosen;
    }

    static double Price(double[] gains, double bytesLeft, double part)
    {
        int count = (int)Math.Round(Math.Clamp(part, 0, 1) * gains.Length);
        if (count == 0) return double.PositiveInfinity;
        double[] sorted = [.. gains];
        sorted.AsSpan().Sort();
        return sorted[^count] / (1 - bytesLeft);
    }
}
