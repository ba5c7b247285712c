using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What became of a reading.</summary>
enum Uptake { Used, Gathered, Refused, Late, Outdone }

/// <summary>One tag: its filter, the readings that start it, and where it was over the last seconds.</summary>
sealed class TagTrail
{
    // Readings older than the filter by more than this are of no use: a walker has gone 0.3 m.
    const double LateS = 0.2;

    // Fixes are remembered this far apart at the closest, and readings gathered to start a filter live this long.
    const double SpacingS = 0.05, GatherS = 1;

    // A filter that has lost its tag still believes a reading now and then, by chance: a station may be as far from
    // both places. So it is the share of the last dozen readings or so that counts, two rounds of six anchors.
    const double RefusedShareMax = 0.5, RefusedMemory = 12;

    readonly RadioSettings _settings;
    readonly Past[] _past;
    readonly Dictionary<string, (Observation Reading, Vector3 FromM)> _gathered = new(StringComparer.Ordinal);
    readonly double _density;
    FloorFilter _filter;
    MonoTime _filterAt;
    MonoTime _believedAt;
    MonoTime? _preciseAt;
    bool _isCoarse;
    double _refusedShare;
    double? _heightM;
    bool _isStarted;
    int _count;
    int _next;

    public TagTrail(string tag, RadioSettings settings)
    {
        Tag = tag;
        _settings = settings;
        _past = new Past[(int)(settings.HistoryS / SpacingS) + 2];
        // An acceleration that is renewed every second has this spectral density, m^2/s^3.
        _density = settings.AccelerationMps2 * settings.AccelerationMps2;
    }

    public string Tag { get; }

    public MonoTime HeardAt { get; private set; }

    /// <summary>Takes in a reading; <paramref name="fromM"/> is its station's place.</summary>
    public Uptake Take(in Observation reading, Vector3 fromM)
    {
        if (reading.At > HeardAt || HeardAt == default) HeardAt = reading.At;
        if (_isStarted && (reading.At - _filterAt).TotalSeconds is var ahead && ahead < -LateS) return Uptake.Late;
        if (IsOutdone(reading)) return Uptake.Outdone;
        if (_isStarted && IsToBeginAnew(reading)) Restart();
        if (!_isStarted)
        {
            if (!TryStart(reading, fromM)) return Uptake.Gathered;
            Remember();
            return Uptake.Used;
        }

        double seconds = Math.Max(0, (reading.At - _filterAt).TotalSeconds);
        if (seconds > 0)
        {
            _filter.Predict(seconds, _density);
            _filterAt = reading.At;
        }

        Gather(reading, fromM);
        bool isBelieved = Correct(reading, fromM);
        _refusedShare += ((isBelieved ? 0 : 1) - _refusedShare) / RefusedMemory;
        if (!isBelieved) return Uptake.Refused;

        _believedAt = _filterAt;
        Remember();
        return Uptake.Used;
    }

    // A tag whose ranges are heard needs no received powers: one range says as much as thousands of them, and since
    // shadowing stays for metres their errors do not average out, they only pull.
    bool IsOutdone(in Observation reading)
    {
        if (reading.Kind == ObservationKind.Rssi)
            return _preciseAt is { } precise && (reading.At - precise).TotalSeconds <= _settings.StaleS;
        _preciseAt = reading.At;
        return false;
    }

    // Most readings refused, or all for too long; or the first range of a tag that was known by received power only,
    // to a few metres.
    bool IsToBeginAnew(in Observation reading) =>
        _refusedShare > RefusedShareMax
        || (reading.At - _believedAt).TotalSeconds > _settings.RestartS
        || (_isCoarse && reading.Kind != ObservationKind.Rssi);

