namespace EdgeAppliance.Runtime.Settings;

/// <summary>How tracks and tags are joined on the ground plane.</summary>
sealed record FusionSettings
{
    /// <summary>Length of the window tracks and tags are compared over, seconds.</summary>
    public double WindowS { get; init; } = 5;

    /// <summary>How often a window is compared, seconds.</summary>
    public double StepS { get; init; } = 0.2;

    /// <summary>How often a track's place is remembered, seconds.</summary>
    public double SampleS { get; init; } = 0.1;

    /// <summary>Instants both must have been located at before they are compared.</summary>
    public int PairsMin { get; init; } = 3;

    /// <summary>
    /// The farthest instants left out of the mean distance, part of all: a foot hidden, a reflected range.
    /// </summary>
    public double TrimShare { get; init; } = 0.2;

    /// <summary>A mean distance above it is no match, metres.</summary>
    public double UnmatchedM { get; init; } = 2;

    /// <summary>A mean distance above so many combined standard deviations is no match.</summary>
    public double UnmatchedSigmas { get; init; } = 3.5;

    /// <summary>How much dearer the next best pairing must be, metres.</summary>
    public double MarginMinM { get; init; } = 0.3;

    /// <summary>Windows in a row with one answer before it is given.</summary>
    public int AgreeWindows { get; init; } = 6;

    /// <summary>Windows in a row against a given answer before it is taken back.</summary>
    public int DropWindows { get; init; } = 3;

    /// <summary>
    /// The last part of the window that must agree by itself, seconds: it notices a track changing hands.
    /// </summary>
    public double RecentS { get; init; } = 1;

    /// <summary>
    /// Between a tag and the middle of whoever wears it, metres, standard deviation (pocket, bag, far side).
    /// </summary>
    public double BodyOffsetM { get; init; } = 0.25;

    /// <summary>Standard deviation of a box's lower edge, part of the box's height.</summary>
    public double FootSigmaHeights { get; init; } = 0.03;

    /// <summary>Standard deviation of a box's lower edge that even a small box has, pixels.</summary>
    public double FootSigmaPx { get; init; } = 2;

    /// <summary>
    /// Ground points known worse than this are not used, metres: near the horizon a pixel is many metres.
    /// </summary>
    public double GroundSigmaMaxM { get; init; } = 2;

    /// <summary>
    /// Learns how far the radio's clock is off the camera's from people both see walking, and corrects it.
    /// </summary>
    public bool FollowClock { get; init; } = true;

    public IEnumerable<string> Faults() => new FaultList()
        .Range("fusion.windowS", WindowS, 0.5, 60)
        .Range("fusion.stepS", StepS, 0.05, 10)
        .Range("fusion.sampleS", SampleS, 0.02, 2)
        .Range("fusion.pairsMin", PairsMin, 2, 1000)
        .If(SampleS * PairsMin > WindowS,
            $"fusion.pairsMin is {PairsMin}: windowS {WindowS} holds {(int)(WindowS / SampleS)} of them, sampleS apart")
        .Range("fusion.trimShare", TrimShare, 0, 0.5)
        .Range("fusion.unmatchedM", UnmatchedM, 0.1, 50)
        .Range("fusion.unmatchedSigmas", UnmatchedSigmas, 0.5, 20)
        .Range("fusion.marginMinM", MarginMinM, 0, 50)
        .Range("fusion.agreeWindows", AgreeWindows, 1, 100)
        .Range("fusion.dropWindows", DropWindows, 1, 100)
        .Range("fusion.recentS", RecentS, 0.1, 60)
        .Range("fusion.bodyOffsetM", BodyOffsetM, 0, 5)
        .Range("fusion.footSigmaHeights", FootSigmaHeights, 0, 1)
        .Range("fusion.footSigmaPx", FootSigmaPx, 0.1, 100)
        .Range("fusion.groundSigmaMaxM", GroundSigmaMaxM, 0.05, 100);
}
