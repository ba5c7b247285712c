using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>What the residuals say.</summary>
/// <param name="Alarm">why the camera's pose is in doubt; null when it is not</param>
/// <param name="AlongM">mean of track less tag away from the camera, of late; null while too few are matched</param>
/// <param name="AcrossM">the same to the right</param>
/// <param name="MatchedShare">tags in sight that a track is matched to, 0 to 1; null while none is in sight</param>
readonly record struct ResidualView(string? Alarm, double? AlongM, double? AcrossM, double? MatchedShare);

/// <summary>
/// Notices a bumped camera: where tracks stand less where their tags are, away from the camera and across, summed up
/// pair by pair over two seconds in units of what both are known to. Page's cumulative sums (1954) follow the mean to
/// either side and the spread, and a third sum the share of tags in sight that are matched, because a pose that is
/// far off leaves nothing to match. One alarm, until the residuals are back. Not thread safe: the scene's thread.
/// </summary>
sealed partial class ResidualWatch(FusionSettings settings, ILogger log)
{
    // A tag's error and a walker's gait last a second or two: what is nearer together tells the same.
    const double BlockS = 2;

    // One block moves a sum by no more than this, whatever went wrong in it.
    const double ClipSigmas = 3;

    // A shift of less than this is not looked for: a pose from a minute's walk is off by half a sigma itself.
    const double MeanSlack = 1;

    // The spread of sound residuals is 1 by construction, and a little more where what is known is said too well.
    const double SpreadSlack = 1.25;

    // In 200 sound minutes of the twin the means summed up to 7, the spread to 20. A shift of two sigmas takes 14
    // blocks, which is half a minute with three people.
    const double Limit = 14, SpreadLimit = 30;

    // Every site has its own lasting residual (how a detector draws feet, how tags are worn): it is learnt from the
    // first blocks, up to half of what a bump of two degrees makes at 20 m.
    const int Learnt = 300;

    const double LearntMax = 0.8;

    // The share of matched tags: counted each second, a tag at a time; gone when it is below half of what it was. On
    // the twin sound walks summed up to 28.
    const double ShareLimit = 45, ShareMemory = 400, ShareLearnt = 200;

    // Blocks the means are told over, and as many sound ones end an alarm.
    const int Recent = 30;

    const double SoundMean = 0.6;

    readonly Dictionary<(int Track, string Tag), Block> _blocks = [];
    readonly List<(int Track, string Tag)> _stale = [];
    readonly Queue<Sample> _recent = new(Recent + 1);
    readonly double[] _sums = new double[5];
    MonoTime? _last;
    MonoTime _nextSecond;
    double _usualAlong, _usualAcross;
    double _share, _shareCount, _shareSum, _shareOfLate;
    bool _hasShareOfLate;

    public ResidualView View { get; private set; }

    /// <summary>Blocks judged so far.</summary>
    public long Blocks { get; private set; }

    /// <summary>Alarms raised so far.</summary>
    public long Alarms { get; private set; }

    /// <summary>Takes in a frame's located tracks.</summary>
    /// <param name="geometry">for frames of that size; null: there is nothing to watch</param>
    public void Note(in Located located, CameraGeometry? geometry)
    {
        if (geometry is null) return;
        var at = located.Frame.At;
        if (_last is { } last && at < last) Forget();
        _last = at;
        foreach (ref readonly var track in located.Tracks.AsSpan())
        {
            if (track is { Match: { } match, Track.Measured: not null, GroundM: { } ground, Away: { } away }
                && FixOf(located, match.Tag) is { } fix) Add(at, track, match.Tag, ground, away, fix);
        }

        if (at < _nextSecond) return;
        _nextSecond = at + TimeSpan.FromSeconds(1);
        Count(located, geometry);
        Drop(at);
    }

    static Localization.Fix? FixOf(in Located located, string tag)
    {
        foreach (ref readonly var fix in located.Fixes.AsSpan()) if (fix.Tag == tag) return fix;
        return null;
    }

    void Add(
        MonoTime at, in LocatedTrack track, string tag, Vector2 ground, Vector2 away, in Localization.Fix fix)
    {
        var key = (track.Track.Id, tag);
        if (!_blocks.TryGetValue(key, out var block)) block = new Block { Began = at };
        var off = ground - fix.PositionM;
        var right = new Vector2(away.Y, -away.X);
        var spread = track.GroundCovariance!.Value + fix.Covariance
            + Localization.Covariance2.Isotropic(settings.BodyOffsetM * settings.BodyOffsetM);
        float along = Vector2.Dot(off, away), across = Vector2.Dot(off, right);
        block.Count++;
        block.AlongM += along;
        block.AcrossM += across;
        block.Along += along / Math.Sqrt(Variance(spread, away));
        block.Across += across / Math.Sqrt(Variance(spread, right));
        if ((at - block.Began).TotalSeconds >= BlockS)
        {
            Judge(block);
            block = new Block { Began = at };
        }

        _blocks[key] = block;
    }

    static double Variance(in Localization.Covariance2 c, Vector2 d) =>
        Math.Max(1e-6, (c.Xx * d.X * d.X) + (2 * c.Xy * d.X * d.Y) + (c.Yy * d.Y * d.Y));

