using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Drivers.Radio.Recorded;

/// <summary>
/// Positions of tags from a CSV file <c>t_s,tag,x_m,y_m,z_m,var_m2</c>, laid onto the clock at an epoch. A header is
/// required; columns may stand in any order and further ones are skipped. <c>z_m</c> and the variance may be missing;
/// instead of <c>var_m2</c> there may be <c>var_x_m2</c> and <c>var_y_m2</c>. A row with <c>nan</c> for a coordinate
/// says the tag had no fix then. A file in order of time is read as it is asked for; another one is sorted in memory.
/// </summary>
public sealed partial class RecordedFixes : IRadio
{
    // 64 bytes a row: what is sorted in memory stays under 64 MB. A file in order has no limit.
    const int SortedRowsMax = 1_000_000;

    readonly MonoTime _epoch;
    readonly FixColumns _columns;
    readonly StreamReader? _reader;
    readonly List<(double T, Observation Fix)> _sorted;
    readonly Survey _survey;
    Observation? _ahead;
    int _nextSorted;
    long _given;

    RecordedFixes(string path, MonoTime epoch, Survey survey, StreamReader? reader)
    {
        Name = $"recorded:{Path.GetFileName(path)}";
        _epoch = epoch;
        _columns = survey.Columns;
        _reader = reader;
        _sorted = survey.InOrder;
        _survey = survey;
    }

    public string Name { get; }

    public IReadOnlyList<Station> Stations => [];

    public RadioCounts Counts => new(_given, _survey.Malformed, 0);

    /// <summary>Rows of the whole file that say the tag had no fix.</summary>
    public long WithoutFix => _survey.WithoutFix;

    /// <summary>The first malformed row, with its line number and what is wrong; null when there is none.</summary>
    public string? FirstFault => _survey.FirstFault;

    /// <summary>
    /// Opens a recording and reads it through once: to count what is malformed, and to see whether it is in order.
    /// </summary>
    /// <param name="epoch">the instant of <c>t_s</c> = 0</param>
    /// <exception cref="InvalidDataException">no header, no usable row, or too long to be sorted</exception>
    /// <exception cref="IOException">the file cannot be read</exception>
    public static RecordedFixes Open(string path, MonoTime epoch, ILogger? log = null)
    {
        var survey = new Survey(path, epoch);
        if (survey.FirstFault is { } fault)
        {
            MalformedRows(log ?? NullLogger.Instance, survey.Malformed, survey.Rows, fault);
        }

        if (!survey.IsStreamed) return new RecordedFixes(path, epoch, survey, reader: null);
        var body = new StreamReader(path);
        body.ReadLine();
        return new RecordedFixes(path, epoch, survey, body);
    }

    public int Drain(MonoTime until, Span<Observation> into)
    {
        int count = 0;
        while (count < into.Length && TryPeek(out var next) && next.At <= until)
        {
            into[count++] = next;
            Advance();
        }

        _given += count;
        return count;
    }

    public void Dispose() => _reader?.Dispose();

    bool TryPeek(out Observation next)
    {
        next = default;
        if (_reader is null)
        {
            if (_nextSorted >= _sorted.Count) return false;
            next = _sorted[_nextSorted].Fix;
            return true;
        }

        while (_ahead is null)
        {
            if (_reader.ReadLine() is not { } line) return false;
            if (_columns.TryRead(line, _epoch, out _, out var fix, out _) == FixRow.Fix) _ahead = fix;
        }

        next = _ahead.Value;
        return true;
    }

    void Advance()
    {
        if (_reader is null) _nextSorted++;
        else _ahead = null;
    }

    [LoggerMessage(1800, LogLevel.Warning, "{Malformed} malformed rows beside {Rows} fixes; the first: {Fault}")]
    static partial void MalformedRows(ILogger log, long malformed, long rows, string fault);

    /// <summary>The file read through once.</summary>
    sealed class Survey
    {
        bool _isInOrder = true;
        double _last = double.NegativeInfinity;

        public Survey(string path, MonoTime epoch)
        {
            using var reader = new StreamReader(path);
            Columns = FixColumns.Parse(path, reader.ReadLine());
            for (long number = 2; reader.ReadLine() is { } line; number++)
            {
                if (string.IsNullOrWhiteSpace(line)) continue;
                var row = Columns.TryRead(line, epoch, out double t, out var fix, out string? fault);
                if (row == FixRow.Fix) Add(t, fix);
                else if (row == FixRow.WithoutFix) WithoutFix++;
                else if (Malformed++ == 0) FirstFault = $"{path}, line {number}: {fault}";
            }

            if (Rows == 0)
            {
                throw new InvalidDataException(FirstFault
                    ?? $"{path}: no fix in it, only its header: record some, or run without tags");
            }

            if (_isInOrder) return;
            if (IsTooLong)
            {
                throw new InvalidDataException($"{path}: {Rows} rows not in order of t_s, and at most {SortedRowsMax} "
                    + "are sorted here: sort the file by t_s");
            }

            InOrder = [.. InOrder.OrderBy(row => row.T)]; // stable: rows of one instant keep the file's order
        }

        public FixColumns Columns { get; }

        public List<(double T, Observation Fix)> InOrder { get; } = [];

        public long Rows { get; private set; }

        public long Malformed { get; }

        public long WithoutFix { get; }

        public string? FirstFault { get; }

        /// <summary>In order and too long for memory.</summary>
        public bool IsStreamed => IsTooLong;

        bool IsTooLong => Rows > SortedRowsMax;

        void Add(double t, in Observation fix)
        {
            Rows++;
            _isInOrder &= t >= _last;
            _last = Math.Max(_last, t);
            if (IsTooLong) InOrder.Clear();
            else InOrder.Add((t, fix));
        }
    }
}
