using System.Collections.Immutable;
using Microsoft.Data.Sqlite;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>
/// The spool's counts: changed in the transaction that changes the samples, read into memory once. A change lives in
/// <c>Draft</c> until the transaction is committed, so a rolled-back one leaves no trace.
/// </summary>
sealed class SpoolLedger : IDisposable
{
    const string Stored = "stored";
    const string Acknowledged = "acknowledged";
    const string RefusedName = "refused";
    const string PendingName = "pending";
    const string PendingBytesName = "pendingBytes";
    const string ThinnedBegins = "thinned:";
    const string CursorName = "thinningCursor";

    readonly SqliteCommand _set;
    ImmutableDictionary<string, long> _committed;
    ImmutableDictionary<string, long> _draft;

    public SpoolLedger(SqliteConnection connection)
    {
        var read = ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "SELECT name, value FROM counts";
            using var rows = command.ExecuteReader();
            while (rows.Read()) read[rows.GetString(0)] = rows.GetInt64(1);
        }

        _committed = read.ToImmutable();
        _draft = _committed;
        _set = connection.CreateCommand();
        _set.CommandText = "INSERT INTO counts VALUES ($name, $value) "
            + "ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        _set.Parameters.Add("$name", SqliteType.Text);
        _set.Parameters.Add("$value", SqliteType.Integer);
    }

    public long Pending => _draft.GetValueOrDefault(PendingName);

    public long PendingBytes => _draft.GetValueOrDefault(PendingBytesName);

    public long Cursor => _draft.GetValueOrDefault(CursorName);

    /// <summary>As of the last commit; safe to read from any thread.</summary>
    public SpoolCounts Counts
    {
        get
        {
            var now = Volatile.Read(ref _committed);
            return new SpoolCounts(
                now.GetValueOrDefault(Stored), now.GetValueOrDefault(PendingName),
                now.GetValueOrDefault(PendingBytesName),
                now.GetValueOrDefault(Acknowledged), now.GetValueOrDefault(RefusedName),
                now.Where(count => count.Key.StartsWith(ThinnedBegins, StringComparison.Ordinal))
                    .ToImmutableSortedDictionary(count => count.Key[ThinnedBegins.Length..], count => count.Value));
        }
    }

    public void AddStored(int bytes)
    {
        Add(Stored, 1);
        Arrive(1, bytes);
    }

    public void AddAcknowledged(int bytes)
    {
        Add(Acknowledged, 1);
        Arrive(-1, -bytes);
    }

    public void AddRefused(int bytes)
    {
        Add(RefusedName, 1);
        Arrive(-1, -bytes);
    }

    public void AddThinned(string reason, int bytes)
    {
        Add(ThinnedBegins + reason, 1);
        Arrive(-1, -bytes);
    }

    public void SetCursor(long sequence) => _draft = _draft.SetItem(CursorName, sequence);

    /// <summary>Writes what changed, inside the open transaction.</summary>
    public void Write()
    {
        foreach (var (name, value) in _draft)
        {
            if (_committed.TryGetValue(name, out long before) && before == value) continue;
            _set.Parameters[0].Value = name;
            _set.Parameters[1].Value = value;
            _set.ExecuteNonQuery();
        }
    }

    public void Commit() => Volatile.Write(ref _committed, _draft);

    public void Rollback() => _draft = _committed;

    public void Dispose() => _set.Dispose();

    void Arrive(int samples, long bytes)
    {
        Add(PendingName, samples);
        Add(PendingBytesName, bytes);
    }

    void Add(string name, long change) => _draft = _draft.SetItem(name, _draft.GetValueOrDefault(name) + change);
}
