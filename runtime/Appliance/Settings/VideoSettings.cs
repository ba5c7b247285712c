namespace EdgeAppliance.Runtime.Settings;

/// <summary>Video sent to the endpoint, a segment a second, for looking and for models elsewhere.</summary>
sealed record VideoSettings
{
    /// <summary>Whether any is sent. It goes the samples' way and wants a broker.</summary>
    public bool Enabled { get; init; }

    /// <summary>Frames a second, at most; as many as the knobs let through where they are turned.</summary>
    public double RateMax { get; init; } = 10;

    /// <summary>H.264's quantiser, 0 (finest) to 51; where knobs are turned they choose.</summary>
    public int Quantiser { get; init; } = 26;

    /// <summary>
    /// Added to the quantiser where nothing was seen a moment ago, 0 to 24; where knobs are turned they choose.
    /// </summary>
    public int Coarser { get; init; }

    /// <summary>Seconds of a segment, each of which can be decoded by itself.</summary>
    public double SegmentS { get; init; } = 1;

    public IEnumerable<string> Faults(bool hasBroker) => new FaultList()
        .If(Enabled && !hasBroker, $"video.enabled is true and mqtt.host is missing: video goes through the broker")
        .Range("video.rateMax", RateMax, 0.1, 60)
        .Range("video.quantiser", Quantiser, 0, 51)
        .Range("video.coarser", Coarser, 0, 24)
        .Range("video.segmentS", SegmentS, 0.2, 10);
}
