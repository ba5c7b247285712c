using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// The registry in force. Readers take <see cref="Current"/> once a frame and keep it for that frame: it never
/// changes, a newer one takes its place. With a file it is looked at every few seconds, without the kernel's
/// notices, which network and container file systems do not give; a file that cannot be used leaves the old
/// registry in force and says so.
/// </summary>
sealed partial class LiveRegistry : IDisposable
{
    /// <summary>How often the file is looked at: somebody who edits it waits no longer.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>A registry of ten thousand tags is 2 MB; what is larger is no registry.</summary>
    public const long BytesMax = 16 << 20;

    // Written again within the clock's grain, a file may look untouched: FAT has 2 s.
    static readonly TimeSpan Grain = TimeSpan.FromSeconds(3);

    readonly string? _path;
    readonly ILogger _log;
    readonly TimeProvider _clock;
    readonly Lock _looking = new();
    readonly ITimer? _timer;
    volatile TagRegistry _current;
    volatile string? _fault;
    (DateTime Written, long Length) _stat;
    DateTimeOffset _readAt;
    string _hash;
    string _refusedHash = "";

    LiveRegistry(string? path, TagRegistry first, string hash, ILogger log, TimeProvider clock)
    {
        (_path, _current, _hash, _log, _clock) = (path, first, hash, log, clock);
        if (path is null) return;
        _readAt = clock.GetUtcNow();
        if (StatOf(path) is { } stat) _stat = stat;
        _timer = clock.CreateTimer(_ => Look(), null, Every, Every);
    }

    /// <summary>Never changes once taken; may be read from any thread.</summary>
    public TagRegistry Current => _current;

    /// <summary>Why the file as it is now is not in force, the first fault; null when it is.</summary>
    public string? Fault => _fault;

    /// <summary>Times a changed file came into force.</summary>
    public long Reloads { get; private set; }

    /// <summary>A registry without a file: it stays as it is.</summary>
    public static LiveRegistry Of(TagRegistry registry) =>
        new(null, registry, "", Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System);

    /// <summary>Reads the file and keeps looking at it.</summary>
    /// <exception cref="InvalidDataException">it cannot be used: one line a fault, each with its key's path</exception>
    public static LiveRegistry Open(string path, ILogger log, TimeProvider clock)
    {
        var bytes = Read(path, out string? reason) ?? throw new InvalidDataException($"{path}: {reason}");
        var first = TagRegistry.TryParse(bytes, path, out var faults)
            ?? throw new InvalidDataException(string.Join('\n', faults));
        return new LiveRegistry(path, first, HashOf(bytes), log, clock);
    }

    /// <summary>Looks at the file once; the timer does it every few seconds.</summary>
    public void Look()
    {
        if (_path is null || !_looking.TryEnter()) return;
        try
        {
            LookOnce(_path);
        }
        finally
        {
            _looking.Exit();
        }
    }

    public void Dispose() => _timer?.Dispose();

    void LookOnce(string path)
    {
        var now = _clock.GetUtcNow();
        var stat = StatOf(path);
        bool mayHaveChanged = stat is not { } seen || seen != _stat || _fault is not null
            || _readAt - new DateTimeOffset(seen.Written, TimeSpan.Zero) < Grain;
        if (!mayHaveChanged) return;
        var bytes = Read(path, out string? reason);
        _readAt = now;
        _stat = stat ?? default;
        if (bytes is null)
        {
            Refuse(path, [$"{path}: {reason}"], "");
            return;
        }

        string hash = HashOf(bytes);
        if (hash == _hash)
        {
            _fault = null;
            return;
        }

        if (TagRegistry.TryParse(bytes, path, out var faults) is { } registry)
        {
            _hash = hash;
            _fault = null;
            _current = registry;
            Reloads++;
            LogReloaded(path, registry.Count, registry.Stations.Length);
        }
        else Refuse(path, faults, hash);
    }

    void Refuse(string path, ImmutableArray<string> faults, string hash)
    {
        bool isTold = _fault is not null && hash == _refusedHash;
        (_fault, _refusedHash) = (faults[0], hash);
        if (!isTold) LogRefused(path, string.Join("; ", faults));
    }

    static byte[]? Read(string path, out string? reason)
    {
        reason = null;
        try
        {
            if (new FileInfo(path).Length <= BytesMax) return File.ReadAllBytes(path);
            reason = $"is larger than {BytesMax >> 20} MiB: no registry";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            reason = $"cannot be read: {fault.Message}";
        }

        return null;
    }

    static (DateTime Written, long Length)? StatOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : null;
    }

    static string HashOf(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    [LoggerMessage(4360, LogLevel.Information, "{Path} changed: {Tags} tags and {Stations} stations are in force")]
    partial void LogReloaded(string path, int tags, int stations);

    [LoggerMessage(4361, LogLevel.Error, "{Path} changed and cannot be used, the registry before it stays: {Faults}")]
    partial void LogRefused(string path, string faults);
}
