namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// Random numbers that are the same everywhere and always (Steele, Lea and Flood 2014, splitmix64): what is drawn in
/// training shall not change with a runtime's version.
/// </summary>
public sealed class SplitMix64(ulong seed)
{
    /// <summary>All there is to remember.</summary>
    public ulong State { get; set; } = seed;

    public ulong Next()
    {
        State += 0x9E3779B97F4A7C15;
        ulong z = State;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 up to 1, which is left out.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    public double Between(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>From 0 up to a number, which is left out.</summary>
    public int Below(int count) => (int)(Next() % (ulong)count);

    /// <summary>Of mean 0 and deviation 1 (Box and Muller 1958).</summary>
    public double NextNormal() =>
        Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>0, 1, ... count - 1 in a random order (Fisher and Yates, from the end).</summary>
    public int[] Shuffled(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
