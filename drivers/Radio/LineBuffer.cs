namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// Lines out of a stream of bytes that comes in pieces of any size. A line ends with a line feed or a carriage return;
/// empty ones are skipped. One longer than the limit is thrown away to its end and counted.
/// </summary>
sealed class LineBuffer(int lengthMax)
{
    readonly byte[] _begun = new byte[lengthMax];
    int _length;
    bool _isTooLong;

    /// <summary>Lines longer than the limit.</summary>
    public long TooLong { get; private set; }

    /// <summary>
    /// Takes the next line from the front of <paramref name="bytes"/>; false: they end before it does.
    /// </summary>
    /// <param name="line">without its end; valid until the next call</param>
    public bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line)
    {
        while (bytes.Length > 0)
        {
            int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            var piece = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? [] : bytes[(end + 1)..];
            if (end >= 0 && _length == 0 && !_isTooLong && piece.Length <= _begun.Length)
            {
                if (piece.IsEmpty) continue;
                line = piece; // whole as it came: no copy
                return true;
            }

            Keep(piece);
            if (end < 0) break;
            line = _begun.AsSpan(0, _length);
            bool isWhole = !_isTooLong;
            _length = 0;
            _isTooLong = false;
            if (isWhole && line.Length > 0) return true;
        }

        line = default;
        return false;
    }

    /// <summary>Forgets a line that has begun.</summary>
    public void Reset()
    {
        _length = 0;
        _isTooLong = false;
    }

    void Keep(ReadOnlySpan<byte> piece)
    {
        if (_isTooLong) return;
        if (_length + piece.Length > _begun.Length)
        {
            _isTooLong = true;
            _length = 0;
            TooLong++;
            return;
        }

        piece.CopyTo(_begun.AsSpan(_length));
        _length += piece.Length;
    }
}
