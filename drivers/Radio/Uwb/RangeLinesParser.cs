using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// A line a reading, for modules that have no driver of their own: a few lines on a microcontroller, or of a script,
/// speak it. Metres, degrees, dBm; a last cell may be left out or empty where nothing is known.
/// <code>
/// range,TAG,ANCHOR,METRES[,VARIANCE m^2[,QUALITY 0 to 1]]
/// tdoa,TAG,STATION,OTHER,METRES[,VARIANCE m^2[,QUALITY]]      distance to OTHER less that to STATION
/// angle,TAG,STATION,AZIMUTH[,ELEVATION[,VARIANCE deg^2[,QUALITY]]]
/// rssi,TAG,SCANNER,DBM
/// pos,TAG,X,Y,Z[,VARIANCE m^2[,QUALITY]]
/// anchor,ID,X,Y,Z
/// # a remark
/// </code>
/// </summary>
sealed class RangeLinesParser : IRawParser, IStationFinder
{
    const int LineMax = 512;
    const int NameMax = 64;

    readonly LineBuffer _lines = new(LineMax);
    readonly NamePool _names = new();
    readonly StationBook _stations = new();
    long _malformed;

    public long Malformed => _malformed + _lines.TooLong;

    /// <summary>Positions given as <c>nan</c>: the module had none.</summary>
    public long WithoutFix { get; private set; }

    public IReadOnlyList<Station> Stations => _stations.Told;

    public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        while (_lines.TryTake(ref bytes, out var line))
        {
            var reading = line.Trim(" \t\0"u8);
            if (reading.IsEmpty || reading[0] == '#') continue;
            if (!TryRead(at, reading, into)) _malformed++;
        }
    }

    public void Reset() => _lines.Reset();

    bool TryRead(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        var cells = new Cells(line);
        if (!cells.TryNext(out var kind) || !TryName(ref cells, out string first)) return false;
        if (kind.SequenceEqual("range"u8)) return TryRange(at, first, ref cells, into);
        if (kind.SequenceEqual("tdoa"u8)) return TryDifference(at, first, ref cells, into);
        if (kind.SequenceEqual("angle"u8)) return TryAngle(at, first, ref cells, into);
        if (kind.SequenceEqual("rssi"u8)) return TryPower(at, first, ref cells, into);
        if (kind.SequenceEqual("pos"u8)) return TryFix(at, first, ref cells, into);
        if (!kind.SequenceEqual("anchor"u8) || !cells.TryPosition(out var placeM) || placeM is not { } known
            || !cells.IsAtEnd)
            return false;
        _stations.Tell(first, known);
        return true;
    }

    bool TryRange(MonoTime at, string tag, ref Cells cells, List<Observation> into)
    {
        if (!TryName(ref cells, out string anchor) || !cells.TryNumber(out double rangeM)
            || !UwbLimits.IsRange(rangeM) || !TryFigures(ref cells, out double? variance, out double? quality))
            return false;
        into.Add(Observation.OfRange(at, tag, anchor, Math.Max(0, rangeM), variance) with { Quality = quality });
        return true;
    }

    bool TryDifference(MonoTime at, string tag, ref Cells cells, List<Observation> into)
    {
        if (!TryName(ref cells, out string station) || !TryName(ref cells, out string other)
            || !cells.TryNumber(out double differenceM) || Math.Abs(differenceM) > UwbLimits.RangeMaxM
            || !TryFigures(ref cells, out double? variance, out double? quality))
            return false;
        into.Add(Observation.OfRangeDifference(at, tag, station, other, differenceM, variance) with
        {
            Quality = quality,
        });
        return true;
    }

    bool TryAngle(MonoTime at, string tag, ref Cells cells, List<Observation> into)
    {
        if (!TryName(ref cells, out string station) || !cells.TryNumber(out double azimuth)
            || Math.Abs(azimuth) > 360 || !cells.TryOptional(out double? elevation) || elevation is < -90 or > 90
            || !TryFigures(ref cells, out double? variance, out double? quality))
            return false;
        const double RadPerDeg = Math.PI / 180;
        into.Add(Observation.OfAngle(at, tag, station, azimuth * RadPerDeg, elevation * RadPerDeg,
            variance * RadPerDeg * RadPerDeg) with
        { Quality = quality });
        return true;
    }

    bool TryPower(MonoTime at, string tag, ref Cells cells, List<Observation> into)
    {
        if (!TryName(ref cells, out string scanner) || !cells.TryNumber(out double dbm) || dbm is < -200 or > 50
            || !cells.IsAtEnd)
            return false;
        into.Add(Observation.OfRssi(at, tag, scanner, dbm));
        return true;
    }

    bool TryFix(MonoTime at, string tag, ref Cells cells, List<Observation> into)
    {
        if (!cells.TryPosition(out Vector3? positionM)
            || !TryFigures(ref cells, out double? variance, out double? quality))
            return false;
        if (positionM is not { } known) WithoutFix++;
        else into.Add(Observation.OfPosition(at, tag, known, variance) with { Quality = quality });
        return true;
    }

    bool TryName(ref Cells cells, out string name)
    {
        name = "";
        if (!cells.TryNext(out var cell) || cell.Length is 0 or > NameMax
            || cell.IndexOfAnyExceptInRange((byte)'!', (byte)'~') >= 0)
            return false;
        name = _names.Of(cell);
        return true;
    }

    // Nothing may stand behind them: more cells are another line run into this one.
    static bool TryFigures(ref Cells cells, out double? variance, out double? quality)
    {
        quality = null;
        return cells.TryOptional(out variance) && variance is null or > 0
            && cells.TryOptional(out quality) && quality is null or (>= 0 and <= 1) && cells.IsAtEnd;
    }
}
