using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// One tag heard by power only: its readings gathered into the grid filter's steps, and where it was over the last
/// seconds. Steps end when a reading comes that is past them by <see cref="LateS"/>, so readings may come late by
/// that much. The same readings give the same fixes.
/// </summary>
sealed class RssiTrail
{
    /// <summary>How late a reading may come and still be taken, seconds.</summary>
    public const double LateS = 0.2;

    /// <summary>A tag not heard for so long may be anywhere: the filter begins anew, seconds.</summary>
    public const double LostS = 10;

    readonly RssiField _field;
    readonly RssiGrid _grid;
    readonly Past[] _past;
    readonly double _staleS;
    float[] _sums, _nextSums;
    int[] _counts, _nextCounts;
    MonoTime _start;
    MonoTime _heardAt;
    long _step; // the one being gathered; the next is gathered beside it
    int _remembered;
    bool _isStarted;

    /// <param name="historyS">how far back fixes can be asked for, seconds</param>
    /// <param name="staleS">nothing heard for so long: no fix, seconds</param>
    public RssiTrail(RssiField field, double historyS, double staleS)
    {
        _field = field;
        _grid = new RssiGrid(field);
        _past = new Past[(int)(historyS / RssiGrid.StepS) + 1 + RssiGrid.Lag];
        _staleS = staleS;
        (_sums, _nextSums) = (new float[field.Scanners], new float[field.Scanners]);
        (_counts, _nextCounts) = (new int[field.Scanners], new int[field.Scanners]);
    }

    /// <summary>Readings from scanners the field does not know.</summary>
    public long UnknownScanner { get; private set; }

    /// <summary>Takes in a reading.</summary>
    /// <param name="dbm">received power</param>
    public Uptake Take(MonoTime at, string scanner, double dbm)
    {
        if (!_field.TryNumber(scanner, out int number))
        {
            UnknownScanner++;
            return Uptake.Refused;
        }

        if (_isStarted && (at - _heardAt).TotalSeconds > LostS) Restart();
        if (!_isStarted) Begin(at);
        long step = StepOf(at);
        while (step > _step + 1 || (step == _step + 1 && (at - EndOf(_step)).TotalSeconds >= LateS)) Close();
        if (step < _step) return Uptake.Late;
        var (sums, counts) = step == _step ? (_sums, _counts) : (_nextSums, _nextCounts);
        sums[number] += (float)dbm;
        counts[number]++;
        if (at > _heardAt) _heardAt = at;
        return Uptake.Used;
    }

    /// <summary>
    /// Where the tag was at an instant: between two steps on the straight line, after the last one on along its
    /// velocity while something was heard of late. Steps two seconds old are corrected by what came after them.
    /// </summary>
    public bool TryEstimateAt(MonoTime at, out RssiEstimate estimate)
    {
        estimate = default;
        if (_remembered == 0 || (at - _heardAt).TotalSeconds > _staleS) return false;
        int newest = _remembered - 1;
        double after = (at - Nth(newest).At).TotalSeconds;
        if (after >= 0)
        {
            estimate = Ahead(Nth(newest).Estimate, after);
            return true;
        }

        // Steps are evenly apart: the one before the instant is found by counting.
        int low = newest - (int)Math.Ceiling(-after / RssiGrid.StepS);
        if (low < 0) return false;
        var (a, b) = (Nth(low), Nth(low + 1));
        float share = (float)((at - a.At).TotalSeconds / RssiGrid.StepS);
        estimate = Between(a.Estimate, b.Estimate, share);
        return true;
    }

    /// <summary>The newest step without correction by later ones, carried to its end; null before the first.</summary>
    public (MonoTime At, RssiEstimate Estimate)? Newest => _remembered == 0
        ? null : (EndOf(_step - 1), Ahead(_grid.Filtered, RssiGrid.StepS / 2));

    static RssiEstimate Ahead(in RssiEstimate last, double seconds)
    {
        // A velocity known to a walker's half speed, and a grid's own half cell.
        const double SpeedVariance = 0.36;
        double stray = SpeedVariance * Math.Max(0, seconds - (RssiGrid.StepS / 2)) * seconds;
        return last with
        {
            PositionM = last.PositionM + (last.VelocityMps * (float)seconds),
            Covariance = last.Covariance + Covariance2.Isotropic(stray),
        };
    }

    static RssiEstimate Between(in RssiEstimate a, in RssiEstimate b, float share) => new(
        Vector2.Lerp(a.PositionM, b.PositionM, share), Vector2.Lerp(a.VelocityMps, b.VelocityMps, share),
        new Covariance2(
            double.Lerp(a.Covariance.Xx, b.Covariance.Xx, share), double.Lerp(a.Covariance.Xy, b.Covariance.Xy, share),
            double.Lerp(a.Covariance.Yy, b.Covariance.Yy, share)),
        b.OffsetDb);

    void Begin(MonoTime at)
    {
        _start = _heardAt = at;
        _step = 0;
        _isStarted = true;
    }

    void Restart()
    {
        _grid.Reset();
        _isStarted = false;
        _remembered = 0;
        Clear(_sums, _counts);
        Clear(_nextSums, _nextCounts);
    }

    void Close()
    {
        _grid.Step(_sums, _counts);
        _grid.Smooth();
        _past[(int)(_step % _past.Length)] = new Past(MiddleOf(_step), _grid.Filtered);
        for (int before = 1; before < _grid.Remembered; before++)
        {
            long step = _step - before;
            _past[(int)(step % _past.Length)] = new Past(MiddleOf(step), _grid.Smoothed(before));
        }

        _remembered = Math.Min(_remembered + 1, _past.Length);
        _step++;
        Clear(_sums, _counts);
        (_sums, _nextSums) = (_nextSums, _sums);
        (_counts, _nextCounts) = (_nextCounts, _counts);
    }

    static void Clear(float[] sums, int[] counts)
    {
        sums.AsSpan().Clear();
        counts.AsSpan().Clear();
    }

    long StepOf(MonoTime at) => (long)Math.Floor((at - _start).TotalSeconds / RssiGrid.StepS);

    MonoTime EndOf(long step) => _start + TimeSpan.FromSeconds((step + 1) * RssiGrid.StepS);

    MonoTime MiddleOf(long step) => _start + TimeSpan.FromSeconds((step + 0.5) * RssiGrid.StepS);

    Past Nth(int n) => _past[(int)((_step - _remembered + n) % _past.Length)];

    readonly record struct Past(MonoTime At, RssiEstimate Estimate);
}
