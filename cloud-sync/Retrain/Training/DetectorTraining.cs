using EdgeAppliance.Onnx;

namespace EdgeAppliance.Retrain.Training;

/// <summary>A part of a training: views of one size.</summary>
/// <param name="Batch">views a step</param>
/// <param name="Share">of the whole training's time that it takes, 0 to 1: the rate falls by it</param>
sealed record TrainingPhase(DetectionGrid Grid, int Batch, long Steps, double Share);

/// <summary>How the detector is trained.</summary>
sealed record DetectorTraining
{
    /// <summary>
    /// First views round somebody, each a third of a frame's pixels: most of a frame is empty, and so each second
    /// shows twice
    /// as many people. Then whole frames, which say how much of the world is empty.
    /// </summary>
    public IReadOnlyList<TrainingPhase> Phases { get; init; } =
    [
        new(new(224, 160), 16, 3000, .6),
        new(TwinNetwork.Grid, 8, 1400, .4),
    ];

    public ulong Seed { get; init; } = 1;

    /// <summary>The largest learning rate.</summary>
    public double Rate { get; init; } = 3e-3;

    /// <summary>What is left of it at the end, as a part.</summary>
    public double RateFloor { get; init; } = .02;

    /// <summary>Steps over which the rate rises, in each phase.</summary>
    public int WarmUp { get; init; } = 60;

    public double WeightDecay { get; init; } = .03;

    public double GradientNormMax { get; init; } = 20;

    /// <summary>Of the weights' moving average, which is what is exported.</summary>
    public double Averaging { get; init; } = .998;

    public int Threads { get; init; } = 2;

    /// <summary>Who computes the steps: the first of these that can be had, else the processor.</summary>
    public IReadOnlyList<Provider> Providers { get; init; } = ProviderNames.FastestFirst;

    /// <summary>
    /// A training that would take longer has fewer steps: a phase ends when its share of this is used up, and the rate
    /// falls
    /// by the time instead. Null: all steps, and on a processor the same weights each time.
    /// </summary>
    public TimeSpan? Longest { get; init; }

    /// <summary>Where checkpoints are kept; null: none are.</summary>
    public string? Folder { get; init; }

    /// <summary>Time between checkpoints.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Steps between lines of progress.</summary>
    public int TellEvery { get; init; } = 50;
}
