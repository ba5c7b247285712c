using System.Numerics;
using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What became of a reading.</summary>
enum Uptake { Used, Gathered, Refused, Late, Outdone }

/// <summary>One tag: its filter, the readings that start it, and where it was over the last seconds.</summary>
sealed class TagTrail
{
    // Readings gathered to start a filter live this long: a walker has gone a metre.
    const double GatherS = 1;

    // More links than this are not gathered: eight stations in all their pairs.
    const int GatheredMax = 56;

    // A filter that has lost its tag still believes a reading now and then, by chance: a station may be as far from
    // both places. So it is the share of the last dozen readings or so that counts, two rounds of six anchors.
    const double RefusedShareMax = 0.5, RefusedMemory = 12;

    // Of the last hundred or so: two seconds of six anchors at 10 Hz.
    const double ConsistencyMemory = 100;

    // Innovations say only in part how wrong a fix is, so their root counts, and neither a quiet minute nor a bad one
    // changes what is stated beyond this. On recordings 60 to 76 % of errors should lie within a deviation: without
    // this .77 (outdoors, ranges repeat three times better than assumed) and .84 (flights) do, with it .66 and .75.
    const double ScaleLeast = .6, ScaleMost = 2.5;

    // A twentieth of readings in sight lie beyond two sigma: three times as many of the last thirty are no chance.
    const double SurprisedSquare = 4, SurprisedShareMax = 0.15, SurprisedMemory = 30;

    // Worse than this on the floor, metres, a fix does not tell people apart who stand together.
    const double CoarseSigmaM = 1;

    readonly RadioSettings _settings;
    readonly LagWindow _window;
    readonly SettledTrail _settled;
    readonly StationSlots _slots = new();
    readonly List<Gathered> _gathered = new(GatheredMax);
    readonly List<Clue> _clues = new(GatheredMax);
    readonly Func<RssiField?>? _field;
    RssiTrail? _power;
    MonoTime _believedAt;
    MonoTime? _preciseAt;
    double _refusedShare;
    double _surprisedShare;
    bool _isStarted;

    /// <param name="field">what scanners hear where, made when the first power is heard; null: of no use here</param>
    public TagTrail(string tag, RadioSettings settings, Func<RssiField?>? field = null, MotionModel? model = null)
    {
        Tag = tag;
        _field = field;
        _settings = settings;
        _window = new LagWindow(model ?? MotionModel.Of(settings), settings, settings.SmoothS);
        _settled = new SettledTrail((int)(settings.HistoryS / LagWindow.NodeS) + 2);
    }

    public string Tag { get; }

    public MonoTime HeardAt { get; private set; }

    /// <summary>
    /// Mean of the innovations squared in units of their variance over the last readings: 1 where the filter knows
    /// how wrong it and its readings are, above where it is too sure; null before there were any.
    /// </summary>
    public double? Consistency { get; private set; }

    /// <summary>Takes in a reading of a station, and of a second one for a range difference.</summary>
    public Uptake Take(in Observation reading, Station? station, Station? other)
    {
        if (reading.At > HeardAt || HeardAt == default) HeardAt = reading.At;
        return reading.Kind == ObservationKind.Rssi ? TakePower(reading) : TakePrecise(reading, station, other);
    }

    Uptake TakePrecise(in Observation reading, Station? station, Station? other)
    {
        if (_isStarted && IsLate(reading.At)) return Uptake.Late;
        if (_preciseAt is not { } before || reading.At > before) _preciseAt = reading.At;
        if (_isStarted && IsToBeginAnew(reading)) _isStarted = false;
        if (!_isStarted) return TryStart(reading, station, other) ? Uptake.Used : Uptake.Gathered;
        Gather(reading, station, other);
        if (_window.IsFull(reading.At)) _window.Leave(reading.At, _settled);
        if (_window.IsTooLate(reading.At)) return Uptake.Late;
        bool isBelieved = Correct(reading, station, other);
        _refusedShare += ((isBelieved ? 0 : 1) - _refusedShare) / RefusedMemory;
        if (!isBelieved) return Uptake.Refused;
        if (reading.At > _believedAt) _believedAt = reading.At;
        return Uptake.Used;
    }

    bool IsLate(MonoTime at) => (HeardAt - at).TotalSeconds > _settings.LateS;

    // A tag whose ranges are heard needs no received powers: one range says as much as thousands of them, and since
    // shadowing stays for metres their errors do not average out, they only pull.
    Uptake TakePower(in Observation reading)
    {
        if (_preciseAt is { } precise && (reading.At - precise).TotalSeconds <= _settings.StaleS)
            return Uptake.Outdone;
        if (_power is null)
        {
            if (_field?.Invoke() is not { } field) return Uptake.Refused;
            _power = new RssiTrail(field, _settings.HistoryS, _settings.StaleS);
        }

        return _power.Take(reading.At, reading.Station, reading.Value);
    }

