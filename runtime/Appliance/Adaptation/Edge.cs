namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>A step between two rungs of a knob: <paramref name="Rung"/> and the next cheaper one.</summary>
/// <param name="Knob">its number on the board</param>
readonly record struct Edge(int Knob, int Rung);

/// <summary>What one second told of an edge, always from the dearer to the cheaper rung.</summary>
/// <param name="UtilityLoss">
/// the part of the dearer rung's utility that goes, below 0 where the cheaper rung is the better one
/// </param>
/// <param name="Cost">the dearer rung's costs as parts of the dearest setting's</param>
/// <param name="LogCost">natural logarithms of the cheaper rung's costs over the dearer one's</param>
readonly record struct EdgeReading(Edge Edge, double UtilityLoss, Resources Cost, Resources LogCost)
{
    public bool IsFinite => double.IsFinite(UtilityLoss) && Cost.IsFinite && LogCost.IsFinite;

    /// <summary>What the cheaper rung saves, as parts of the dearest setting's costs.</summary>
    public Resources Saved
    {
        get
        {
            var left = LogCost.Exp();
            return new(Cost.Uplink * (1 - left.Uplink), Cost.Compute * (1 - left.Compute));
        }
    }
}

/// <summary>What an edge brings where it was looked at before, as a mean over scenes.</summary>
/// <param name="UtilityLoss">as <see cref="EdgeReading.UtilityLoss"/></param>
/// <param name="AccuracyLoss">how much of F1 went</param>
/// <param name="LogCost">as <see cref="EdgeReading.LogCost"/></param>
readonly record struct EdgePrior(double UtilityLoss, double AccuracyLoss, Resources LogCost);
