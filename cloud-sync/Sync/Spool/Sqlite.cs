using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>The system's own SQLite, so that its security updates reach us.</summary>
public static class Sqlite
{
    // Debian, Ubuntu and JetPack all name it so; the second is what a developer's machine may have.
    static readonly string[] Names = ["libsqlite3.so.0", "libsqlite3.so"];

    static readonly Lazy<string?> Fault = new(Load);

    /// <summary>For <c>doctor</c>: the version found, or what is wrong and what helps.</summary>
    public static (bool Found, string Text) Describe() => Fault.Value is { } fault
        ? (false, fault)
        : (true, $"SQLite {raw.sqlite3_libversion().utf8_to_string()}");

    /// <exception cref="DllNotFoundException">no SQLite on this machine; says what to install</exception>
    internal static void Require()
    {
        if (Fault.Value is { } fault) throw new DllNotFoundException(fault);
    }

    static string? Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, assembly, path) =>
            name == "e_sqlite3" ? LoadAny() : 0);
        if (LoadAny() == 0) return $"{Names[0]} is not on this machine: apt-get install libsqlite3-0";
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return null;
    }

    static nint LoadAny()
    {
        foreach (string name in Names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle)) return handle;
        }

        return 0;
    }
}

/// <summary>What SQLite's result codes mean to the spool.</summary>
static class SqliteFaults
{
    const int IoError = 10;
    const int Corrupt = 11;
    const int Full = 13;
    const int CannotOpen = 14;
    const int NotADatabase = 26;
    // Growing the write-ahead log's index is reported as an I/O error, not as a full disk.
    const int IoErrorShmSize = IoError | (19 << 8);
    const int IoErrorWrite = IoError | (3 << 8);

    public static bool IsFull(SqliteException fault, string folder) => fault.SqliteErrorCode == Full
        || (fault.SqliteExtendedErrorCode is IoErrorShmSize or IoErrorWrite && Disk.FreeBytes(folder) < 1 << 20);

    public static bool IsCorrupt(SqliteException fault) => fault.SqliteErrorCode is Corrupt or NotADatabase;

    public static bool IsUnusable(SqliteException fault) => fault.SqliteErrorCode is IoError or CannotOpen or Full;
}
