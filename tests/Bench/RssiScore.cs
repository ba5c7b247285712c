using System.Numerics;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>
/// What a grid filter answers for a track while its readings come in: where the tag was two seconds ago, and where it
/// is now, each a quarter of a second, against the truth.
/// </summary>
sealed class RssiScore
{
    /// <summary>
    /// The instant asked for lies so long before the newest reading: labels are made of windows that end before now.
    /// </summary>
    public const double LagS = 2;

    const double EveryS = 0.25;

    readonly List<double> _errors = [], _errorsNow = [];
    int _asked, _answered, _insideX, _insideY;

    /// <summary>Errors with the lag, metres, ascending.</summary>
    public IReadOnlyList<double> Errors => [.. _errors.Order()];

    /// <summary>Errors without it.</summary>
    public IReadOnlyList<double> ErrorsNow => [.. _errorsNow.Order()];

    /// <summary>Share of errors along x within one stated standard deviation.</summary>
    public double? CoverX => _errors.Count == 0 ? null : _insideX / (double)_errors.Count;

    /// <inheritdoc cref="CoverX"/>
    public double? CoverY => _errors.Count == 0 ? null : _insideY / (double)_errors.Count;

    /// <summary>Share of instants with an answer.</summary>
    public double? Answered => _asked == 0 ? null : _answered / (double)_asked;

    public static double? At(IReadOnlyList<double> ascending, double share) =>
        ascending.Count == 0 ? null : ascending[Math.Min(ascending.Count - 1, (int)(share * ascending.Count))];

    /// <summary>Runs the filter over a track and adds its errors.</summary>
    public void Run(RssiField field, RadioTrack track)
    {
        var trail = new RssiTrail(field, historyS: 15, staleS: 2);
        double next = double.NegativeInfinity;
        foreach (var (at, power) in track.Heard)
        {
            trail.Take(MonoTime.FromSeconds(at), power.Scanner, power.Dbm);
            if (at < next) continue;
            next = at + EveryS;
            if (Error(trail, track, at) is { } now) _errorsNow.Add(now.Off.Length());
            if (track.PlaceAt(at - LagS) is null) continue;
            _asked++;
            if (Error(trail, track, at - LagS) is not { } then) continue;
            _answered++;
            _errors.Add(then.Off.Length());
            if (then.Off.X * then.Off.X <= then.Covariance.Xx) _insideX++;
            if (then.Off.Y * then.Off.Y <= then.Covariance.Yy) _insideY++;
        }
    }

    /// <summary>
    /// Each track with a field of its own, on all cores, in the order given; null leaves a track out.
    /// </summary>
    public static IReadOnlyList<RssiScore> OfEach(
        IReadOnlyList<RadioTrack> tracks, Func<RadioTrack, RssiField?> field)
    {
        var scores = new RssiScore[tracks.Count];
        Parallel.For(0, tracks.Count, i =>
        {
            scores[i] = new RssiScore();
            if (field(tracks[i]) is { } own) scores[i].Run(own, tracks[i]);
        });
        return scores;
    }

    /// <summary>All instants of several.</summary>
    public static RssiScore Sum(IEnumerable<RssiScore> scores)
    {
        var sum = new RssiScore();
        foreach (var one in scores)
        {
            sum._errors.AddRange(one._errors);
            sum._errorsNow.AddRange(one._errorsNow);
            sum._asked += one._asked;
            sum._answered += one._answered;
            sum._insideX += one._insideX;
            sum._insideY += one._insideY;
        }

        return sum;
    }

    static (Vector2 Off, Covariance2 Covariance)? Error(RssiTrail trail, RadioTrack track, double at) =>
        track.PlaceAt(at) is { } place && trail.TryEstimateAt(MonoTime.FromSeconds(at), out var estimate)
            ? (estimate.PositionM - place, estimate.Covariance) : null;

    /// <summary>Tells the figures that all parts have in common.</summary>
    /// <param name="medianM">goal of the median, or empty</param>
    /// <param name="p90M">goal of the 90th percentile, or empty</param>
    public void Tell(Report report, string on, string how, string medianM, string p90M)
    {
        report.Add($"{how} median", At(Errors, 0.5), "m", medianM, on);
        report.Add($"{how} p90", At(Errors, 0.9), "m", p90M, on);
        report.Add($"{how} median, no lag", At(ErrorsNow, 0.5), "m", "", on);
        report.Add($"{how} p90, no lag", At(ErrorsNow, 0.9), "m", "", on);
        foreach (var (axis, share) in new[] { ("x", CoverX), ("y", CoverY) })
        {
            report.Add($"{how} within 1 sigma, {axis}", share, "", ">=0.60", on);
            report.Add($"{how} within 1 sigma at most, {axis}", share, "", "<=0.76", on);
        }

        report.Add($"{how} answered", Answered, "", ">=0.95", on);
    }
}
