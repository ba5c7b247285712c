using System.Security.Cryptography;
using EdgeAppliance.CloudSync.Contract;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>
/// The samples that wait for their receipts, in one SQLite file: crash-safe (write-ahead log, flushed at every commit),
/// bounded (retention by thinning), and one process's at a time. Every member may be called from any thread.
/// </summary>
public sealed partial class SampleSpool : IDisposable
{
    // A full disk may need more than one round: what is freed can be less than the log needs.
    const int FullRoundsMax = 4;
    // Thinning a little ahead of need: 1/128 of the limit, so that a full spool sweeps once in many stores.
    const int ThinAheadPart = 128;
    // Free pages that are kept for the next samples before the file is made smaller, and how many are cut at a time.
    const int FreePagesKept = 4096;
    const int VacuumPages = 256;

    readonly Lock _gate = new();
    readonly string _path;
    readonly SpoolOptions _options;
    readonly ILogger _log;
    readonly FileStream _processLock;
    readonly SqliteConnection _connection;
    readonly SpoolLedger _ledger;
    readonly SpoolStatements _statements;
    readonly Ballast _ballast;
    long _lateReceipts;
    bool _isFull;
    bool _isFrozen;

    SampleSpool(string path, SpoolOptions options, ILogger log, FileStream processLock, SqliteConnection connection)
    {
        (_path, _options, _log, _processLock, _connection) = (path, options, log, processLock, connection);
        _ledger = new SpoolLedger(connection);
        _statements = new SpoolStatements(connection);
        _ballast = new Ballast(path + ".ballast", options.BallastBytes);
        _isFrozen = true;
        Thaw();
        if (_isFrozen) SpoolDatabase.FreezeGrowth(connection);
    }

