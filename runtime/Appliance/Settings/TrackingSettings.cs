namespace EdgeAppliance.Runtime.Settings;

/// <summary>How detections become tracks. The defaults are those of ByteTrack's released program.</summary>
sealed record TrackingSettings
{
    /// <summary>Detections at or above it take part in the first association.</summary>
    public double ScoreHigh { get; init; } = 0.5;

    /// <summary>
    /// Detections below it are not looked at; those between it and <see cref="ScoreHigh"/> only go on with tracks.
    /// </summary>
    public double ScoreLow { get; init; } = 0.1;

    /// <summary>An unmatched detection at or above it starts a track.</summary>
    public double ScoreNew { get; init; } = 0.6;

    /// <summary>First association: the largest 1 - IoU x score that is still a match.</summary>
    public double FirstCostMax { get; init; } = 0.8;

    /// <summary>Second association, low scores: the largest 1 - IoU that is still a match.</summary>
    public double SecondCostMax { get; init; } = 0.5;

    /// <summary>Tracks seen once only: the largest 1 - IoU x score that is still a match.</summary>
    public double TentativeCostMax { get; init; } = 0.7;

    /// <summary>Above this IoU two boxes are one thing.</summary>
    public double DuplicateIou { get; init; } = 0.85;

    /// <summary>How long a track nobody sees is kept, seconds of frame time (30 frames at 30 a second).</summary>
    public double LostS { get; init; } = 1;

    /// <summary>Tracks kept at once, seen and lost together; further ones do not start and are counted.</summary>
    public int TracksMax { get; init; } = 256;

    public IEnumerable<string> Faults() => new FaultList()
        .Unit("tracking.scoreHigh", ScoreHigh)
        .Unit("tracking.scoreLow", ScoreLow)
        .Unit("tracking.scoreNew", ScoreNew)
        .If(ScoreLow > ScoreHigh, $"tracking.scoreLow is {ScoreLow}: at most scoreHigh, {ScoreHigh}")
        .If(ScoreNew < ScoreHigh, $"tracking.scoreNew is {ScoreNew}: at least scoreHigh, {ScoreHigh}")
        .Unit("tracking.firstCostMax", FirstCostMax)
        .Unit("tracking.secondCostMax", SecondCostMax)
        .Unit("tracking.tentativeCostMax", TentativeCostMax)
        .Unit("tracking.duplicateIou", DuplicateIou)
        .Range("tracking.lostS", LostS, 0.01, 60)
        .Range("tracking.tracksMax", TracksMax, 1, 4096);
}