    /// <summary>
    /// The fix at an instant: between two remembered ones along the path that meets both places and speeds, after the
    /// last one straight on while it is not stale. False where nothing is known.
    /// </summary>
    public bool TryFixAt(MonoTime at, out Fix fix)
    {
        fix = default;
        if (_count == 0) return false;
        int newest = _count - 1;
        double after = (at - Nth(newest).At).TotalSeconds;
        if (after >= 0)
        {
            if (after > _settings.StaleS) return false;
            fix = Ahead(Nth(newest), after, at);
            return true;
        }

        int low = -1, high = newest; // low is before the instant or none, high is after it
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Nth(middle).At <= at) low = middle;
            else high = middle;
        }

        if (low < 0) return false;
        var a = Nth(low);
        var b = Nth(high);
        double gap = (b.At - a.At).TotalSeconds, since = (at - a.At).TotalSeconds;
        if (gap <= 2 * _settings.StaleS && !b.IsAnew) fix = Between(a, b, since / gap, gap, at);
        else if (since <= _settings.StaleS) fix = Ahead(a, since, at);
        else return false;
        return true;
    }

    Fix Ahead(in Past from, double seconds, MonoTime at)
    {
        var filter = from.Filter;
        filter.Predict(seconds, _density);
        return new Fix(at, Tag, filter.PositionM, from.HeightM, filter.Covariance);
    }

    Fix Between(in Past a, in Past b, double share, double gap, MonoTime at)
    {
        float s = (float)share, t = 1 - s;
        // Hermite's cubic.
        var place = (((1 + (2 * s)) * t * t) * a.Filter.PositionM) + ((s * t * t * (float)gap) * a.Filter.VelocityMps)
            + ((s * s * (3 - (2 * s))) * b.Filter.PositionM) - ((s * s * t * (float)gap) * b.Filter.VelocityMps);
        var ca = a.Filter.Covariance;
        var cb = b.Filter.Covariance;
        // An integrated random walk tied at both ends strays by q gap^3 s^3 t^3 / 3 in between.
        double stray = _density * gap * gap * gap * s * s * s * t * t * t / 3;
        var covariance = new Covariance2(
            (t * ca.Xx) + (s * cb.Xx) + stray, (t * ca.Xy) + (s * cb.Xy), (t * ca.Yy) + (s * cb.Yy) + stray);
        return new Fix(at, Tag, place, b.HeightM ?? a.HeightM, covariance);
    }

    bool Correct(in Observation reading, Vector3 fromM)
    {
        var at = _filter.PositionM;
        switch (reading.Kind)
        {
            case ObservationKind.Position:
                double variance = VarianceOf(reading);
                var off = new Vector2(reading.PositionM.X, reading.PositionM.Y) - at;
                // Both axes or neither: half a reflected position is still a reflected position.
                var spread = _filter.Covariance + Covariance2.Isotropic(variance);
                double gate = _settings.GateSigmas * _settings.GateSigmas;
                if (spread.SquaredLength(off) is not { } surprise || surprise > gate) return false;
                _heightM = reading.PositionM.Z;
                bool isTaken = _filter.Correct(off.X, 1, 0, variance, _settings);
                off = new Vector2(reading.PositionM.X, reading.PositionM.Y) - _filter.PositionM;
                return _filter.Correct(off.Y, 0, 1, variance, _settings) || isTaken;
            case ObservationKind.Range:
                Slope(at, fromM, out double expected, out double hx, out double hy);
                return _filter.Correct(reading.Value - expected, hx, hy, VarianceOf(reading), _settings);
            default:
                Slope(at, fromM, out double distance, out hx, out hy);
                distance = Math.Max(0.5, distance); // nearer than half a metre the law does not hold
                double power = _settings.RssiAtOneMetreDbm - (10 * _settings.PathLossExponent * Math.Log10(distance));
                double perMetre = -10 * _settings.PathLossExponent / Math.Log(10) / distance;
                return _filter.Correct(
                    reading.Value - power, hx * perMetre, hy * perMetre, VarianceOf(reading), _settings);
        }
    }

    void Slope(Vector2 at, Vector3 fromM, out double distance, out double hx, out double hy)
    {
        double dx = at.X - fromM.X, dy = at.Y - fromM.Y, dz = (_heightM ?? _settings.TagHeightM) - fromM.Z;
        distance = Math.Max(1e-3, Math.Sqrt((dx * dx) + (dy * dy) + (dz * dz)));
        hx = dx / distance;
        hy = dy / distance;
    }

    double VarianceOf(in Observation reading)
    {
        // A module's own figure is believed down to 3 cm: below that geometry and bodies are the error.
        if (reading.Variance is { } stated && stated > 0 && double.IsFinite(stated)) return Math.Max(9e-4, stated);
        double sigma = reading.Kind switch
        {
            ObservationKind.Range => _settings.RangeSigmaM,
            ObservationKind.Position => _settings.PositionSigmaM,
            _ => _settings.RssiSigmaDb,
        };
        return sigma * sigma;
    }

    bool TryStart(in Observation reading, Vector3 fromM)
    {
        if (reading.Kind == ObservationKind.Position)
        {
            _heightM = reading.PositionM.Z;
            Begin(new Vector2(reading.PositionM.X, reading.PositionM.Y), Math.Sqrt(VarianceOf(reading)), reading);
            return true;
        }

        Gather(reading, fromM);
        var distances = new List<Distance>(_gathered.Count);
        foreach (string station in _gathered.Keys.Order(StringComparer.Ordinal))
        {
            var (gathered, from) = _gathered[station];
            if (Math.Abs((reading.At - gathered.At).TotalSeconds) > GatherS || gathered.Kind != reading.Kind) continue;
            distances.Add(DistanceOf(gathered, from));
        }

        if (!Multilateration.TrySolve(
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(distances),
            _heightM ?? _settings.TagHeightM, out var at, out double sigmaM)) return false;
        Begin(at, Math.Max(sigmaM, 0.1), reading);
        return true;
    }

    Distance DistanceOf(in Observation reading, Vector3 fromM)
    {
        if (reading.Kind == ObservationKind.Range)
        {
            return new Distance(fromM, reading.Value, Math.Sqrt(VarianceOf(reading)));
        }

        double slope = 10 * _settings.PathLossExponent;
        double metres = Math.Pow(10, (_settings.RssiAtOneMetreDbm - reading.Value) / slope);
        metres = Math.Clamp(metres, 0.5, 100);
        // To first order an error in dB is a part of the distance: 6 dB at exponent 2 is 69 %.
        return new Distance(fromM, metres, metres * Math.Log(10) / slope * Math.Sqrt(VarianceOf(reading)));
    }

    void Gather(in Observation reading, Vector3 fromM)
    {
        if (reading.Kind != ObservationKind.Position) _gathered[reading.Station] = (reading, fromM);
    }

    void Begin(Vector2 at, double sigmaM, in Observation first)
    {
        _filter = new FloorFilter(at, sigmaM);
        _filterAt = _believedAt = first.At;
        _isCoarse = first.Kind == ObservationKind.Rssi;
        _isStarted = true;
        _refusedShare = 0;
        IsAnew = true;
    }

    void Restart()
    {
        _isStarted = false;
        _heightM = null;
    }

    bool IsAnew { get; set; }

    void Remember()
    {
        var now = new Past(_filterAt, _filter, _heightM, IsAnew);
        // The newest is kept up to date until it is far enough from the one before it.
        bool isNear = _count >= 2 && !IsAnew && !Nth(_count - 1).IsAnew
            && (_filterAt - Nth(_count - 2).At).TotalSeconds < SpacingS;
        if (isNear) _past[(_next + _past.Length - 1) % _past.Length] = now;
        else
        {
            _past[_next] = now;
            _next = (_next + 1) % _past.Length;
            _count = Math.Min(_count + 1, _past.Length);
        }

        IsAnew = false;
    }

    Past Nth(int n) => _past[(_next - _count + n + (2 * _past.Length)) % _past.Length];

    /// <param name="IsAnew">the filter was started here: no path leads to it from the one before</param>
    readonly record struct Past(MonoTime At, FloorFilter Filter, double? HeightM, bool IsAnew);
}
