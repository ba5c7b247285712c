using System.Globalization;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>What is known of the engine for a key.</summary>
enum EngineState { Absent, Ready, Quarantined }

/// <summary>
/// Engines on disk, a folder a key. A build goes into <c>KEY.building</c> and gets its name in one rename once it has
/// been checked, so what has a name is whole. A bad one leaves <c>KEY.bad</c>, a text with the reason, and is not tried
/// again until somebody deletes it.
/// </summary>
sealed class EngineStore
{
    const string Building = ".building";
    const string Bad = ".bad";
    const string Seconds = "build-seconds";

    readonly string _folder;
    readonly long _bytesMax;

    /// <param name="bytesMax">engines not used for longest are deleted until all fit</param>
    public EngineStore(string folder, long bytesMax)
    {
        _folder = folder;
        _bytesMax = bytesMax;
        Directory.CreateDirectory(folder);
        // What an earlier run left half built is worth nothing.
        foreach (string left in Directory.EnumerateDirectories(folder, "*" + Building)) Directory.Delete(left, true);
    }

    /// <summary>Where a ready engine lies.</summary>
    public string FolderOf(EngineKey key) => Path.Combine(_folder, key.Name);

    public EngineState StateOf(EngineKey key)
    {
        if (File.Exists(FolderOf(key) + Bad)) return EngineState.Quarantined;
        return Directory.Exists(FolderOf(key)) ? EngineState.Ready : EngineState.Absent;
    }

    /// <summary>Why it is in quarantine, or null.</summary>
    public string? WhyBad(EngineKey key)
    {
        string path = FolderOf(key) + Bad;
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    /// <summary>A fresh folder to build in.</summary>
    public string Begin(EngineKey key)
    {
        string folder = FolderOf(key) + Building;
        if (Directory.Exists(folder)) Directory.Delete(folder, true);
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>Gives a checked build its name, and makes room for it.</summary>
    /// <exception cref="IOException">it alone is larger than all engines may be, or the disk refuses</exception>
    public void Commit(EngineKey key, TimeSpan took)
    {
        string building = FolderOf(key) + Building;
        long bytes = BytesIn(building);
        if (bytes > _bytesMax)
        {
            Directory.Delete(building, true);
            throw new IOException(
                $"the engine has {bytes >> 20} MB, inference.engineDiskMbMax is {_bytesMax >> 20}: raise it");
        }

        string seconds = took.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(building, Seconds), seconds);
        MakeRoom(_bytesMax - bytes);
        if (Directory.Exists(FolderOf(key))) Directory.Delete(FolderOf(key), true);
        Directory.Move(building, FolderOf(key));
    }

    /// <summary>Throws a build away and never tries its key again.</summary>
    public void Quarantine(EngineKey key, string why)
    {
        string text = FolderOf(key) + Bad;
        File.WriteAllText(text + ".new", why + "\n");
        File.Move(text + ".new", text, overwrite: true);
        Discard(key);
        if (Directory.Exists(FolderOf(key))) Directory.Delete(FolderOf(key), true);
    }

    /// <summary>Throws a build away that was not to blame (stopped, disk full).</summary>
    public void Discard(EngineKey key)
    {
        string building = FolderOf(key) + Building;
        if (Directory.Exists(building)) Directory.Delete(building, true);
    }

    /// <summary>Lets a key be tried again.</summary>
    public void Pardon(EngineKey key) => File.Delete(FolderOf(key) + Bad);

    /// <summary>Remembers that an engine was used now: the one not used for longest is the first to go.</summary>
    public void Touch(EngineKey key) => Directory.SetLastWriteTimeUtc(FolderOf(key), DateTime.UtcNow);

    /// <summary>How long builds took here, on average; null before the first.</summary>
    public TimeSpan? UsualBuild()
    {
        double[] all = [.. Directory.EnumerateFiles(_folder, Seconds, SearchOption.AllDirectories)
            .Select(f => double.TryParse(File.ReadAllText(f), CultureInfo.InvariantCulture, out double s) ? s : 0)
            .Where(s => s > 0)];
        return all.Length == 0 ? null : TimeSpan.FromSeconds(all.Average());
    }

    void MakeRoom(long bytes)
    {
        var ready = Directory.EnumerateDirectories(_folder).Where(d => !d.EndsWith(Building, StringComparison.Ordinal))
            .Select(d => (Path: d, Bytes: BytesIn(d))).OrderBy(d => Directory.GetLastWriteTimeUtc(d.Path)).ToList();
        long held = ready.Sum(d => d.Bytes);
        foreach (var (path, size) in ready)
        {
            if (held <= bytes) return;
            Directory.Delete(path, true);
            held -= size;
        }
    }

    static long BytesIn(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
}
