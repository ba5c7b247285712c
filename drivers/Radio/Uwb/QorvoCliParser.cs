using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// Ranging notifications of Qorvo's command line firmware on DWM3001CDK and QM33 boards, in both its forms:
/// <c>SESSION_INFO_NTF: {… n_measurements=2</c> with a line <c>[mac_address=0x0001, status="SUCCESS",
/// distance[cm]=91, loc_az=24.90, …]</c> a peer (SDK 1.1, its developer's manual section 7.6.2.2), and
/// <c>{"Block":0, "results":[{"Addr":"0x0001","Status":"Ok","D_cm":39,"LAoA_deg":…,"LFoM":…}]}</c> (SDK 0.1 to 1.0).
/// A range each peer that answered, and an angle where the board has two antennas. The received power it may add is
/// not given on: no path-loss model fits it. Whatever else the firmware prints is passed over.
/// </summary>
/// <param name="own">what the board itself is called, as it does not say</param>
/// <param name="isTag">the board moves and its peers are the anchors; else it is the other way round</param>
/// <param name="isClockwise">the board's azimuth grows to the right; else to the left</param>
sealed class QorvoCliParser(string own, bool isTag, bool isClockwise) : IRawParser
{
    // The old form has all peers in one line: at most 8 of 150 letters each.
    const int LineMax = 2048;

    readonly LineBuffer _lines = new(LineMax);
    readonly NamePool _names = new();
    long _malformed;

    public long Malformed => _malformed + _lines.TooLong;

    /// <summary>Peers that did not answer, or not well: time-outs, failed frames.</summary>
    public long Unanswered { get; private set; }

    public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        while (_lines.TryTake(ref bytes, out var line)) Read(at, line, into);
    }

    public void Reset() => _lines.Reset();

    void Read(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        var rest = line;
        bool isDamaged = rest.IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0 && !rest.Contains((byte)'\t');
        while (NextRecord(rest, out bool isOld) is var start and >= 0)
        {
            rest = rest[start..];
            var record = new Pairs(rest[1..], isOld ? (byte)':' : (byte)'=', isOld ? (byte)'}' : (byte)']');
            if (TryRecord(at, ref record, into))
            {
                rest = record.Rest;
                continue;
            }

            // Cut short, perhaps by another that begins within it.
            isDamaged = true;
            rest = rest[1..];
        }

        if (isDamaged) _malformed++;
    }

    static int NextRecord(ReadOnlySpan<byte> line, out bool isOld)
    {
        int now = line.IndexOf("[mac_address="u8), old = line.IndexOf("{\"Addr\":"u8);
        isOld = now < 0 || (old >= 0 && old < now);
        return isOld ? old : now;
    }

    bool TryRecord(MonoTime at, ref Pairs record, List<Observation> into)
    {
        var reading = default(Reading);
        ReadOnlySpan<byte> address = default;
        while (record.TryNext(out var key, out var value))
        {
            if (key.SequenceEqual("mac_address"u8) || key.SequenceEqual("Addr"u8)) address = value;
            else if (!reading.TrySet(key, value)) return false;
        }

        if (!record.IsWhole || !IsAddress(address) || reading.HasAnswered is not { } hasAnswered) return false;
        if (!hasAnswered)
        {
            Unanswered++;
            return true;
        }

        if (reading.DistanceCm is not { } cm || !UwbLimits.IsRange(cm / 100)) return false;
        string peer = _names.OfAddress(address);
        var (tag, station) = isTag ? (own, peer) : (peer, own);
        into.Add(Observation.OfRange(at, tag, station, Math.Max(0, cm / 100), null));
        AddAngle(at, tag, station, reading, into);
        return true;
    }

    void AddAngle(MonoTime at, string tag, string station, in Reading reading, List<Observation> into)
    {
        // What a moving board hears has its own axes, which nobody knows: then the anchor's angle is the one of use.
        var (azimuth, elevation) = isTag ? (reading.RemoteAzimuthDeg, reading.RemoteElevationDeg)
            : reading.AngleFigure is 0 ? (null, null) : (reading.AzimuthDeg, reading.ElevationDeg);
        if (azimuth is not { } degrees || Math.Abs(degrees) > 180) return;
        double? up = elevation is { } upDeg && Math.Abs(upDeg) <= 90 ? double.DegreesToRadians(upDeg) : null;
        double? quality = !isTag && reading.AngleFigure is > 0 and <= 100 and var figure ? figure / 100 : null;
        double left = double.DegreesToRadians(isClockwise ? -degrees : degrees);
        into.Add(Observation.OfAngle(at, tag, station, left, up, null) with { Quality = quality });
    }

    static bool IsAddress(ReadOnlySpan<byte> address)
    {
        if (address.StartsWith("0x"u8)) address = address[2..];
        if (address.Length is < 1 or > 16) return false;
        foreach (byte letter in address)
        {
            if (!char.IsAsciiHexDigit((char)letter)) return false;
        }

        return true;
    }

    /// <summary>A record's values, whichever of the two forms names them.</summary>
    struct Reading
    {
        public bool? HasAnswered;
        public double? DistanceCm;
        public double? AzimuthDeg;
        public double? ElevationDeg;
        public double? RemoteAzimuthDeg;
        public double? RemoteElevationDeg;

        /// <summary>0: no angle was measured; 1 to 100 says how good it is; the new form gives none.</summary>
        public double? AngleFigure;

        public bool TrySet(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (key.SequenceEqual("status"u8) || key.SequenceEqual("Status"u8))
            {
                HasAnswered = value.SequenceEqual("SUCCESS"u8) || value.SequenceEqual("Ok"u8);
                return value.Length > 0;
            }

            if (key.SequenceEqual("distance[cm]"u8) || key.SequenceEqual("D_cm"u8)) return Set(value, ref DistanceCm);
            if (key.SequenceEqual("loc_az"u8) || key.SequenceEqual("LAoA_deg"u8)) return Set(value, ref AzimuthDeg);
            if (key.SequenceEqual("loc_el"u8)) return Set(value, ref ElevationDeg);
            if (key.SequenceEqual("rmt_az"u8)) return Set(value, ref RemoteAzimuthDeg);
            if (key.SequenceEqual("rmt_el"u8)) return Set(value, ref RemoteElevationDeg);
            return !key.SequenceEqual("LFoM"u8) || Set(value, ref AngleFigure);
        }

        static bool Set(ReadOnlySpan<byte> value, ref double? field)
        {
            bool isNumber = Cells.IsNumber(value, out double number);
            field = number;
            return isNumber;
        }
    }
}
