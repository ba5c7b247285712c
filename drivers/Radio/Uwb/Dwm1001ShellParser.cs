using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// Lines of a DWM1001's shell (DWM1001 Firmware API Guide 2.2): <c>les</c>, <c>lec</c> and <c>lep</c> on a tag give
/// ranges to its anchors and its position, on a listener the positions of all tags. A range is of the tag the module
/// is; a listener's positions name theirs.
/// </summary>
/// <param name="tag">what the module itself is called, as it does not say</param>
sealed class Dwm1001ShellParser(string tag) : IRawParser, IStationFinder
{
    // les with 15 anchors: 15 x 40 letters and the end.
    const int LineMax = 1024;
    const int AnchorsMax = 16;

    readonly LineBuffer _lines = new(LineMax);
    readonly NamePool _names = new();
    readonly StationBook _stations = new();
    long _malformed;

    public long Malformed => _malformed + _lines.TooLong;

    /// <summary>Positions the module gave as <c>nan</c> or with quality 0: it had none.</summary>
    public long WithoutFix { get; private set; }

    public IReadOnlyList<Station> Stations => _stations.Told;

    public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        while (_lines.TryTake(ref bytes, out var line)) Read(at, line, into);
    }

    public void Reset() => _lines.Reset();

    void Read(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        var rest = WithoutPrompt(line);
        if (rest.IsEmpty) return;
        bool isDamaged = false;
        while (true)
        {
            int before = into.Count;
            if (TryReading(at, rest, into)) break;
            into.RemoveRange(before, into.Count - before);
            // Two lines run together, as they do at high rates: the second may be whole.
            isDamaged |= IsLikeReading(rest);
            int next = NextBeginning(rest);
            if (next < 0) break;
            rest = rest[next..];
        }

        if (isDamaged) _malformed++;
    }

    bool TryReading(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        if (line.StartsWith("POS,"u8)) return TryPosition(at, line[4..], into);
        if (line.StartsWith("DIST,"u8)) return TryDistances(at, line[5..], into);
        return line.IndexOf("]="u8) > 0 && TryList(at, line, into);
    }

    // A tag's: x,y,z,quality; a listener's: slot,id,x,y,z,quality,xHH.
    bool TryPosition(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        int commas = line.Count((byte)',');
        var cells = new Cells(line);
        if (commas == 3) return TryFix(at, tag, ref cells, into) && cells.IsAtEnd;
        if (commas != 6 || !cells.TryWhole(out int slot) || slot > 255) return false;
        if (!cells.TryNext(out var id) || !IsAddress(id)) return false;
        return TryFix(at, _names.OfAddress(id), ref cells, into)
            && cells.TryNext(out var counter) && counter.Length == 3 && counter[0] == 'x'
            && IsHex(counter[1]) && IsHex(counter[2]);
    }

    bool TryFix(MonoTime at, string whose, ref Cells cells, List<Observation> into)
    {
        // The shell prints two decimals: a cell without any is the rest of a longer one, or another cell altogether.
        if (!cells.TryPosition(out var positionM, hasPoint: true) || !cells.TryWhole(out int quality) || quality > 100)
            return false;
        Add(at, whose, positionM, quality, into);
        return true;
    }

    void Add(MonoTime at, string whose, Vector3? positionM, int quality, List<Observation> into)
    {
        // 0 %: the guide's word for a position that is not valid.
        if (positionM is not { } known || quality == 0) WithoutFix++;
        else into.Add(UwbLimits.OfDwm1001(at, whose, known, quality / 100.0));
    }

    // n, then n of ANi,id,x,y,z,range, then perhaps POS,x,y,z,quality.
    bool TryDistances(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        var cells = new Cells(line);
        if (!cells.TryWhole(out int count) || count > AnchorsMax) return false;
        for (int i = 0; i < count; i++)
        {
            if (!TryAnchor(at, i, ref cells, into)) return false;
        }

        if (cells.IsAtEnd) return true;
        return cells.TryNext(out var word) && word.SequenceEqual("POS"u8)
            && TryFix(at, tag, ref cells, into) && cells.IsAtEnd;
    }

    bool TryAnchor(MonoTime at, int index, ref Cells cells, List<Observation> into)
    {
        if (!cells.TryNext(out var word) || !word.StartsWith("AN"u8)
            || !Cells.IsNumber(word[2..], out double number) || number != index)
            return false;
        if (!cells.TryNext(out var id) || !IsAddress(id) || !cells.TryPosition(out var placeM, hasPoint: true)
            || !cells.TryNumber(out double rangeM) || !UwbLimits.IsRange(rangeM))
            return false;
        AddRange(at, id, placeM, rangeM, into);
        return true;
    }

    // id[x,y,z]=range for each anchor, then le_us=n and est[x,y,z,quality], either of which may be missing.
    bool TryList(MonoTime at, ReadOnlySpan<byte> line, List<Observation> into)
    {
        var words = new Cells(line, (byte)' ');
        while (words.TryNext(out var word))
        {
            if (word.IsEmpty || (word.StartsWith("le_us="u8) && Cells.IsNumber(word[6..], out _))) continue;
            if (!TryListed(at, word, into)) return false;
        }

        return true;
    }

    bool TryListed(MonoTime at, ReadOnlySpan<byte> word, List<Observation> into)
    {
        int open = word.IndexOf((byte)'['), close = word.IndexOf((byte)']');
        if (open <= 0 || close < open) return false;
        var id = word[..open];
        var cells = new Cells(word[(open + 1)..close]);
        var behind = word[(close + 1)..];
        if (id.SequenceEqual("est"u8)) return behind.IsEmpty && TryFix(at, tag, ref cells, into) && cells.IsAtEnd;
        if (!IsAddress(id) || !cells.TryPosition(out var placeM, hasPoint: true) || !cells.IsAtEnd) return false;
        if (!behind.StartsWith("="u8) || !Cells.IsNumber(behind[1..], out double rangeM)
            || !UwbLimits.IsRange(rangeM))
            return false;
        AddRange(at, id, placeM, rangeM, into);
        return true;
    }

    void AddRange(MonoTime at, ReadOnlySpan<byte> id, Vector3? placeM, double rangeM, List<Observation> into)
    {
        string anchor = _names.OfAddress(id);
        if (placeM is { } known) _stations.Tell(anchor, known);
        into.Add(Observation.OfRange(at, tag, anchor, Math.Max(0, rangeM), null));
    }

    static ReadOnlySpan<byte> WithoutPrompt(ReadOnlySpan<byte> line)
    {
        line = line.Trim(" \t\0"u8);
        while (line.StartsWith("dwm>"u8)) line = line[4..].TrimStart((byte)' ');
        return line;
    }

    // The banner, help and echoes of the shell are none: they have no commas, and all of it is letters.
    static bool IsLikeReading(ReadOnlySpan<byte> line) =>
        line.Contains((byte)',') || line.IndexOfAnyExceptInRange((byte)' ', (byte)'~') >= 0;

    static int NextBeginning(ReadOnlySpan<byte> line)
    {
        int distances = line[1..].IndexOf("DIST,"u8), position = line[1..].IndexOf("POS,"u8);
        int next = distances < 0 ? position : position < 0 ? distances : Math.Min(distances, position);
        return next < 0 ? -1 : next + 1;
    }

    static bool IsAddress(ReadOnlySpan<byte> id)
    {
        if (id.Length is < 4 or > 16) return false;
        foreach (byte letter in id)
        {
            if (!IsHex(letter)) return false;
        }

        return true;
    }

    static bool IsHex(byte letter) => char.IsAsciiHexDigit((char)letter);
}
