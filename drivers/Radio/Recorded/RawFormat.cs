using System.Globalization;
using System.Text;

namespace EdgeAppliance.Drivers.Radio.Recorded;

/// <summary>What made the bytes of a raw recording, and so which parser reads them.</summary>
/// <param name="Driver">the address's scheme: <c>dwm1001</c></param>
/// <param name="Options">
/// the address's options that the parser needs, as in the address: <c>tag=T1</c>; empty for none
/// </param>
public sealed record RawKind(string Driver, string Options)
{
    public override string ToString() => Options.Length == 0 ? Driver : $"{Driver}?{Options}";
}

/// <summary>
/// The file of a raw recording. A line of text, <c>edge-appliance-raw VERSION DRIVER STARTED OPTIONS</c> and a line
/// feed: STARTED is the wall clock's time, UTC, of the recording's time 0, OPTIONS is <c>-</c> for none. Then chunks to
/// the file's end: nanoseconds since the start (int64, little endian, never falling), length (int32), bytes. A chunk
/// without bytes says that the source was opened anew there. A file cut anywhere is whole up to its last whole chunk.
/// </summary>
static class RawFormat
{
    public const string Word = "edge-appliance-raw";
    public const int Version = 1;
    public const int LineMax = 1024;
    public const int ChunkHead = 12;

    /// <summary>Well over any message or read; a longer one is damage.</summary>
    public const int ChunkMax = 1 << 20;

    public static byte[] Head(RawKind kind, DateTimeOffset started)
    {
        string options = kind.Options.Length == 0 ? "-" : kind.Options;
        string at = started.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes($"{Word} {Version} {kind.Driver} {at} {options}\n");
    }

    /// <param name="line">the first line without its end; what there is of it when it has none</param>
    /// <exception cref="InvalidDataException">no raw recording, or of another version</exception>
    public static (RawKind Kind, DateTimeOffset Started) ParseHead(string path, ReadOnlySpan<byte> line)
    {
        string[] words = Encoding.UTF8.GetString(line).Split(' ');
        if (words[0] != Word)
        {
            throw new InvalidDataException($"{path}: no raw recording, which begins with '{Word}': a file of fixes is "
                + "opened with file:PATH.csv");
        }

        if (words.Length < 2 || words[1] != Version.ToString(CultureInfo.InvariantCulture))
        {
            throw new InvalidDataException($"{path}: a raw recording of version {words.ElementAtOrDefault(1)}: this "
                + $"program reads version {Version}, a newer one may read it");
        }

        if (words.Length != 5 || words[2].Length == 0 || !DateTimeOffset.TryParse(words[3],
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var started))
        {
            throw new InvalidDataException(
                $"{path}: its first line is damaged: it must be '{Word} {Version} DRIVER STARTED OPTIONS'");
        }

        return (new RawKind(words[2], words[4] == "-" ? "" : words[4]), started);
    }
}
