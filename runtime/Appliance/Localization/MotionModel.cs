using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What a station's slot in the filter holds the errors of.</summary>
enum ErrorKind : byte
{
    /// <summary>Two-way ranges.</summary>
    Range,

    /// <summary>Arrival times that are compared with another station's.</summary>
    Arrival,

    /// <summary>One coordinate of positions worked out elsewhere.</summary>
    Place,
}

/// <summary>
/// How tags move and how errors that stay come and go. Each error wanders about zero with a deviation and a time after
/// which it is mostly forgotten (Ornstein and Uhlenbeck's process).
/// <para>
/// Where the numbers are from: on ranges of a DW1000 outdoors against RTK truth, noise from reading to reading is
/// 0.02 m; what one station alone is off by deviates 0.03 to 0.06 m, half of it forgotten in 1 s and half not at all;
/// what all stations are off by together deviates 0.10 m over 50 s and more. How much paths are off where a site is
/// less open is learned as it is met.
/// </para>
/// </summary>
sealed record MotionModel
{
    /// <summary>Random acceleration's spectral density, each axis on the floor, m^2/s^3.</summary>
    public required double Density { get; init; }

    /// <summary>The same upwards, for tags that fly.</summary>
    public required double DensityUp { get; init; }

    /// <summary>Where tags are worn, metres above the floor; null for tags that fly.</summary>
    public double? HeightM { get; init; }

    /// <summary>How far above or below that, metres.</summary>
    public double HeightSigmaM { get; init; }

    /// <summary>How long a height stays about the same, seconds: floors slope, people sit down.</summary>
    public double HeightS { get; init; } = 20;

    /// <summary>
    /// What all ranges of a tag are too long by, metres: an antenna's delay that was not calibrated, the weaker signal
    /// from afar (Decawave's application note APS011: 0.1 m either way).
    /// </summary>
    public double DelaySigmaM { get; init; } = .15;

    public double DelayS { get; init; } = 50;

    /// <summary>What a station's readings are too long by: its antenna's delay, its survey, metres.</summary>
    public double StationSigmaM { get; init; } = .05;

    public double StationS { get; init; } = 200;

    /// <summary>
    /// What the path of a range adds, at first, metres: reflections, antennas' patterns, bodies in the way. Learned
    /// from there on, between the next two.
    /// </summary>
    public double PathSigmaM { get; init; } = .1;

    public double PathLeastM { get; init; } = .02;

    public double PathMostM { get; init; } = .6;

    /// <summary>
    /// The same where arrival times are compared, stations' clocks on top. Not learned: what all paths have in common
    /// falls out of differences and would only ever seem to grow.
    /// </summary>
    public double ArrivalSigmaM { get; init; } = .15;

    /// <summary>The same of positions worked out elsewhere, each coordinate.</summary>
    public double PlaceSigmaM { get; init; } = .2;

    /// <summary>How long a path stays about the same, seconds: a walker has gone three metres.</summary>
    public double PathS { get; init; } = 2.5;

    /// <summary>Over which time it is learned how much paths are off, seconds.</summary>
    public double LearnS { get; init; } = 4;

    /// <summary>
    /// What is learned is taken so many times: paths are only ever too long, and the part of it that all have in
    /// common passes for a place.
    /// </summary>
    public double LearnGain { get; init; } = 1.4;

    /// <summary>A brisk walk.</summary>
    public double SpeedSigmaMps { get; init; } = 1.5;

    /// <summary>By the settings.</summary>
    public static MotionModel Of(RadioSettings settings)
    {
        // An acceleration that is renewed every second has this spectral density, m^2/s^3.
        double density = settings.AccelerationMps2 * settings.AccelerationMps2;
        return new MotionModel
        {
            Density = density,
            // What flies changes its height less often than its place.
            DensityUp = density / 5,
            HeightM = settings.HeightSigmaM is null ? null : settings.TagHeightM,
            HeightSigmaM = settings.HeightSigmaM ?? 0,
            // Half of what a position is off by stays from one to the next: it came of the same paths.
            PlaceSigmaM = settings.PositionSigmaM / Math.Sqrt(2),
        };
    }

    /// <summary>Of what a path adds before anything was learned of it, m^2.</summary>
    public double PathVariance(ErrorKind kind)
    {
        double sigma = kind switch
        {
            ErrorKind.Range => PathSigmaM,
            ErrorKind.Arrival => ArrivalSigmaM,
            _ => PlaceSigmaM,
        };
        return sigma * sigma;
    }

    /// <summary>Of what a path may add at most, m^2: what is more is an outlier.</summary>
    public double PathVarianceMost(ErrorKind kind) =>
        kind == ErrorKind.Range ? PathMostM * PathMostM : 2.25 * PathVariance(kind);

    public double SpeedVariance(int axis) =>
        axis == 2 && HeightM is not null ? 0 : SpeedSigmaMps * SpeedSigmaMps;

    /// <summary>The model over so many seconds.</summary>
    public ModelStep Over(double seconds) => new(this, seconds);
}
