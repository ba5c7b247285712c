using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// The numbers of the twin's radio. Path loss: fits on a measured office (CC0 position-annotated BLE set) give a 1 m
/// intercept of -57.6 to -66.4 dBm, an exponent of .99 to 2.33 and residuals of 3.3 to 4.7 dB; the twin takes their
/// middles. Ranges: two-way ranging of a DW1000 class module; its position error over four anchors in the measured
/// outdoor set is .26 to .50 m in the median, which .1 m in sight and the delays below reproduce.
/// </summary>
public sealed record TwinRadioModel
{
    public static TwinRadioModel Default { get; } = new();

    /// <summary>Ranging rounds a second.</summary>
    public double RangeRateHz { get; init; } = 10;

    /// <summary>Of a range in sight, metres.</summary>
    public double RangeDeviationM { get; init; } = .1;

    /// <summary>Of a range out of sight, on top of its delay, metres.</summary>
    public double HiddenDeviationM { get; init; } = .18;

    /// <summary>Mean delay of a path through or round a body, a vehicle or a prop; exponential, metres.</summary>
    public double HiddenBiasM { get; init; } = .35;

    /// <summary>How long a delay stays about the same, seconds.</summary>
    public double HiddenBiasS { get; init; } = 1.2;

    public double RangeLoss { get; init; } = .03;

    public double HiddenRangeLoss { get; init; } = .15;

    /// <summary>Share of ranges that took a reflection for the first path.</summary>
    public double OutlierShare { get; init; } = .01;

    /// <summary>Such a range is too long by up to this, metres, and by 1.5 at least.</summary>
    public double OutlierM { get; init; } = 8;

    /// <summary>Mean time between advertisements, seconds; each is late by up to 10 ms, as Bluetooth has it.</summary>
    public double AdvertisingS { get; init; } = .15;

    /// <summary>Received power at 1 m, dBm.</summary>
    public double PowerAt1MDbm { get; init; } = -61;

    public double PathLossExponent { get; init; } = 2;

    /// <summary>Of the shadowing, dB; it changes with the place, over <see cref="ShadowingM"/>.</summary>
    public double ShadowingDb { get; init; } = 4;

    public double ShadowingM { get; init; } = 2;

    /// <summary>Of the fading from packet to packet, dB.</summary>
    public double FadingDb { get; init; } = 2.2;

    /// <summary>A body or a vehicle in the way, dB.</summary>
    public double HiddenLossDb { get; init; } = 5;

    /// <summary>Weaker packets are not received, dBm.</summary>
    public double SensitivityDbm { get; init; } = -96;

    public double PacketLoss { get; init; } = .06;
}

/// <summary>
/// The twin's tags as anchors (UWB two-way ranges) and scanners (BLE received power) hear them. Every reading is a
/// pure function of world, seed and time, made as it is asked for: the same frame gets the same readings.
/// </summary>
public sealed class TwinRadio : IRadio
{
    /// <summary>Readings are made this far at a time: the buffer holds no more than one window's.</summary>
    const double WindowS = .1;

    /// <summary>Half of a body's width, metres: a straight path nearer to its middle is blocked.</summary>
    const float BodyM = .25f;

    readonly TwinWorld _world;
    readonly TwinRadioModel _model;
    readonly MonoTime _epoch;
    readonly ulong _seed;
    readonly Station[] _anchors;
    readonly Station[] _scanners;
    readonly List<Observation> _made = [];
    int _taken;
    long _window;
    long _given;

    /// <param name="epoch">the instant of the world's time zero: the camera's, so that both agree</param>
    public TwinRadio(TwinWorld world, MonoTime epoch, TwinRadioModel? model = null)
    {
        _world = world;
        _epoch = epoch;
        _model = model ?? TwinRadioModel.Default;
        _seed = Seeded.Mix((ulong)world.Seed, 23);
        _anchors = [.. world.Stations.Where(at => RadioPlan.IsAnchor(at.Id))];
        _scanners = [.. world.Stations.Where(at => !RadioPlan.IsAnchor(at.Id))];
    }

    public string Name => $"twin://{_world.Name}?seed={_world.Seed}";

    public IReadOnlyList<Station> Stations => _world.Stations;