    void Judge(in Block block)
    {
        double along = Math.Clamp(block.Along / block.Count, -ClipSigmas, ClipSigmas);
        double across = Math.Clamp(block.Across / block.Count, -ClipSigmas, ClipSigmas);
        Blocks++;
        if (Blocks <= Learnt)
        {
            _usualAlong = Math.Clamp(_usualAlong + ((along - _usualAlong) / Blocks), -LearntMax, LearntMax);
            _usualAcross = Math.Clamp(_usualAcross + ((across - _usualAcross) / Blocks), -LearntMax, LearntMax);
        }

        (along, across) = (along - _usualAlong, across - _usualAcross);
        Step(0, along - MeanSlack);
        Step(1, -along - MeanSlack);
        Step(2, across - MeanSlack);
        Step(3, -across - MeanSlack);
        Step(4, (((along * along) + (across * across)) / 2) - SpreadSlack);
        _recent.Enqueue(new Sample(along, across, block.AlongM / block.Count, block.AcrossM / block.Count));
        if (_recent.Count > Recent) _recent.Dequeue();
        Tell();
    }

    void Step(int i, double by) => _sums[i] = Math.Clamp(_sums[i] + by, 0, 2 * SpreadLimit);

    void Count(in Located located, CameraGeometry geometry)
    {
        int inSight = 0, matched = 0;
        foreach (ref readonly var fix in located.Fixes.AsSpan())
        {
            // Near the picture's edge a box is cut, and a fix may be on either side of it.
            if (geometry.ImageAt(fix.PositionM) is not { } p || p.X < 0.08f * geometry.Width
                || p.X > 0.92f * geometry.Width || p.Y < 0 || p.Y > 0.92f * geometry.Height) continue;
            inSight++;
            foreach (ref readonly var track in located.Tracks.AsSpan())
            {
                if (track.Match is { } match && match.Tag == fix.Tag) matched++;
            }
        }

        if (inSight == 0) return;
        double share = Math.Min(1, matched / (double)inSight);
        _shareOfLate = _hasShareOfLate ? _shareOfLate + ((share - _shareOfLate) * Math.Min(1, inSight / 30.0)) : share;
        _hasShareOfLate = true;
        if (_shareCount >= ShareLearnt)
            _shareSum = Math.Clamp(_shareSum + (inSight * ((_share / 2) - share)), 0, 2 * ShareLimit);
        if (View.Alarm is null)
        {
            _shareCount += inSight;
            _share += (share - _share) * inSight / Math.Min(_shareCount, ShareMemory * 10);
        }

        Tell();
    }

    void Tell()
    {
        string? alarm = View.Alarm;
        if (alarm is null && Reason() is { } reason)
        {
            alarm = reason;
            Alarms++;
            LogBumped(reason);
        }
        else if (alarm is not null && IsSound())
        {
            alarm = null;
            Array.Clear(_sums);
            _shareSum = 0;
            LogSettled();
        }

        bool hasMean = _recent.Count >= 5;
        View = new ResidualView(
            alarm, hasMean ? Mean(sample => sample.AlongM) : null, hasMean ? Mean(sample => sample.AcrossM) : null,
            _hasShareOfLate ? _shareOfLate : null);
    }

    string? Reason()
    {
        bool isOff = _sums.AsSpan(0, 4).ContainsAnyExceptInRange(0, Limit), isWide = _sums[4] > SpreadLimit;
        if (isOff || isWide)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"tracks stand {Mean(s => s.AlongM):F2} m beyond and {Mean(s => s.AcrossM):F2} m right of their tags"
                + $"{(isOff ? "" : " and scatter")}: was the camera moved? calibrate it anew");
        }

        return _shareSum > ShareLimit
            ? string.Create(CultureInfo.InvariantCulture,
                $"{_shareOfLate:P0} of the tags in sight are matched, {_share:P0} were: was the camera moved? "
                + $"calibrate it anew")
            : null;
    }

    bool IsSound() =>
        _recent.Count >= Recent && Math.Abs(Mean(s => s.Along)) < SoundMean && Math.Abs(Mean(s => s.Across)) < SoundMean
        && Mean(s => ((s.Along * s.Along) + (s.Across * s.Across)) / 2) < SpreadSlack
        && !(_hasShareOfLate && _shareCount >= ShareLearnt && _shareOfLate < 0.7 * _share);

    double Mean(Func<Sample, double> of)
    {
        double sum = 0;
        foreach (var sample in _recent) sum += of(sample);
        return sum / Math.Max(1, _recent.Count);
    }

    void Drop(MonoTime at)
    {
        foreach (var (key, block) in _blocks) if ((at - block.Began).TotalSeconds > 2 * BlockS) _stale.Add(key);
        foreach (var key in _stale) _blocks.Remove(key);
        _stale.Clear();
    }

    // The clock of the frames went back: another session.
    void Forget()
    {
        _blocks.Clear();
        _nextSecond = default;
    }

    [LoggerMessage(4362, LogLevel.Error, "camera pose in doubt: {Reason}")]
    partial void LogBumped(string reason);

    [LoggerMessage(4363, LogLevel.Information, "camera pose no longer in doubt: tracks and tags meet again")]
    partial void LogSettled();

    struct Block
    {
        public MonoTime Began;
        public int Count;
        public double Along, Across, AlongM, AcrossM;
    }

    readonly record struct Sample(double Along, double Across, double AlongM, double AcrossM);
}
