using System.Buffers.Binary;
using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// Answers of a DWM1001's binary UART interface (DWM1001 Firmware API Guide 2.2, section 5): <c>40 01 err</c>, then
/// further type-length-value parts; lengths in millimetres, little endian. A tag's <c>dwm_loc_get</c> gives its
/// position and its ranges to at most four anchors with their places; an anchor's gives ranges to its neighbours,
/// which survey the site. The module answers with what it has, new or not: an answer like the one before is no reading.
/// </summary>
/// <param name="own">what the module itself is called, as the answers do not say</param>
sealed class Dwm1001TlvParser(string own) : IRawParser, IStationFinder
{
    const int TypeAnswer = 0x40;
    const int TypePosition = 0x41;
    const int TypeNeighbours = 0x48;
    const int TypeAnchors = 0x49;
    const int PositionBytes = 13;
    const int NeighbourBytes = 13;
    const int AnchorBytes = 20;

    // An answer has one part of at most 2 + 255 bytes that is not whole yet.
    const int PartMax = 2 + byte.MaxValue;

    // At 115200 baud the longest answer takes 25 ms; half a second later its rest will not come.
    static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(.5);

    readonly byte[] _begun = new byte[2 * PartMax];
    readonly byte[] _before = new byte[PartMax];
    readonly NamePool _names = new();
    readonly StationBook _stations = new();
    int _length;
    int _beforeLength;
    MonoTime _last;
    Vector3? _positionM;
    double _quality;
    bool _isAnswer;
    bool _isGarbage;

    public long Malformed { get; private set; }

    /// <summary>Answers with an error instead of a reading: busy, not permitted, unknown.</summary>
    public long Refused { get; private set; }

    /// <summary>Answers that said the same as the one before.</summary>
    public long Repeated { get; private set; }

    /// <summary>Positions with quality 0: the tag had none.</summary>
    public long WithoutFix { get; private set; }

    public IReadOnlyList<Station> Stations => _stations.Told;

    public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        if (_length > 0 && at - _last > PauseMax)
        {
            Malformed++;
            Reset();
        }