    // Most readings refused, or all for too long.
    bool IsToBeginAnew(in Observation reading) =>
        _refusedShare > RefusedShareMax || (reading.At - _believedAt).TotalSeconds > _settings.RestartS;

    /// <summary>
    /// The fix at an instant: between two remembered states along the path that meets both places and speeds, after
    /// the last one straight on while it is not stale. False where nothing is known. What came after the instant has
    /// its say in it. Where ranges and positions say nothing, received powers do, coarsely.
    /// </summary>
    public bool TryFixAt(MonoTime at, out Fix fix)
    {
        if (TryPreciseAt(at, out fix)) return true;
        if (_power is null || !_power.TryEstimateAt(at, out var coarse)) return false;
        fix = new Fix(at, Tag, coarse.PositionM, null, coarse.Covariance) { Quality = FixQuality.Coarse };
        return true;
    }

    bool TryPreciseAt(MonoTime at, out Fix fix)
    {
        fix = default;
        if (_window.Count == 0) return false;
        if (at >= _window.At)
        {
            double after = (at - _window.At).TotalSeconds;
            if (after > _settings.StaleS) return false;
            Span<double> numbers = stackalloc double[Motion.Numbers];
            var newest = Motion.Of(_window.Newest, numbers);
            fix = Ahead(newest, after, at);
            return true;
        }

        _window.Smooth();
        return _settled.TryFind(_window, at, out var before, out var next) && TryBetween(before, next, at, out fix);
    }

    bool TryBetween(in Motion a, in Motion b, MonoTime at, out Fix fix)
    {
        fix = default;
        double gap = (b.At - a.At).TotalSeconds, since = (at - a.At).TotalSeconds;
        if (gap <= 2 * _settings.StaleS && !b.IsAnew) fix = Between(a, b, since / gap, gap, at);
        else if (since <= _settings.StaleS) fix = Ahead(a, since, at);
        else return false;
        return true;
    }

    Fix Ahead(in Motion from, double seconds, MonoTime at)
    {
        Span<double> numbers = stackalloc double[Motion.Numbers];
        var there = from.Ahead(_window.Model, seconds, at, numbers);
        return FixOf(at, there.Position2, there.HeightM, there.Floor, there.HeightVariance, there.IsHeightKnown);
    }

    Fix Between(in Motion a, in Motion b, double share, double gap, MonoTime at)
    {
        double s = share, t = 1 - s;
        // Hermite's cubic.
        double From(int axis, in Motion a, in Motion b) =>
            ((1 + (2 * s)) * t * t * a.Place(axis)) + (s * t * t * gap * a.Velocity(axis))
            + (s * s * (3 - (2 * s)) * b.Place(axis)) - (s * s * t * gap * b.Velocity(axis));
        // An integrated random walk tied at both ends strays by q gap^3 s^3 t^3 / 3 in between.
        double stray = _window.Model.Density * gap * gap * gap * s * s * s * t * t * t / 3;
        Covariance2 ca = a.Floor, cb = b.Floor;
        var covariance = new Covariance2(
            (t * ca.Xx) + (s * cb.Xx) + stray, (t * ca.Xy) + (s * cb.Xy), (t * ca.Yy) + (s * cb.Yy) + stray);
        var place = new Vector2((float)From(0, a, b), (float)From(1, a, b));
        return FixOf(at, place, From(2, a, b), covariance,
            (t * a.HeightVariance) + (s * b.HeightVariance) + stray, a.IsHeightKnown || b.IsHeightKnown);
    }

    Fix FixOf(
        MonoTime at, Vector2 place, double height, in Covariance2 floor, double heightVariance, bool isHeightKnown)
    {
        double scale = Math.Clamp(Math.Sqrt(Consistency ?? 1), ScaleLeast, ScaleMost);
        var stated = new Covariance2(scale * floor.Xx, scale * floor.Xy, scale * floor.Yy);
        return new(at, Tag, place, isHeightKnown ? height : null, stated)
        {
            HeightVariance = isHeightKnown ? scale * heightVariance : null,
            Quality = QualityOf(at, stated),
        };
    }

    FixQuality QualityOf(MonoTime at, in Covariance2 floor)
    {
        if ((at - _believedAt).TotalSeconds > _settings.StaleS / 2) return FixQuality.Lost;
        if (Math.Max(floor.Xx, floor.Yy) > CoarseSigmaM * CoarseSigmaM) return FixQuality.Coarse;
        return _surprisedShare > SurprisedShareMax ? FixQuality.NlosSuspected : FixQuality.Good;
    }