    public RadioCounts Counts => new(_given, 0, 0);

    public int Drain(MonoTime until, Span<Observation> into)
    {
        int count = 0;
        while (count < into.Length)
        {
            if (_taken < _made.Count)
            {
                if (_made[_taken].At > until) break;
                into[count++] = _made[_taken++];
                continue;
            }

            if (_epoch + TimeSpan.FromSeconds(_window * WindowS) > until) break;
            Make(_window++);
        }

        _given += count;
        return count;
    }

    public void Dispose() { }

    void Make(long window)
    {
        _made.Clear();
        _taken = 0;
        double from = window * WindowS;
        foreach (var tag in _world.Tags)
        {
            MakeRanges(tag, from);
            MakePackets(tag, from);
        }

        _made.Sort(static (a, b) =>
        {
            int order = a.At.CompareTo(b.At);
            if (order != 0) return order;
            order = string.CompareOrdinal(a.Tag, b.Tag);
            return order != 0 ? order : string.CompareOrdinal(a.Station, b.Station);
        });
    }

    void MakeRanges(TwinTag tag, double from)
    {
        double interval = 1 / _model.RangeRateHz;
        // Tags take turns within a round; 4 ms of one turn are enough for six exchanges of .6 ms.
        const double TurnS = .004, ExchangeS = .0006;
        double turn = tag.Index * TurnS % interval;
        long first = (long)Math.Floor((from - turn - TurnS) / interval);
        for (long round = first; (round * interval) + turn < from + WindowS; round++)
        {
            for (int a = 0; a < _anchors.Length; a++)
            {
                double at = (round * interval) + turn + (a * ExchangeS);
                if (at < from || at >= from + WindowS) continue;
                var seeded = Draw(tag.Index, a, round, 1);
                if (Range(tag, a, at, ref seeded) is { } rangeM)
                {
                    _made.Add(Observation.OfRange(Instant(at), tag.Name, _anchors[a].Id, rangeM, null));
                }
            }
        }
    }

    double? Range(TwinTag tag, int anchor, double at, ref Seeded seeded)
    {
        var fromM = tag.PositionM(TimeSpan.FromSeconds(at));
        var toM = _anchors[anchor].PositionM;
        bool isHidden = IsHidden(tag, fromM, toM, at);
        if (seeded.Chance((float)(isHidden ? _model.HiddenRangeLoss : _model.RangeLoss))) return null;
        double rangeM = Vector3.Distance(fromM, toM);
        rangeM += seeded.Normal() * _model.RangeDeviationM;
        if (isHidden) rangeM += Delay(tag.Index, anchor, at) + (seeded.Normal() * _model.HiddenDeviationM);
        if (seeded.Chance((float)_model.OutlierShare)) rangeM += seeded.Between(1.5f, (float)_model.OutlierM);
        return Math.Max(.05, rangeM);
    }

    /// <summary>
    /// Exponential, drawn anew each <see cref="TwinRadioModel.HiddenBiasS"/> and blended between draws.
    /// </summary>
    double Delay(int tag, int anchor, double at)
    {
        double step = at / _model.HiddenBiasS;
        long before = (long)Math.Floor(step);
        double part = step - before;
        return ((1 - part) * Drawn(before)) + (part * Drawn(before + 1));

        double Drawn(long slot) => -_model.HiddenBiasM * Math.Log(1 - Draw(tag, anchor, slot, 2).Unit());
    }

    void MakePackets(TwinTag tag, double from)
    {
        const double LateS = .01;
        double interval = _model.AdvertisingS - (LateS / 2);
        double turn = Draw(tag.Index, 0, 0, 3).Unit() * interval;
        long first = (long)Math.Floor((from - turn - LateS) / interval);
        for (long packet = first; ; packet++)
        {
            var sent = Draw(tag.Index, 0, packet, 4);
            double at = (packet * interval) + turn + (sent.Unit() * LateS);
            if ((packet * interval) + turn >= from + WindowS) return;
            if (at < from || at >= from + WindowS) continue;
            for (int s = 0; s < _scanners.Length; s++)
            {
                var seeded = Draw(tag.Index, s, packet, 5);
                if (Power(tag, s, at, ref seeded) is { } dbm)
                {
                    _made.Add(Observation.OfRssi(Instant(at), tag.Name, _scanners[s].Id, dbm));
                }
            }
        }
    }