        _last = at;
        while (bytes.Length > 0)
        {
            int taken = Math.Min(bytes.Length, _begun.Length - _length);
            bytes[..taken].CopyTo(_begun.AsSpan(_length));
            bytes = bytes[taken..];
            _length += taken;
            int used = Read(at, _begun.AsSpan(0, _length), into);
            _begun.AsSpan(used, _length - used).CopyTo(_begun);
            _length -= used;
        }
    }

    public void Reset()
    {
        _length = 0;
        _isAnswer = false;
        _isGarbage = false;
        _positionM = null;
    }

    // How many bytes are done with: all but a part that is not whole yet, which is shorter than half the room.
    int Read(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        int used = 0;
        while (bytes.Length - used >= 2)
        {
            int type = bytes[used], length = bytes[used + 1];
            if (!IsPart(type, length))
            {
                // One message of garbage, however long.
                if (!_isGarbage) Malformed++;
                _isGarbage = true;
                _isAnswer = false;
                used++;
                continue;
            }

            if (bytes.Length - used < 2 + length) break;
            Take(at, type, bytes.Slice(used, 2 + length), into);
            used += 2 + length;
            _isGarbage = false;
        }

        return used;
    }

    // Only what an answer may hold, in its own length; and nothing but an answer's head outside of one.
    bool IsPart(int type, int length) => type switch
    {
        TypeAnswer => length == 1,
        _ when !_isAnswer => false,
        TypePosition => length == PositionBytes,
        TypeNeighbours => length >= 1 && (length - 1) % NeighbourBytes == 0,
        TypeAnchors => length >= 1 && (length - 1) % AnchorBytes == 0,
        0x42 or 0x43 or 0x44 or 0x45 or 0x46 or 0x47 or 0x4A or 0x4B or 0x4C or 0x4D or 0x4E or 0x4F => length <= 64,
        0x50 or 0x51 or 0x52 or 0x5A => length is 2 or 4,
        _ => false,
    };

    void Take(MonoTime at, int type, ReadOnlySpan<byte> part, List<Observation> into)
    {
        var value = part[2..];
        switch (type)
        {
            case TypeAnswer:
                _isAnswer = value[0] == 0;
                _positionM = null;
                if (value[0] is > 0 and <= 5) Refused++;
                else if (value[0] != 0) Malformed++;
                break;
            case TypePosition:
                TakePosition(value);
                break;
            case TypeNeighbours:
                TakeNeighbours(at, value, into);
                break;
            case TypeAnchors:
                TakeAnchors(at, part, into);
                break;
        }
    }

    void TakePosition(ReadOnlySpan<byte> value)
    {
        _quality = value[12] / 100.0;
        _positionM = null;
        if (value[12] > 100) Malformed++;
        else if (value[12] == 0) WithoutFix++;
        else _positionM = Position(value);
    }

    void TakeAnchors(MonoTime at, ReadOnlySpan<byte> part, List<Observation> into)
    {
        int before = into.Count;
        var value = part[2..];
        if (value[0] != (value.Length - 1) / AnchorBytes || !TryRanges(at, value[1..], into))
        {
            into.RemoveRange(before, into.Count - before);
            Malformed++;
            return;
        }

        if (part.SequenceEqual(_before.AsSpan(0, _beforeLength)))
        {
            into.RemoveRange(before, into.Count - before);
            Repeated++;
            return;
        }

        part.CopyTo(_before);
        _beforeLength = part.Length;
        if (_positionM is not { } known) return;
        into.Add(UwbLimits.OfDwm1001(at, own, known, _quality));
        _positionM = null;
    }

    bool TryRanges(MonoTime at, ReadOnlySpan<byte> value, List<Observation> into)
    {
        for (; value.Length > 0; value = value[AnchorBytes..])
        {
            string anchor = _names.OfAddress(BinaryPrimitives.ReadUInt16LittleEndian(value));
            double rangeM = BinaryPrimitives.ReadInt32LittleEndian(value[2..]) / 1000.0;
            if (!UwbLimits.IsRange(rangeM) || value[6] > 100 || value[19] > 100) return false;
            if (value[19] > 0) _stations.Tell(anchor, Position(value[7..]));
            into.Add(Range(at, anchor, rangeM, value[6]));
        }

        return true;
    }

    void TakeNeighbours(MonoTime at, ReadOnlySpan<byte> value, List<Observation> into)
    {
        // Only an anchor has neighbours: the position before is where it stands, no reading.
        if (_positionM is { } placeM) _stations.Tell(own, placeM);
        _positionM = null;
        if (value[0] != (value.Length - 1) / NeighbourBytes)
        {
            Malformed++;
            return;
        }

        for (value = value[1..]; value.Length > 0; value = value[NeighbourBytes..])
        {
            // The low two bytes of the identity are the short address that every other answer and line has.
            string anchor = _names.OfAddress(BinaryPrimitives.ReadUInt16LittleEndian(value));
            double rangeM = BinaryPrimitives.ReadInt32LittleEndian(value[8..]) / 1000.0;
            if (!UwbLimits.IsRange(rangeM) || value[12] > 100) Malformed++;
            else if (value[12] > 0) into.Add(Range(at, anchor, rangeM, value[12]));
        }
    }

    Observation Range(MonoTime at, string anchor, double rangeM, byte quality) =>
        Observation.OfRange(at, own, anchor, Math.Max(0, rangeM), null) with { Quality = quality / 100.0 };

    static Vector3 Position(ReadOnlySpan<byte> value) => new(
        BinaryPrimitives.ReadInt32LittleEndian(value) / 1000f,
        BinaryPrimitives.ReadInt32LittleEndian(value[4..]) / 1000f,
        BinaryPrimitives.ReadInt32LittleEndian(value[8..]) / 1000f);
}
