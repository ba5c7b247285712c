using System.Buffers.Binary;

namespace EdgeAppliance.Drivers.Radio.Recorded;

/// <summary>A raw recording, chunk by chunk.</summary>
sealed class RawReader : IDisposable
{
    readonly FileStream _file;
    readonly byte[] _head = new byte[RawFormat.ChunkHead];
    byte[] _bytes = [];

    /// <exception cref="InvalidDataException">no raw recording</exception>
    /// <exception cref="IOException">it cannot be read</exception>
    public RawReader(string path)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        try
        {
            byte[] line = new byte[RawFormat.LineMax];
            int length = _file.ReadAtLeast(line, line.Length, throwOnEndOfStream: false);
            int end = line.AsSpan(0, length).IndexOf((byte)'\n');
            (Kind, Started) = RawFormat.ParseHead(path, line.AsSpan(0, end < 0 ? length : end));
            if (end < 0) throw new InvalidDataException($"{path}: cut within its first line: nothing is in it");
            _file.Position = end + 1;
        }
        catch (InvalidDataException)
        {
            _file.Dispose();
            throw;
        }
    }

    public RawKind Kind { get; }

    /// <summary>The wall clock at the recording's time 0.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>Where the next chunk begins.</summary>
    public long Position => _file.Position;

    public long Length => _file.Length;

    /// <summary>The next chunk; false at the end, which may cut one.</summary>
    /// <param name="bytes">valid until the next call; empty where the source was opened anew</param>
    /// <exception cref="InvalidDataException">damaged here</exception>
    public bool TryNext(out long ns, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        if (!TryHead(out ns, out int length)) return false;
        if (_bytes.Length < length) _bytes = new byte[Math.Max(length, 4096)];
        if (_file.ReadAtLeast(_bytes.AsSpan(0, length), length, throwOnEndOfStream: false) < length) return false;
        bytes = _bytes.AsMemory(0, length);
        return true;
    }

    /// <summary>As <see cref="TryNext"/>, past the bytes.</summary>
    public bool TrySkip(out long ns, out int length)
    {
        if (!TryHead(out ns, out length) || _file.Position + length > _file.Length) return false;
        _file.Position += length;
        return true;
    }

    public void Dispose() => _file.Dispose();

    bool TryHead(out long ns, out int length)
    {
        ns = length = 0;
        long at = _file.Position;
        if (_file.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false) < _head.Length) return false;
        ns = BinaryPrimitives.ReadInt64LittleEndian(_head);
        length = BinaryPrimitives.ReadInt32LittleEndian(_head.AsSpan(8));
        if (length is >= 0 and <= RawFormat.ChunkMax) return true;
        throw Damaged(_file.Name, at, $"a chunk of {length} bytes, {RawFormat.ChunkMax} are the most");
    }

    public static InvalidDataException Damaged(string path, long at, string what) => new(
        $"{path}, byte {at}: {what}: damaged there; 'head -c {at} {path} > CUT' keeps what is before");
}
