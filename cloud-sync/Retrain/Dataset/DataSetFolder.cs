using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Spool;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain.Dataset;

/// <summary>A sample that passed every check, with its image.</summary>
readonly record struct CheckedSample(Sample Sample, ReadOnlyMemory<byte> Image);

/// <summary>
/// A data set on disk: <c>images/ID.jpg</c>, <c>journal.jsonl</c> (what is in it, append-only), and made from the
/// journal
/// <c>annotations.json</c> (COCO) and <c>detections.jsonl</c>. A sample is in the data set when its line is in the
/// journal.
/// </summary>
sealed partial class DataSetFolder : IDisposable
{
    public const string ImagesFolder = "images";
    public const string JournalName = "journal.jsonl";

    readonly string _images;
    readonly FileStream _processLock;
    readonly HashSet<Guid> _known = [];
    readonly Journal _journal;

    DataSetFolder(string folder, FileStream processLock, ILogger log)
    {
        Folder = folder;
        _processLock = processLock;
        _images = Path.Combine(folder, ImagesFolder);
        Directory.CreateDirectory(_images);
        _journal = Journal.Open(
            Path.Combine(folder, JournalName), entry => _known.Add(entry.Sample.Id.Value), log);
        int orphans = SweepOrphans();
        if (orphans > 0) OrphansSwept(log, folder, orphans);
        Disk.FlushFolder(folder);
        Opened(log, folder, _known.Count);
    }

    public string Folder { get; }

    public int Images => _known.Count;

    /// <exception cref="IOException">another process writes this data set, or the folder cannot be written</exception>
    public static DataSetFolder Open(string folder, ILogger log)
    {
        Directory.CreateDirectory(folder);
        var processLock = ProcessLock.Take(Path.Combine(folder, ".lock"), $"the data set {folder}", "--dataset");
        try { return new DataSetFolder(folder, processLock, log); }
        catch
        {
            processLock.Dispose();
            throw;
        }
    }

    public bool Has(SampleId id) => _known.Contains(id.Value);

    /// <summary>
    /// Adds samples and returns after images and journal are on the disk: one flush of folder and journal for all of
    /// them.
    /// </summary>
    /// <returns>what became of each, in order: stored, or a duplicate</returns>
    /// <exception cref="IOException">nothing was added</exception>
    public IReadOnlyList<Verdict> Add(IReadOnlyList<CheckedSample> samples)
    {
        var verdicts = new Verdict[samples.Count];
        var entries = new List<JournalEntry>(samples.Count);
        var fresh = new HashSet<Guid>();
        for (int i = 0; i < samples.Count; i++)
        {
            var (sample, image) = samples[i];
            bool isNew = !_known.Contains(sample.Id.Value) && fresh.Add(sample.Id.Value);
            verdicts[i] = isNew ? Verdict.Stored : Verdict.Duplicate;
            if (!isNew) continue;
            Disk.Replace(ImagePath(sample.Id), stream => stream.Write(image.Span), flushFolder: false);
            entries.Add(new JournalEntry(JournalEntry.CurrentVersion, DateTimeOffset.UtcNow, image.Length, sample));
        }

        if (entries.Count == 0) return verdicts;
        // The images' names first: a line in the journal never points at nothing.
        Disk.FlushFolder(_images);
        _journal.Append(entries);
        _known.UnionWith(fresh);
        return verdicts;
    }

    public void Dispose()
    {
        _journal.Dispose();
        _processLock.Dispose();
    }

    string ImagePath(SampleId id) => Path.Combine(_images, id + ".jpg");

    // Images whose journal line was never written, and half-written files: their samples have no receipt and come
    // again.
    int SweepOrphans()
    {
        int swept = 0;
        foreach (string file in Directory.EnumerateFiles(_images))
        {
            string name = Path.GetFileName(file);
            bool isOurs = name.Length > 36 && Guid.TryParseExact(name[..36], "D", out _);
            bool isKnown = name.EndsWith(".jpg", StringComparison.Ordinal) && name.Length == 40
                && Guid.TryParseExact(name[..36], "D", out var id) && _known.Contains(id);
            if (!isOurs || isKnown) continue;
            File.Delete(file);
            swept++;
        }

        return swept;
    }

    [LoggerMessage(6003, LogLevel.Information,
        "{Folder}: {Count} images without a journal line removed; "
        + "their samples have no receipt and come again")]
    static partial void OrphansSwept(ILogger log, string folder, int count);

    [LoggerMessage(6004, LogLevel.Information, "data set {Folder}: {Count} images")]
    static partial void Opened(ILogger log, string folder, int count);
}
