using System.Buffers.Binary;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Recorded;

/// <summary>How much is recorded.</summary>
sealed record RawRecordingOptions
{
    /// <summary>A file that has this many bytes is put aside and a new one begun: 6 hours at 115200 baud.</summary>
    public long BytesMax { get; init; } = 256L << 20;

    /// <summary>
    /// Files in all: PATH, PATH.1 and so on, the oldest deleted for the next. 1: recording stops when it is full, and
    /// does not begin where a file already is.
    /// </summary>
    public int FilesMax { get; init; } = 4;
}

/// <summary>
/// A radio's raw bytes written to a file as they come, over all its sessions. A file that cannot be written ends the
/// recording, said once, and never the radio. One thread writes. The file is open during sessions only.
/// </summary>
sealed partial class RawRecording : IDisposable
{
    // What a crash of the program loses at most; a session's end loses nothing.
    static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(1);

    readonly string _path;
    readonly RawKind _kind;
    readonly RawRecordingOptions _options;
    readonly ILogger _log;
    FileStream? _file;
    MonoTime _start;
    MonoTime _flushed;
    long _lastNs;
    long _bytes;
    int _isStopped;

    public RawRecording(string path, RawKind kind, RawRecordingOptions options, ILogger log)
    {
        _path = path;
        _kind = kind;
        _options = options;
        _log = log;
    }

    /// <summary>Nothing is recorded any more: the log says why.</summary>
    public bool IsStopped => Volatile.Read(ref _isStopped) != 0;

    /// <summary>Wraps a session: what is read from it is written here too.</summary>
    public IRawSource Of(IRawSource session)
    {
        Write(MonoTime.Now, []);
        return new RawRecorder(session, this);
    }

    public void Dispose() => Close();

    /// <summary>Adds a chunk; an empty one begins a session.</summary>
    public void Write(MonoTime at, ReadOnlySpan<byte> bytes)
    {
        if (IsStopped) return;
        try
        {
            if (_file is null || _bytes + bytes.Length > _options.BytesMax) Begin(at);
            if (_file is null) return;
            Span<byte> head = stackalloc byte[RawFormat.ChunkHead];
            _lastNs = Math.Max(_lastNs, at.Nanoseconds - _start.Nanoseconds);
            BinaryPrimitives.WriteInt64LittleEndian(head, _lastNs);
            BinaryPrimitives.WriteInt32LittleEndian(head[8..], bytes.Length);
            _file.Write(head);
            _file.Write(bytes);
            _bytes += head.Length + bytes.Length;
            if (at - _flushed < FlushInterval) return;
            _file.Flush();
            _flushed = at;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Stop(fault.Message);
        }
    }

    /// <summary>Writes out what is kept and lets the file go, until more comes.</summary>
    public void Close()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException fault)
        {
            Stop(fault.Message);
        }

        _file = null;
    }

    void Begin(MonoTime at)
    {
        if (_file is null && _bytes is > 0 && _bytes < _options.BytesMax
            && new FileInfo(_path) is { Exists: true } same && same.Length == _bytes)
        {
            // A further session; a file that somebody took away, or that is not what was written, is begun anew.
            _file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read);
            return;
        }

        Close();
        if (IsStopped) return;
        if (File.Exists(_path) && new FileInfo(_path).Length > 0)
        {
            if (_options.FilesMax <= 1)
            {
                Stop(_bytes > 0 ? $"{_options.BytesMax} bytes are the limit" : "a recording is already there");
                return;
            }

            PutAside();
        }

        _file = new FileStream(_path, FileMode.Create, FileAccess.Write, FileShare.Read);
        byte[] head = RawFormat.Head(_kind, DateTimeOffset.UtcNow - (MonoTime.Now - at));
        _file.Write(head);
        _file.Flush();
        _bytes = head.Length;
        _start = _flushed = at;
        _lastNs = 0;
        Begun(_log, _path, _kind.ToString());
    }

    void PutAside()
    {
        File.Delete($"{_path}.{_options.FilesMax - 1}");
        for (int i = _options.FilesMax - 2; i >= 1; i--)
        {
            if (File.Exists($"{_path}.{i}")) File.Move($"{_path}.{i}", $"{_path}.{i + 1}");
        }

        File.Move(_path, $"{_path}.1");
    }

    void Stop(string reason)
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0) return;
        Stopped(_log, _path, reason);
        var file = _file;
        _file = null;
        // What is still kept cannot be written either: the handle is let go without it.
        file?.SafeFileHandle.Dispose();
    }

    [LoggerMessage(1818, LogLevel.Information, "recording {Kind} to {Path}")]
    static partial void Begun(ILogger log, string path, string kind);

    [LoggerMessage(1819, LogLevel.Error, "{Path}: recorded no further: {Reason}")]
    static partial void Stopped(ILogger log, string path, string reason);

    /// <summary>One session of the source that is recorded.</summary>
    sealed class RawRecorder(IRawSource session, RawRecording recording) : IRawSource
    {
        public string Name => session.Name;

        public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
        {
            int count = session.Read(into, wait, out at);
            if (count > 0) recording.Write(at, into[..count]);
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes) => session.Write(bytes);

        public void Dispose()
        {
            session.Dispose();
            recording.Close();
        }
    }
}
