namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Whether what gradients predict of the utility is borne out by what is then measured. When it has not been for long,
/// utilities are probed directly, at a forward pass an edge, until it is again.
/// </summary>
sealed class ProbeTrust
{
    /// <summary>Pairs that are looked at, and the fewest that decide.</summary>
    const int Window = 60, PairsMin = 20;

    /// <summary>Pearson's correlation below which trust goes, and above which it comes back.</summary>
    const double Lost = 0.1, Regained = 0.3;

    readonly Queue<(double Predicted, double Measured)> _pairs = new();

    /// <summary>False: the alarm is up, and utilities are probed directly.</summary>
    public bool IsTrusted { get; private set; } = true;

    /// <summary>Null while too few pairs are known, or nothing changed in them.</summary>
    public double? Correlation { get; private set; }

    /// <param name="predicted">utility that a move was to lose</param>
    /// <param name="measured">utility that it lost</param>
    /// <returns>whether trust was lost or regained just now</returns>
    public bool Note(double predicted, double measured)
    {
        if (!double.IsFinite(predicted) || !double.IsFinite(measured)) return false;
        _pairs.Enqueue((predicted, measured));
        if (_pairs.Count > Window) _pairs.Dequeue();
        if (_pairs.Count < PairsMin) return false;
        Correlation = Pearson();
        bool was = IsTrusted;
        if (Correlation is { } r) IsTrusted = r >= (was ? Lost : Regained);
        return was != IsTrusted;
    }

    double? Pearson()
    {
        double x = _pairs.Average(p => p.Predicted), y = _pairs.Average(p => p.Measured);
        double both = 0, xs = 0, ys = 0;
        foreach (var (predicted, measured) in _pairs)
        {
            both += (predicted - x) * (measured - y);
            xs += (predicted - x) * (predicted - x);
            ys += (measured - y) * (measured - y);
        }

        return xs > 0 && ys > 0 ? both / Math.Sqrt(xs * ys) : null;
    }
}