    bool Correct(in Observation reading, Station? station, Station? other)
    {
        _window.IsHeightKnown |= reading.Kind == ObservationKind.Position;
        var link = LinkOf(reading, station, other);
        _clues.Clear();
        ClueParts.Of(reading, station, other, link, _settings, _clues);
        bool isBelieved = false;
        foreach (ref readonly var clue in CollectionsMarshal.AsSpan(_clues))
        {
            var verdict = _window.Take(clue);
            isBelieved |= verdict.IsBelieved;
            Judge(verdict);
        }

        return isBelieved;
    }

    void Judge(in Verdict verdict)
    {
        if (verdict.Surprise is not { } surprise) return;
        double gate = _settings.GateSigmas * _settings.GateSigmas;
        _surprisedShare += ((surprise > SurprisedSquare ? 1 : 0) - _surprisedShare) / SurprisedMemory;
        double bounded = Math.Min(surprise, gate);
        Consistency = Consistency is { } mean ? mean + ((bounded - mean) / ConsistencyMemory) : bounded;
    }

    (int? Slot, int? Other) LinkOf(in Observation reading, Station? station, Station? other)
    {
        switch (reading.Kind)
        {
            case ObservationKind.Range:
                return (Slot(station, ErrorKind.Range), null);
            case ObservationKind.RangeDifference:
                return (Slot(station, ErrorKind.Arrival), Slot(other, ErrorKind.Arrival));
            case ObservationKind.Position:
                int? place = _slots.OfPlace(HeardAt, out bool isNew);
                if (isNew) for (int axis = 0; axis < 3; axis++) _window.Filter.Open(axis, ErrorKind.Place);
                return (place, null);
            default:
                return (null, null);
        }
    }

    int? Slot(Station? station, ErrorKind kind)
    {
        if (station is null) return null;
        int slot = _slots.Of(station.Id, HeardAt, out bool isNew, out bool isTaken);
        // A slot that was another's: what the window holds of it is that one's.
        if (isTaken) _window.LeaveAll(_settled);
        if (isNew) _window.Filter.Open(slot, kind);
        return slot;
    }

    bool TryStart(in Observation reading, Station? station, Station? other)
    {
        Gather(reading, station, other);
        bool isOlder = _window.Count > 0 && reading.At < _window.At;
        if (isOlder || !TryPlace(reading, out var start)) return false;
        _window.LeaveEnd(_settled);
        _slots.Clear();
        bool isHeightKnown = reading.Kind == ObservationKind.Position || _window.Model.HeightM is null;
        _window.Begin(reading.At, start.PlaceM, start.Variances, isHeightKnown);
        _believedAt = reading.At;
        _isStarted = true;
        _refusedShare = 0;
        _surprisedShare = 0;
        return true;
    }

    bool TryPlace(in Observation reading, out Start start)
    {
        const float SureM = .1f;
        if (reading.Kind == ObservationKind.Position)
        {
            float variance = (float)ClueParts.VarianceOf(reading, _settings);
            start = new Start(reading.PositionM, new Vector3(variance));
            return true;
        }

        _clues.Clear();
        foreach (ref readonly var gathered in CollectionsMarshal.AsSpan(_gathered))
        {
            var past = gathered.Reading;
            if (Math.Abs((reading.At - past.At).TotalSeconds) > GatherS) continue;
            ClueParts.ToStart(past, gathered.Station, gathered.Other, _settings, _window.Model, _clues);
        }

        var model = _window.Model;
        double? sigma = model.HeightM is null ? null : model.HeightSigmaM;
        if (!Multilateration.TrySolve(
            CollectionsMarshal.AsSpan(_clues), model.HeightM ?? 0, sigma, out start)) return false;
        start = start with { Variances = Vector3.Max(start.Variances, new Vector3(SureM * SureM)) };
        return true;
    }

    void Gather(in Observation reading, Station? station, Station? other)
    {
        if (reading.Kind == ObservationKind.Position) return;
        var now = new Gathered(reading, station, other);
        var all = CollectionsMarshal.AsSpan(_gathered);
        int oldest = 0;
        for (int i = 0; i < all.Length; i++)
        {
            var past = all[i].Reading;
            if (past.Kind == reading.Kind && past.Station == reading.Station && past.Other == reading.Other)
            {
                if (reading.At >= past.At) all[i] = now;
                return;
            }

            if (past.At < all[oldest].Reading.At) oldest = i;
        }

        if (all.Length < GatheredMax) _gathered.Add(now);
        else all[oldest] = now;
    }

    readonly record struct Gathered(Observation Reading, Station? Station, Station? Other);
}
