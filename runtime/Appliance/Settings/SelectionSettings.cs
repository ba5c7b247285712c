namespace EdgeAppliance.Runtime.Settings;

/// <summary>Which annotated frames are worth keeping.</summary>
sealed record SelectionSettings
{
    /// <summary>Samples a minute, in the mean; a minute of frame time, not of the wall clock.</summary>
    public double PerMinute { get; init; } = 30;

    /// <summary>Samples that may follow at once after a quiet time.</summary>
    public double Burst { get; init; } = 10;

    /// <summary>At least this long between two samples, seconds.</summary>
    public double GapS { get; init; } = 0.4;

    /// <summary>A labelled track nothing else speaks for is kept this often, seconds.</summary>
    public double SteadyS { get; init; } = 10;

    /// <summary>An uncertain track is kept this often, seconds.</summary>
    public double UncertainS { get; init; } = 2;

    /// <summary>A detector score below it, though a tag vouches for the box, is uncertain.</summary>
    public double UncertainScore { get; init; } = 0.6;

    /// <summary>A track whose winning class has less than this part of the votes is uncertain.</summary>
    public double UncertainClassShare { get; init; } = 0.7;

    /// <summary>
    /// Two frames with the same labelled tracks, each box overlapping its former self by this IoU, are alike.
    /// </summary>
    public double AlikeIou { get; init; } = 0.9;

    /// <summary>
    /// Part of the budget given to frames drawn at random, whatever they show: they keep the set unbiased.
    /// </summary>
    public double ReferenceShare { get; init; } = 0.015;

    /// <summary>Seed of the random draw: one seed and one recording choose the same frames.</summary>
    public int Seed { get; init; } = 1;

    public IEnumerable<string> Faults() => new FaultList()
        .Range("selection.perMinute", PerMinute, 0, 6000)
        .Range("selection.burst", Burst, 1, 1000)
        .Range("selection.gapS", GapS, 0, 3600)
        .Range("selection.steadyS", SteadyS, 0.1, 86400)
        .Range("selection.uncertainS", UncertainS, 0.1, 86400)
        .Unit("selection.uncertainScore", UncertainScore)
        .Unit("selection.uncertainClassShare", UncertainClassShare)
        .Unit("selection.alikeIou", AlikeIou)
        .Range("selection.referenceShare", ReferenceShare, 0, 0.5);
}
