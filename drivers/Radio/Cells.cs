using System.Buffers.Text;
using System.Numerics;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>The cells of a line, one after another; numbers are read strictly, without allocating.</summary>
ref struct Cells(ReadOnlySpan<byte> line, byte separator = (byte)',')
{
    // Beyond any site, and what a damaged number often is.
    const double CoordinateMaxM = 1e5;

    ReadOnlySpan<byte> _rest = line;

    /// <summary>No cell is left.</summary>
    public bool IsAtEnd { get; private set; } = line.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public bool TryNext(out ReadOnlySpan<byte> cell)
    {
        cell = default;
        if (IsAtEnd) return false;
        int end = _rest.IndexOf(separator);
        cell = (end < 0 ? _rest : _rest[..end]).Trim(" \t"u8);
        IsAtEnd = end < 0;
        _rest = end < 0 ? [] : _rest[(end + 1)..];
        return true;
    }

    /// <summary>A finite number.</summary>
    public bool TryNumber(out double value)
    {
        value = 0;
        return TryNext(out var cell) && IsNumber(cell, out value);
    }

    /// <summary>A number, or null when the cell is empty or not there.</summary>
    public bool TryOptional(out double? value)
    {
        value = null;
        if (!TryNext(out var cell) || cell.IsEmpty) return true;
        if (!IsNumber(cell, out double number)) return false;
        value = number;
        return true;
    }

    /// <summary>Digits and nothing else, at most nine of them.</summary>
    public bool TryWhole(out int value)
    {
        value = 0;
        return TryNext(out var cell) && cell.Length is > 0 and < 10 && char.IsAsciiDigit((char)cell[0])
            && Utf8Parser.TryParse(cell, out value, out int taken) && taken == cell.Length;
    }

    /// <summary>Three coordinates, metres; null when one of them is <c>nan</c>.</summary>
    /// <param name="hasPoint">a number without a decimal point is none: the source always prints decimals</param>
    public bool TryPosition(out Vector3? positionM, bool hasPoint = false)
    {
        positionM = null;
        if (!TryCoordinate(hasPoint, out double? x) || !TryCoordinate(hasPoint, out double? y)
            || !TryCoordinate(hasPoint, out double? z))
            return false;
        if (x is not { } atX || y is not { } atY || z is not { } atZ) return true;
        if (Math.Abs(atX) > CoordinateMaxM || Math.Abs(atY) > CoordinateMaxM || Math.Abs(atZ) > CoordinateMaxM)
            return false;
        positionM = new Vector3((float)atX, (float)atY, (float)atZ);
        return true;
    }

    public static bool IsNumber(ReadOnlySpan<byte> cell, out double value) =>
        Utf8Parser.TryParse(cell, out value, out int taken) && taken == cell.Length && double.IsFinite(value);

    bool TryCoordinate(bool hasPoint, out double? value)
    {
        value = null;
        if (!TryNext(out var cell)) return false;
        if (IsNan(cell)) return true;
        bool isNumber = IsNumber(cell, out double number);
        value = number;
        return isNumber && (!hasPoint || cell.Contains((byte)'.'));
    }

    static bool IsNan(ReadOnlySpan<byte> cell)
    {
        if (cell.Length == 4 && cell[0] == '-') cell = cell[1..];
        return cell.Length == 3 && (cell[0] | 32) == 'n' && (cell[1] | 32) == 'a' && (cell[2] | 32) == 'n';
    }
}
