using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Recorded;

/// <summary>
/// A raw recording, read through the parser that reads the live radio, its time laid onto the clock at an epoch. Made
/// as it is asked for: the same observations at the same instants each time.
/// </summary>
public sealed partial class ReplayedRadio : IRadio
{
    readonly RawReader _reader;
    readonly IRawParser _parser;
    readonly MonoTime _epoch;
    readonly List<Observation> _made = [];
    ReadOnlyMemory<byte> _next;
    long _nextNs;
    bool _hasNext;
    int _taken;
    long _given;

    ReplayedRadio(string path, RawReader reader, IRawParser parser, MonoTime epoch)
    {
        Name = $"replay:{Path.GetFileName(path)}";
        _reader = reader;
        _parser = parser;
        _epoch = epoch;
        Advance();
    }

    public string Name { get; }

    public RawKind Kind => _reader.Kind;

    /// <summary>The wall clock at the recording's time 0, as the recording appliance had it.</summary>
    public DateTimeOffset Started => _reader.Started;

    public IReadOnlyList<Station> Stations => _parser is IStationFinder finder ? finder.Stations : [];

    public RadioCounts Counts => new(_given, _parser.Malformed, 0);

    /// <summary>All of it was taken.</summary>
    public bool IsEnded => !_hasNext && _taken == _made.Count;

    /// <summary>Opens a recording and looks through its chunks once, so that a damaged one is refused now.</summary>
    /// <param name="epoch">the instant of the recording's time 0</param>
    /// <param name="parserFor">the parser of a driver; null where there is none</param>
    /// <exception cref="InvalidDataException">no raw recording, damaged, empty, or of a driver not known</exception>
    /// <exception cref="IOException">the file cannot be read</exception>
    public static ReplayedRadio Open(
        string path, MonoTime epoch, Func<RawKind, IRawParser?> parserFor, ILogger log)
    {
        using (var survey = new RawReader(path))
        {
            Survey(path, survey, log);
        }

        var reader = new RawReader(path);
        if (parserFor(reader.Kind) is { } parser) return new ReplayedRadio(path, reader, parser, epoch);
        string driver = reader.Kind.Driver;
        reader.Dispose();
        throw new InvalidDataException($"{path}: recorded by the driver {driver}, which is not known here: a newer "
            + "program may read it");
    }

    public int Drain(MonoTime until, Span<Observation> into)
    {
        int count = 0;
        while (count < into.Length)
        {
            if (_taken < _made.Count)
            {
                if (_made[_taken].At > until) break;
                into[count++] = _made[_taken++];
                continue;
            }

            if (!_hasNext || At(_nextNs) > until) break;
            Make();
        }

        _given += count;
        return count;
    }

    public void Dispose() => _reader.Dispose();

    static void Survey(string path, RawReader survey, ILogger log)
    {
        long last = 0, at = survey.Position, bytes = 0;
        while (survey.TrySkip(out long ns, out int length))
        {
            if (ns < last) throw RawReader.Damaged(path, at, $"time falls from {last} to {ns} ns");
            last = ns;
            bytes += length;
            at = survey.Position;
        }

        if (bytes == 0)
        {
            throw new InvalidDataException(
                $"{path}: no byte was recorded in it: was the radio connected, and did it send?");
        }

        if (at < survey.Length) CutShort(log, path, survey.Length - at);
    }

    void Make()
    {
        _made.Clear();
        _taken = 0;
        var at = At(_nextNs);
        if (_next.IsEmpty) _parser.Reset();
        else _parser.Take(at, _next.Span, _made);
        for (int i = 0; i < _made.Count; i++)
        {
            if (_made[i].At > at) _made[i] = _made[i] with { At = at };
        }

        Order(_made);
        Advance();
    }

    void Advance() => _hasNext = _reader.TryNext(out _nextNs, out _next);

    // Almost in order as they come, and equal instants stay as they came.
    static void Order(List<Observation> made)
    {
        for (int i = 1; i < made.Count; i++)
        {
            var one = made[i];
            int at = i;
            for (; at > 0 && made[at - 1].At > one.At; at--) made[at] = made[at - 1];
            made[at] = one;
        }
    }

    MonoTime At(long ns) => new(_epoch.Nanoseconds + ns);

    [LoggerMessage(1801, LogLevel.Information, "{Path}: its last {Bytes} bytes are a chunk cut short: left out")]
    static partial void CutShort(ILogger log, string path, long bytes);
}