    /// <summary>Opens a spool, or begins one; a damaged file is set aside under another name and told.</summary>
    /// <exception cref="IOException">another process has it, the folder cannot be written, or a newer program wrote it
    /// </exception>
    /// <exception cref="DllNotFoundException">no SQLite on this machine</exception>
    public static SampleSpool Open(string path, SpoolOptions options, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults().FirstOrDefault() is { } fault) throw new ArgumentException(fault, nameof(options));
        Directory.CreateDirectory(SpoolDatabase.Folder(path));
        var processLock = ProcessLock.Take(path + ".lock", $"the spool {path}", "spool.path");
        try
        {
            var connection = SpoolDatabase.Open(path, options, log);
            var spool = new SampleSpool(path, options, log, processLock, connection);
            Opened(log, path, spool.Counts.Pending, spool.Counts.PendingBytes);
            return spool;
        }
        catch
        {
            processLock.Dispose();
            throw;
        }
    }

    /// <summary>Called after a commit, on the storing thread: the courier's bell. It must not block or throw.</summary>
    public event Action? Arrived;

    /// <summary>Counts as of the last commit.</summary>
    public SpoolCounts Counts => _ledger.Counts;

    /// <summary>How this connection writes, as SQLite itself says it: journal mode, and 2 for FULL flushing.</summary>
    internal string Durability
    {
        get
        {
            lock (_gate)
                return $"{SpoolDatabase.Text(_connection, "PRAGMA journal_mode")} "
                    + SpoolDatabase.Text(_connection, "PRAGMA synchronous");
        }
    }

    /// <summary>Receipts for samples that were thinned meanwhile, since this process began: the endpoint has
    /// them.</summary>
    public long LateReceipts => Interlocked.Read(ref _lateReceipts);

    /// <summary>Stores a sample and its image; returns after the commit is on the disk.</summary>
    /// <exception cref="ArgumentException">the image is not the one the sample describes (a bug of the
    /// caller)</exception>
    /// <exception cref="IOException">the disk failed, for another reason than being full</exception>
    public StoreResult Store(Sample sample, ReadOnlyMemory<byte> image)
    {
        ArgumentNullException.ThrowIfNull(sample);
        if (Convert.ToHexStringLower(SHA256.HashData(image.Span)) != sample.ImageSha256)
            throw new ArgumentException("the image's SHA-256 is not the sample's", nameof(image));
        byte[] json = SampleFrame.WriteJson(sample);
        int bytes = json.Length + image.Length;
        if (bytes > _options.SampleBytesMax || json.Length > SampleFrame.JsonBytesMax)
            return new StoreResult(StoreOutcome.TooLarge, 0,
                $"{bytes} bytes, {json.Length} of them JSON: at most {_options.SampleBytesMax} (spool.sampleBytesMax)");

        StoreResult result;
        lock (_gate) result = StoreLocked(sample, json, image, bytes);
        if (result.Outcome == StoreOutcome.Stored) Arrived?.Invoke();
        return result;
    }

    /// <summary>The next samples to send, worthiest first and oldest first among equals.</summary>
    /// <param name="except">in flight already</param>
    public IReadOnlyList<PendingSample> Pending(int max, IReadOnlyCollection<SampleId> except)
    {
        ArgumentNullException.ThrowIfNull(except);
        lock (_gate) return Guarded(() => _statements.Pending(max, except));
    }

    /// <summary>A pending sample's JSON and image; null when it was thinned meanwhile.</summary>
    public (byte[] Json, byte[] Image)? Read(SampleId id)
    {
        lock (_gate) return Guarded(() => _statements.Read(id));
    }

    /// <summary>Lets go of a sample; only on a receipt that says the endpoint has it.</summary>
    /// <returns>false when it was not here: thinned, or forgotten before (a repeated receipt)</returns>
    public bool Forget(SampleId id)
    {
        lock (_gate)
        {
            bool isForgotten = Relieved(() =>
            {
                if (_statements.Find(id) is not { } row) return false;
                _statements.Delete(row.Sequence);
                _ledger.AddAcknowledged(row.Bytes);
                return true;
            });
            if (!isForgotten) Interlocked.Increment(ref _lateReceipts);
            else if (_statements.FreePages() > FreePagesKept) _statements.Vacuum(VacuumPages);
            return isForgotten;
        }
    }

    /// <summary>Puts a sample that can never be taken out of the queue; some are kept for a person to look
    /// at.</summary>
    public bool SetAside(SampleId id, string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        lock (_gate)
        {
            return Relieved(() =>
            {
                if (_statements.Find(id) is not { } row) return false;
                _statements.Refuse(id, row.Sequence, reason, _options.RefusedKept);
                _ledger.AddRefused(row.Bytes);
                RefusedSample(_log, id, reason);
                return true;
            });
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _statements.Dispose();
            _ledger.Dispose();
            _connection.Dispose();
            _processLock.Dispose();
        }
    }

    StoreResult StoreLocked(Sample sample, byte[] json, ReadOnlyMemory<byte> image, int bytes)
    {
        int thinned = 0;
        Thaw();
        for (int round = 0; ; round++)
        {
            try
            {
                var result = Guarded(() => InTransaction(() => Insert(sample, json, image, bytes)));
                if (result.Outcome == StoreOutcome.Stored) Stored();

                return result with { Thinned = result.Thinned + thinned };
            }
            catch (SqliteException fault) when (SqliteFaults.IsFull(fault, SpoolDatabase.Folder(_path)))
            {
                int now = round < FullRoundsMax ? ThinOnFullDisk((long)bytes << round) : 0;
                thinned += now;
                if (now == 0) return Full(thinned, fault.Message);
            }
        }
    }

    StoreResult Insert(Sample sample, byte[] json, ReadOnlyMemory<byte> image, int bytes)
    {
        if (_statements.Find(sample.Id) is not null) return new StoreResult(StoreOutcome.Duplicate, 0, null);
        int thinned = 0;
        if (_ledger.PendingBytes + bytes > _options.BytesMax)
            thinned += Thin(Thinning.ByteLimit,
                _ledger.PendingBytes + bytes - _options.BytesMax + (_options.BytesMax / ThinAheadPart), 0);
        if (_ledger.Pending + 1 > _options.SamplesMax)
            thinned += Thin(Thinning.CountLimit, 0,
                (int)(_ledger.Pending + 1 - _options.SamplesMax) + (_options.SamplesMax / ThinAheadPart));
        if (IsDiskShort(bytes)) thinned += Thin(Thinning.DiskReserve, 2L * bytes, 0);
        if (IsDiskShort(bytes))
            return Full(thinned, $"less than {_options.DiskReserveBytes} bytes are free (spool.diskReserveBytes)");
        if (_ledger.PendingBytes + bytes > _options.BytesMax || _ledger.Pending + 1 > _options.SamplesMax)
            return Full(thinned, "the spool is at its limit and nothing older is left to thin");

        _statements.Insert(sample.Id, sample.Worth, bytes, json, image);
        _ledger.AddStored(bytes);
        return new StoreResult(StoreOutcome.Stored, thinned, null);
    }

    void Stored()
    {
        if (_isFull) RoomAgain(_log, _path);
        _isFull = false;
    }

    // Pages freed inside the file serve the next sample without touching the disk's free space.
    bool IsDiskShort(int bytes) => _options.DiskReserveBytes > 0
        && Disk.FreeBytes(SpoolDatabase.Folder(_path)) < _options.DiskReserveBytes + bytes
        && _statements.FreePages() * _statements.PageBytes < bytes;

    StoreResult Full(int thinned, string why)
    {
        if (!_isFull) NoRoom(_log, _path, why, _ledger.Pending);
        _isFull = true;
        return new StoreResult(StoreOutcome.Full, thinned, why);
    }

    int ThinOnFullDisk(long bytes)
    {
        try
        {
            Relieve();
            return InTransaction(() => Thin(Thinning.DiskFull, 2 * bytes, 0));
        }
        catch (SqliteException fault) when (SqliteFaults.IsFull(fault, SpoolDatabase.Folder(_path)))
        {
            return 0;
        }
    }

    // The file stops growing before the log has nowhere to go: the log is worked into the file, and its space used
    // again. Growing on would end with pages in the log that fit nowhere, and not even a deletion would work.
    void Relieve()
    {
        _ballast.Drop();
        SpoolDatabase.FreezeGrowth(_connection);
        _isFrozen = true;
        _statements.Checkpoint();
    }

    void Thaw()
    {
        if (!_isFrozen || !_ballast.Restore()) return;
        SpoolDatabase.AllowGrowth(_connection, _options);
        _isFrozen = false;
    }

    // Deletions: on a full disk once more with the ballast's room. Without any, the sample stays: its receipt comes
    // again.
    bool Relieved(Func<bool> work)
    {
        for (int round = 0; ; round++)
        {
            try
            {
                if (round > 0) Relieve();
                return Guarded(() => InTransaction(work));
            }
            catch (SqliteException fault) when (SqliteFaults.IsFull(fault, SpoolDatabase.Folder(_path)))
            {
                if (round == 0) continue;
                Full(0, fault.Message);
                return false;
            }
        }
    }

    int Thin(string reason, long bytes, int count)
    {
        var (dropped, cursor) = Thinning.Choose(_statements.OlderHalf(_ledger.Pending), _ledger.Cursor, bytes, count);
        foreach (var row in dropped)
        {
            _statements.Delete(row.Sequence);
            _ledger.AddThinned(reason, row.Bytes);
        }

        _ledger.SetCursor(cursor);
        if (dropped.Count > 0) Thinned(_log, dropped.Count, reason, _ledger.Pending);
        return dropped.Count;
    }

    // Spelled out: on a full disk SQLite may have rolled back by itself, and SqliteTransaction then fails on disposing.
    T InTransaction<T>(Func<T> work)
    {
        bool isCommitted = false;
        _statements.Begin();
        try
        {
            var result = work();
            _ledger.Write();
            _statements.Commit();
            isCommitted = true;
            _ledger.Commit();
            return result;
        }
        finally
        {
            if (!isCommitted)
            {
                _ledger.Rollback();
                _statements.Rollback();
            }
        }
    }

    T Guarded<T>(Func<T> work)
    {
        try { return work(); }
        catch (SqliteException fault) when (SqliteFaults.IsCorrupt(fault))
        {
            SpoolDatabase.MarkSuspect(_path);
            throw new IOException($"the spool {_path} is damaged ({fault.Message}): "
                + "the next start checks it and sets it aside", fault);
        }
    }

    [LoggerMessage(5002, LogLevel.Information, "spool {Path}: {Pending} samples wait, {Bytes} bytes")]
    static partial void Opened(ILogger log, string path, long pending, long bytes);

    [LoggerMessage(5003, LogLevel.Warning, "spool {Path} takes no more ({Why}); {Pending} samples are kept. "
        + "Free space on that disk, or let the courier reach its broker")]
    static partial void NoRoom(ILogger log, string path, string why, long pending);

    [LoggerMessage(5004, LogLevel.Information, "spool {Path} takes samples again")]
    static partial void RoomAgain(ILogger log, string path);

    [LoggerMessage(5005, LogLevel.Information, "thinned {Count} older samples ({Reason}); {Pending} wait")]
    static partial void Thinned(ILogger log, int count, string reason, long pending);

    [LoggerMessage(5006, LogLevel.Warning, "sample {Id} is set aside: {Reason}")]
    static partial void RefusedSample(ILogger log, SampleId id, string reason);
}
