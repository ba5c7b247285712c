namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// What stands between a record's brackets: <c>key=value, key=value]</c> or <c>"key":value,"key":value}</c>; values in
/// quotes or not. Nothing is nested.
/// </summary>
ref struct Pairs(ReadOnlySpan<byte> text, byte sign, byte end)
{
    ReadOnlySpan<byte> _rest = text;

    /// <summary>The closing bracket was met: the record is whole.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>What is behind the record's end.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>The next pair; false: no more, and <see cref="IsWhole"/> says whether that is its proper end.</summary>
    public bool TryNext(out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        key = value = default;
        if (IsWhole) return false;
        int at = _rest.IndexOf(sign);
        if (at < 0) return false;
        key = _rest[..at].Trim(" \t\""u8);
        var rest = _rest[(at + 1)..].TrimStart(" \t"u8);
        bool isQuoted = rest.Length > 0 && rest[0] == '"';
        if (isQuoted) rest = rest[1..];
        int stop = isQuoted ? rest.IndexOf((byte)'"') : rest.IndexOfAny((byte)',', end);
        if (stop < 0) return false;
        value = rest[..stop].Trim(" \t"u8);
        rest = rest[stop..];
        if (isQuoted) rest = rest[1..].TrimStart(" \t"u8);
        if (rest.IsEmpty || (rest[0] != ',' && rest[0] != end)) return false;
        IsWhole = rest[0] == end;
        _rest = rest[1..];
        return true;
    }
}
