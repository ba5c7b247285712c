using System.Globalization;
using EdgeAppliance.CloudSync.Contract;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>The spool's SQL, prepared once.</summary>
sealed class SpoolStatements : IDisposable
{
    readonly List<SqliteCommand> _all = [];
    readonly SqliteConnection _connection;
    readonly SqliteCommand _begin;
    readonly SqliteCommand _commit;
    readonly SqliteCommand _rollback;
    readonly SqliteCommand _find;
    readonly SqliteCommand _insert;
    readonly SqliteCommand _insertBody;
    readonly SqliteCommand _delete;
    readonly SqliteCommand _deleteBody;
    readonly SqliteCommand _pending;
    readonly SqliteCommand _read;
    readonly SqliteCommand _older;
    readonly SqliteCommand _refuse;
    readonly SqliteCommand _trimRefused;
    readonly SqliteCommand _freePages;

    public SpoolStatements(SqliteConnection connection)
    {
        _connection = connection;
        PageBytes = SpoolDatabase.Number(connection, "PRAGMA page_size");
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _find = Prepare("SELECT seq, worth, bytes FROM samples WHERE id = $id", "$id");
        _insert = Prepare("INSERT INTO samples (id, worth, bytes) VALUES ($id, $worth, $bytes)",
            "$id", "$worth", "$bytes");
        _insertBody = Prepare("INSERT INTO bodies VALUES (last_insert_rowid(), $sample, $image)", "$sample", "$image");
        _delete = Prepare("DELETE FROM samples WHERE seq = $seq", "$seq");
        _deleteBody = Prepare("DELETE FROM bodies WHERE seq = $seq", "$seq");
        _pending = Prepare("SELECT id, worth, bytes FROM samples ORDER BY worth DESC, seq LIMIT $max", "$max");
        _read = Prepare("SELECT sample, image FROM bodies JOIN samples USING (seq) WHERE id = $id", "$id");
        _older = Prepare("SELECT seq, worth, bytes FROM samples ORDER BY seq LIMIT $max", "$max");
        _refuse = Prepare("INSERT INTO refused (id, reason, sample, image) "
            + "SELECT $id, $reason, sample, image FROM bodies WHERE seq = $seq", "$id", "$reason", "$seq");
        _trimRefused = Prepare("DELETE FROM refused WHERE seq <= "
            + "(SELECT seq FROM refused ORDER BY seq DESC LIMIT 1 OFFSET $kept)", "$kept");
        _freePages = Prepare("PRAGMA freelist_count");
    }

    public long PageBytes { get; }

    public void Begin() => _begin.ExecuteNonQuery();

    public void Commit() => _commit.ExecuteNonQuery();

    public void Rollback()
    {
        // 0: a transaction is open still; SQLite has not ended it by itself.
        if (raw.sqlite3_get_autocommit(_connection.Handle) == 0) _rollback.ExecuteNonQuery();
    }

    public ThinningRow? Find(SampleId id)
    {
        _find.Parameters[0].Value = id.Value.ToByteArray();
        using var rows = _find.ExecuteReader();
        return rows.Read() ? new ThinningRow(rows.GetInt64(0), rows.GetDouble(1), rows.GetInt32(2)) : null;
    }

    public void Insert(SampleId id, double worth, int bytes, byte[] json, ReadOnlyMemory<byte> image)
    {
        _insert.Parameters[0].Value = id.Value.ToByteArray();
        _insert.Parameters[1].Value = worth;
        _insert.Parameters[2].Value = bytes;
        _insert.ExecuteNonQuery();
        _insertBody.Parameters[0].Value = json;
        _insertBody.Parameters[1].Value = image.ToArray();
        _insertBody.ExecuteNonQuery();
        _insertBody.Parameters[1].Value = DBNull.Value; // or the last image lives until the next
    }

    public void Delete(long sequence)
    {
        _delete.Parameters[0].Value = sequence;
        _delete.ExecuteNonQuery();
        _deleteBody.Parameters[0].Value = sequence;
        _deleteBody.ExecuteNonQuery();
    }

    public void Refuse(SampleId id, long sequence, string reason, int kept)
    {
        _refuse.Parameters[0].Value = id.Value.ToByteArray();
        _refuse.Parameters[1].Value = reason;
        _refuse.Parameters[2].Value = sequence;
        _refuse.ExecuteNonQuery();
        Delete(sequence);
        _trimRefused.Parameters[0].Value = kept;
        _trimRefused.ExecuteNonQuery();
    }

    public IReadOnlyList<PendingSample> Pending(int max, IReadOnlyCollection<SampleId> except)
    {
        var found = new List<PendingSample>(max);
        _pending.Parameters[0].Value = max + except.Count;
        using var rows = _pending.ExecuteReader();
        while (found.Count < max && rows.Read())
        {
            var id = new SampleId(new Guid(rows.GetFieldValue<byte[]>(0)));
            if (!except.Contains(id)) found.Add(new PendingSample(id, rows.GetDouble(1), rows.GetInt32(2)));
        }

        return found;
    }

    public (byte[] Json, byte[] Image)? Read(SampleId id)
    {
        _read.Parameters[0].Value = id.Value.ToByteArray();
        using var rows = _read.ExecuteReader();
        return rows.Read() ? (rows.GetFieldValue<byte[]>(0), rows.GetFieldValue<byte[]>(1)) : null;
    }

    public IReadOnlyList<ThinningRow> OlderHalf(long pending)
    {
        var found = new List<ThinningRow>((int)(pending / 2));
        _older.Parameters[0].Value = pending / 2;
        using var rows = _older.ExecuteReader();
        while (rows.Read()) found.Add(new ThinningRow(rows.GetInt64(0), rows.GetDouble(1), rows.GetInt32(2)));
        return found;
    }

    public long FreePages() => Convert.ToInt64(_freePages.ExecuteScalar(), CultureInfo.InvariantCulture);

    /// <summary>Cuts free pages off the file's end; outside a transaction.</summary>
    public void Vacuum(int pages) => SpoolDatabase.Run(_connection, $"PRAGMA incremental_vacuum({pages})");

    /// <summary>Writes the log back into the file, so that the log's space is used again; outside a
    /// transaction.</summary>
    public void Checkpoint() => SpoolDatabase.Run(_connection, "PRAGMA wal_checkpoint(RESTART)");

    public void Dispose()
    {
        foreach (var command in _all) command.Dispose();
    }

    SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in parameters)
            command.Parameters.Add(new SqliteParameter { ParameterName = name, Value = DBNull.Value });
        _all.Add(command);
        return command;
    }
}