    double? Power(TwinTag tag, int scanner, double at, ref Seeded seeded)
    {
        var fromM = tag.PositionM(TimeSpan.FromSeconds(at));
        var toM = _scanners[scanner].PositionM;
        double dbm = MeanPowerDbm(Vector3.Distance(fromM, toM));
        dbm += _model.ShadowingDb * Shadowing(fromM, scanner);
        dbm += _model.FadingDb * seeded.Normal();
        if (IsHidden(tag, fromM, toM, at)) dbm -= _model.HiddenLossDb;
        dbm = Math.Round(dbm);
        return seeded.Chance((float)_model.PacketLoss) || dbm < _model.SensitivityDbm ? null : dbm;
    }

    double MeanPowerDbm(double distanceM) =>
        _model.PowerAt1MDbm - (10 * _model.PathLossExponent * Math.Log10(Math.Max(.3, distanceM)));

    /// <summary>Mean 0, deviation 1, the same at the same place: a field between normal draws on a grid.</summary>
    double Shadowing(Vector3 atM, int scanner)
    {
        double x = atM.X / _model.ShadowingM, y = atM.Y / _model.ShadowingM;
        double fx = Math.Floor(x), fy = Math.Floor(y), u = x - fx, v = y - fy, sum = 0, squares = 0;
        for (int corner = 0; corner < 4; corner++)
        {
            int dx = corner & 1, dy = corner >> 1;
            double weight = (dx == 0 ? 1 - u : u) * (dy == 0 ? 1 - v : v);
            ulong place = Seeded.Mix((ulong)(long)(fx + dx), (ulong)(long)(fy + dy));
            sum += weight * new Seeded(Seeded.Mix(place ^ _seed, (ulong)scanner)).Normal();
            squares += weight * weight;
        }

        // Without this the field would be calmer between the grid's corners than on them.
        return sum / Math.Sqrt(squares);
    }

    /// <summary>Whether the wearer's own body, somebody else, or a thing stands in the straight path.</summary>
    bool IsHidden(TwinTag tag, Vector3 fromM, Vector3 toM, double at)
    {
        if (tag.Carrier is { Person: not null } wearer)
        {
            // Worn on the chest: a station behind the back is heard through the body.
            float heading = wearer.Way.Stance(at).Heading;
            var path = Vector3.Normalize(toM - fromM);
            if ((path.X * MathF.Cos(heading)) + (path.Y * MathF.Sin(heading)) < -.35f) return true;
        }

        foreach (var actor in _world.Actors)
        {
            if (ReferenceEquals(actor, tag.Carrier)) continue;
            float roomM = actor.Vehicle is { } vehicle ? vehicle.WidthM * .6f : BodyM;
            float heightM = actor.Vehicle?.HeightM ?? actor.Person!.HeightM;
            if (Blocks(actor.Way.Stance(at).PositionM, roomM, heightM, fromM, toM)) return true;
        }

        foreach (var prop in _world.Site.Props)
        {
            if (prop.Kind == PropKind.Crates && Blocks(prop.AtM, prop.SizeM * .5f, prop.SizeM * 1.25f, fromM, toM))
                return true;
        }

        return false;
    }

    static bool Blocks(Vector2 atM, float roomM, float heightM, Vector3 fromM, Vector3 toM)
    {
        Vector2 start = new(fromM.X, fromM.Y), along = new Vector2(toM.X, toM.Y) - start;
        float part = Math.Clamp(Vector2.Dot(atM - start, along) / along.LengthSquared(), 0, 1);
        if (Vector2.DistanceSquared(atM, start + (along * part)) > roomM * roomM) return false;
        return float.Lerp(fromM.Z, toM.Z, part) < heightM;
    }

    Seeded Draw(int tag, int station, long number, ulong purpose) => new(Seeded.Mix(
        Seeded.Mix(_seed + purpose, (ulong)number), (ulong)((tag * 64) + station)));

    MonoTime Instant(double seconds) => _epoch + TimeSpan.FromSeconds(seconds);
}
