namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// A knob's rungs in order, the dearest first. A position is where on the ladder a knob stands: 1 at the dearest rung,
/// 0 at the cheapest (OneAdapt's convention).
/// </summary>
sealed class Ladder
{
    readonly string[] _rungs;

    /// <exception cref="ArgumentException">no rung, or one of them twice</exception>
    public Ladder(string knob, params IReadOnlyList<string> rungs)
    {
        if (rungs.Count == 0) throw new ArgumentException($"knob {knob}: a ladder needs one rung at least");
        if (rungs.Distinct(StringComparer.Ordinal).Count() < rungs.Count)
            throw new ArgumentException($"knob {knob}: {string.Join(", ", rungs)}: a rung stands there twice");
        Knob = knob;
        _rungs = [.. rungs];
    }

    public string Knob { get; }

    public int Count => _rungs.Length;

    /// <param name="rung">0 is the dearest</param>
    public string this[int rung] => _rungs[rung];

    public double PositionOf(int rung) => Count == 1 ? 1 : 1 - (double)rung / (Count - 1);

    /// <summary>
    /// The rung a position asks for: the nearest one that is not cheaper, so that position 0 alone is the last rung.
    /// </summary>
    public int RungAt(double position) => (int)Math.Floor((1 - Math.Clamp(position, 0, 1)) * (Count - 1) + 1e-9);
}
