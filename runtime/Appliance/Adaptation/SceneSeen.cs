using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What is known of a scene's detections, the older the less it counts.</summary>
/// <param name="Scores">by bin of <see cref="ScoreBins"/>: detections of frames in which something was seen</param>
/// <param name="Frames">how many such frames</param>
/// <param name="EmptyScores">by bin: weak detections of frames in which nothing was seen</param>
/// <param name="EmptyFrames">how many such frames</param>
/// <param name="LagLost">by tenth of a second, from one on: sum of F1 lost by answers so old</param>
/// <param name="LagFrames">how many were compared</param>
/// <param name="Appeared">detections that a setting saw and full quality did not</param>
/// <param name="AppearedExpected">how many were to by what is known from elsewhere</param>
/// <param name="Detail">the frame's longer side over the detector's input; null: no frame was looked at</param>
/// <param name="FrameS">seconds from one frame of the camera to the next; null: unknown</param>
sealed record SceneSeen(
    ImmutableArray<double> Scores, double Frames, ImmutableArray<double> EmptyScores, double EmptyFrames,
    ImmutableArray<double> LagLost, ImmutableArray<double> LagFrames, double Appeared = 0, double AppearedExpected = 0,
    double? Detail = null, double? FrameS = null)
{
    /// <summary>Tenths of a second that an answer may be old.</summary>
    public const int Lags = 10;

    public static SceneSeen None { get; } = new(
        Zeros(ScoreBins.Count), 0, Zeros(ScoreBins.Count), 0, Zeros(Lags), Zeros(Lags));

    /// <summary>Whether it can be counted with: it comes from a file.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsSound => Fits(Scores, ScoreBins.Count) && Fits(EmptyScores, ScoreBins.Count) && Fits(LagLost, Lags)
        && Fits(LagFrames, Lags) && Fits([Frames, EmptyFrames, Appeared, AppearedExpected], 4)
        && Detail is null or > 0 && FrameS is null or > 0;

    /// <summary>With a frame looked at in full quality.</summary>
    public SceneSeen With(SceneLook look, double keep)
    {
        bool isEmpty = look.Full.Skip(ScoreBins.Weak).Sum() == 0;
        return this with
        {
            Scores = Added(Scores, keep, isEmpty ? [] : look.Full),
            Frames = keep * Frames + (isEmpty ? 0 : 1),
            EmptyScores = Added(EmptyScores, keep, isEmpty ? look.Full : []),
            EmptyFrames = keep * EmptyFrames + (isEmpty ? 1 : 0),
            Detail = look.Detail > 0 && double.IsFinite(look.Detail) ? look.Detail : Detail,
        };
    }

    /// <summary>With what a second told of older answers.</summary>
    public SceneSeen With(ImmutableArray<LagReading> lags, double keep)
    {
        double[] lost = [.. LagLost.Select(l => keep * l)], frames = [.. LagFrames.Select(f => keep * f)];
        foreach (var lag in lags.Where(l => l.Tenths is >= 1 and <= Lags && l.Frames > 0 && double.IsFinite(l.Lost)))
        {
            // A second counts alike however many of its frames were looked at.
            lost[lag.Tenths - 1] += lag.Lost / lag.Frames;
            frames[lag.Tenths - 1]++;
        }

        return this with { LagLost = [.. lost], LagFrames = [.. frames] };
    }

    static ImmutableArray<double> Added(ImmutableArray<double> sums, double keep, ImmutableArray<int> more) =>
        [.. sums.Select((sum, i) => keep * sum + (more.Length > 0 ? more[i] : 0))];

    static ImmutableArray<double> Zeros(int count) => new double[count].ToImmutableArray();

    static bool Fits(ImmutableArray<double> of, int count) =>
        !of.IsDefault && of.Length == count && of.All(v => double.IsFinite(v) && v >= 0);
}
