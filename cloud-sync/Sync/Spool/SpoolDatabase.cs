using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>The spool's file: opened, checked, set aside when it is no sound database.</summary>
static partial class SpoolDatabase
{
    public const int SchemaVersion = 1;

    // Bodies have their own table, so that choosing what to send or to thin never reads an image.
    const string Schema = """
        CREATE TABLE samples (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,
            worth REAL NOT NULL, bytes INTEGER NOT NULL);
        CREATE INDEX samples_by_worth ON samples (worth DESC, seq);
        CREATE TABLE bodies (seq INTEGER PRIMARY KEY, sample BLOB NOT NULL, image BLOB NOT NULL);
        CREATE TABLE refused (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, reason TEXT NOT NULL,
            sample BLOB NOT NULL, image BLOB NOT NULL);
        CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        """;

    // A spool that was set aside may be gigabytes: two are kept, so that a failing disk cannot fill itself with them.
    const int SetAsideKept = 2;

    public static SqliteConnection Open(string path, SpoolOptions options, ILogger log)
    {
        string suspect = SuspectMark(path);
        try
        {
            var connection = Connect(path, options);
            try
            {
                if (File.Exists(suspect)) Check(connection);
                File.Delete(suspect);
                return connection;
            }
            catch (SqliteException)
            {
                connection.Dispose();
                throw;
            }
        }
        catch (SqliteException fault) when (SqliteFaults.IsCorrupt(fault))
        {
            string aside = SetAside(path);
            CorruptSetAside(log, path, fault.Message, aside);
            File.Delete(suspect);
            return Connect(path, options);
        }
        catch (SqliteException fault) when (SqliteFaults.IsUnusable(fault))
        {
            throw new IOException($"the spool {path} cannot be opened: {fault.Message} "
                + $"(is the folder writable? {Disk.FreeBytes(Folder(path))} bytes are free there)", fault);
        }
    }

    /// <summary>Remembers over a restart that SQLite found damage: the next opening reads the whole file.</summary>
    public static void MarkSuspect(string path) => File.WriteAllBytes(SuspectMark(path), []);

    public static string Folder(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    static string SuspectMark(string path) => path + ".suspect";

    static SqliteConnection Connect(string path, SpoolOptions options)
    {
        Sqlite.Require();
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            // Before the first table, or it is without effect: lets the file give space back to a disk others fill.
            Run(connection, "PRAGMA auto_vacuum = INCREMENTAL");
            Run(connection, "PRAGMA journal_mode = WAL");
            // NORMAL loses acknowledged rows on a power cut (measured: 10 of 50 cuts); FULL lost none.
            Run(connection, "PRAGMA synchronous = FULL");
            Run(connection, "PRAGMA busy_timeout = 5000");
            // A megabyte of log: small enough that the ballast can always take it into the file.
            Run(connection, "PRAGMA wal_autocheckpoint = 256");
            Run(connection, "PRAGMA journal_size_limit = 67108864");
            long version = Number(connection, "PRAGMA user_version");
            if (version > SchemaVersion)
                throw new IOException($"the spool {path} has schema {version}, this program knows {SchemaVersion}: "
                    + "install the program that wrote it, or give this one another spool");
            if (version == 0) Create(connection);
            AllowGrowth(connection, options);
            // Reads every row's head: damage in the tables that steer us is found now, in an image when it is read.
            Number(connection, "SELECT total(bytes) FROM samples NOT INDEXED");
            Number(connection, "SELECT count(*) FROM counts");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Growth has a ceiling even if the bookkeeping were wrong: refused samples and free pages come on top.
    /// </summary>
    public static void AllowGrowth(SqliteConnection connection, SpoolOptions options)
    {
        long ceiling = options.BytesMax + (options.BytesMax / 4)
            + ((options.RefusedKept + 4L) * options.SampleBytesMax);
        long pages = Math.Min(ceiling / Number(connection, "PRAGMA page_size"), 4294967294);
        Run(connection, $"PRAGMA max_page_count = {pages}");
    }

    /// <summary>Lets the file use the pages it has and no more: SQLite takes any lower number as the present
    /// one.</summary>
    public static void FreezeGrowth(SqliteConnection connection) => Run(connection, "PRAGMA max_page_count = 1");

    static void Create(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction();
        Run(connection, Schema);
        Run(connection, $"PRAGMA user_version = {SchemaVersion}");
        transaction.Commit();
    }

    static void Check(SqliteConnection connection)
    {
        string verdict = Text(connection, "PRAGMA quick_check(1)") ?? "no answer";
        if (verdict != "ok") throw new SqliteException(verdict, 11);
    }

    static string SetAside(string path)
    {
        string stamp = DateTime.UtcNow.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture);
        string aside = $"{path}.damaged-{stamp}";
        foreach (string end in (string[])["", "-wal", "-shm"])
        {
            if (File.Exists(path + end)) File.Move(path + end, aside + end);
        }

        var older = Directory.GetFiles(Folder(path), Path.GetFileName(path) + ".damaged-*")
            .Where(file => !file.EndsWith("-wal", StringComparison.Ordinal)
                && !file.EndsWith("-shm", StringComparison.Ordinal))
            .OrderDescending(StringComparer.Ordinal).Skip(SetAsideKept);
        foreach (string file in older)
        {
            foreach (string end in (string[])["", "-wal", "-shm"]) File.Delete(file + end);
        }

        return aside;
    }

    public static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long Number(SqliteConnection connection, string sql) =>
        Convert.ToInt64(Scalar(connection, sql), CultureInfo.InvariantCulture);

    public static string? Text(SqliteConnection connection, string sql) =>
        Convert.ToString(Scalar(connection, sql), CultureInfo.InvariantCulture);

    static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    [LoggerMessage(5001, LogLevel.Error,
        "the spool {Path} is damaged ({Fault}): set aside as {Aside}, a new one is begun. "
        + "What it held may be recovered by hand: sqlite3 {Aside} .recover")]
    static partial void CorruptSetAside(ILogger log, string path, string fault, string aside);
}
