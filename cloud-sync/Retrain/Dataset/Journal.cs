using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeAppliance.CloudSync.Contract;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain.Dataset;

/// <summary>
/// What the data set has, one line a sample: eight hex digits of CRC-32C, a space, the entry's JSON. Lines are only
/// ever appended and flushed; a torn end (the process or the machine died in the middle of a line) is cut off when it
/// is opened again: its sample had no receipt and comes again.
/// </summary>
sealed partial class Journal : IDisposable
{
    const int HeadBytes = 9;
    // A sample's JSON is 1 MiB at most; a longer line is damage.
    const int LineBytesMax = (1 << 20) + 4096;

    readonly FileStream _file;
    readonly ArrayBufferWriter<byte> _lines = new();

    Journal(FileStream file) => _file = file;

    /// <summary>Bytes that hold whole lines.</summary>
    public long Length => _file.Position;

    /// <summary>Opens a journal for appending; every entry is given to <paramref name="read"/> first.</summary>
    public static Journal Open(string path, Action<JournalEntry> read, ILogger log)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var (whole, damaged) = Read(file, file.Length, read);
            if (whole < file.Length)
            {
                TornEnd(log, path, file.Length - whole);
                file.SetLength(whole);
                file.Flush(flushToDisk: true);
            }

            if (damaged > 0) DamagedLines(log, path, damaged);
            file.Position = whole;
            return new Journal(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a journal that may grow meanwhile: whole lines only.</summary>
    /// <returns>damaged lines, skipped</returns>
    public static long Read(string path, Action<JournalEntry> read)
    {
        using var file = new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        return Read(file, file.Length, read).Damaged;
    }

    /// <summary>Appends entries and returns after they are on the disk; a failure leaves the journal as it
    /// was.</summary>
    /// <exception cref="IOException">the disk is full or broken</exception>
    public void Append(IEnumerable<JournalEntry> entries)
    {
        _lines.ResetWrittenCount();
        foreach (var entry in entries)
        {
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(entry, DatasetJson.Default.JournalEntry);
            Encoding.ASCII.GetBytes(Checksum.Crc32C(json).ToString("x8", CultureInfo.InvariantCulture) + " ", _lines);
            _lines.Write(json);
            _lines.Write("\n"u8);
        }

        long before = _file.Position;
        try
        {
            _file.Write(_lines.WrittenSpan);
            _file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            _file.Position = before;
            _file.SetLength(before);
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    static (long Whole, long Damaged) Read(Stream file, long length, Action<JournalEntry> read)
    {
        byte[] buffer = new byte[1 << 16];
        long whole = 0, damaged = 0, at = 0;
        int held = 0;
        while (at < length)
        {
            if (held == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            int got = file.Read(buffer, held, (int)Math.Min(buffer.Length - held, length - at));
            if (got == 0) break;
            at += got;
            held += got;
            int start = 0;
            while (buffer.AsSpan(start, held - start).IndexOf((byte)'\n') is >= 0 and var end)
            {
                if (Parse(buffer.AsSpan(start, end)) is { } entry) read(entry);
                else damaged++;
                start += end + 1;
                whole += end + 1;
            }

            held -= start;
            buffer.AsSpan(start, held).CopyTo(buffer);
            if (held <= LineBytesMax) continue;
            // No line is so long: skip what is there as damage up to the next end of line.
            whole += held;
            held = 0;
        }

        return (whole, damaged);
    }

    static JournalEntry? Parse(ReadOnlySpan<byte> line)
    {
        if (line.Length <= HeadBytes || line[HeadBytes - 1] != ' '
            || !uint.TryParse(line[..(HeadBytes - 1)], NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out uint crc)
            || Checksum.Crc32C(line[HeadBytes..]) != crc) return null;
        var entry = JsonSerializer.Deserialize(line[HeadBytes..], DatasetJson.Default.JournalEntry);
        if (entry is { Version: > JournalEntry.CurrentVersion })
            throw new IOException($"the journal has entries of version {entry.Version}, this program reads "
                + $"{JournalEntry.CurrentVersion}: install the program that wrote it");
        return entry;
    }

    [LoggerMessage(6001, LogLevel.Warning,
        "{Path}: the last {Bytes} bytes are a torn line and are cut off; "
        + "its sample has no receipt and comes again")]
    static partial void TornEnd(ILogger log, string path, long bytes);

    [LoggerMessage(6002, LogLevel.Error,
        "{Path}: {Count} lines do not match their checksums and are skipped: the disk altered them")]
    static partial void DamagedLines(ILogger log, string path, long count);
}
