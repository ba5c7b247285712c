using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Retrain.Dataset;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>
/// Appliance, broker and endpoint, each a process of its own with a folder that outlives it; and the note of every
/// sample the appliance has committed. The broker is started by the test.
/// </summary>
sealed class WholeChain : IDisposable
{
    readonly ScratchFolder _folder;
    readonly HashSet<string> _committed = new(StringComparer.Ordinal);
    RealProcess? _appliance;
    RealProcess? _endpoint;

    public WholeChain()
    {
        RealBroker.SkipWithout(); // before there is a folder nobody would delete
        _folder = new ScratchFolder();
        Broker = new RealBroker(_folder.Path);
        // Every frame is kept, and labels come soon; the frames are small, so that this costs little.
        File.WriteAllText(_folder.File("appliance.json"), $$"""
            {
              "device": "crash-1",
              "camera": { "widthMax": 640, "heightMax": 360 },
              "inference": { "threads": 1, "providers": ["cpu"] },
              "site": { "tags": "twin" },
              "fusion": { "windowS": 1, "stepS": 0.2, "pairsMin": 5, "agreeWindows": 1, "recentS": 0.5 },
              "annotation": { "agreedWindowsMin": 1 },
              "selection": { "perMinute": 6000, "gapS": 0, "referenceShare": 0.5 },
              "spool": { "folder": "spool", "miBFreeMin": 0 },
              "mqtt": { "host": "127.0.0.1", "port": {{Broker.Port}}, "receiptTimeoutS": 1, "drainS": 60 }
            }
            """);
    }

    public RealBroker Broker { get; }

    public string Set => _folder.File("set");

    /// <summary>Ids of samples the appliance had committed: said by it, or found in its spool after a kill.</summary>
    public IReadOnlyCollection<string> Committed => _committed;

    /// <summary>Kills of the appliance that found samples in its spool.</summary>
    public int KilledWithSamplesWaiting { get; private set; }

    /// <summary>What the running appliance has said to be stored, since it was started.</summary>
    public int ToldNow => Told(_appliance!).Count();

    /// <param name="seed">of the simulated yard</param>
    public void StartAppliance(int seed) => _appliance = RealProcess.StartOwn(
        "runtime/Appliance", "edge-appliance", "run", "--no-page", "--config", _folder.File("appliance.json"),
        "--camera", $"twin://yard?seed={seed}&size=640x360&fps=15");

    public void StartEndpoint() => _endpoint = RealProcess.StartOwn(
        "cloud-sync/Retrain", "edge-retrain", "ingest", "--broker", $"127.0.0.1:{Broker.Port}", "--dataset", Set,
        "--reserve-mb", "0", "--coco-every", "1");

    public void AssertRunning()
    {
        Assert.False(_appliance!.HasEnded, "the appliance ended: " + Last(_appliance));
        Assert.False(_endpoint!.HasEnded, "the endpoint ended: " + Last(_endpoint));
    }

    public void KillAppliance()
    {
        _appliance!.Kill();
        NoteAppliance();
        if (!File.Exists(Spool("spool.db"))) return; // killed before it had begun one
        if (NoteSpool().Pending > 0) KilledWithSamplesWaiting++;
    }

    public void KillEndpoint()
    {
        _endpoint!.Kill();
        _endpoint.Dispose();
        _endpoint = null;
    }

    /// <summary>Asks the appliance to end, which delivers what is in its spool first.</summary>
    public SpoolCounts StopAppliance()
    {
        int status = _appliance!.Stop(TimeSpan.FromSeconds(90));
        Assert.True(status == 0, $"exit status {status}: {Last(_appliance)}");
        NoteAppliance();
        return NoteSpool();
    }

    public void StopEndpoint() => Assert.Equal(0, _endpoint!.Stop(TimeSpan.FromSeconds(30)));

    /// <summary>What the data set has by now.</summary>
    public IReadOnlyList<JournalEntry> Entries()
    {
        var entries = new List<JournalEntry>();
        string journal = Path.Combine(Set, DataSetFolder.JournalName);
        if (File.Exists(journal)) Assert.Equal(0, Journal.Read(journal, entries.Add));
        return entries;
    }

    /// <summary>Waits for what the running processes are to bring about.</summary>
    public void Until(Func<bool> isSo, string what)
    {
        long until = Environment.TickCount64 + 60_000;
        while (!isSo())
        {
            AssertRunning();
            Assert.True(Environment.TickCount64 < until, $"not after 60 s: {what}; {Last(_appliance!)}");
            Thread.Sleep(50);
        }
    }

    public void Dispose()
    {
        _appliance?.Dispose();
        _endpoint?.Dispose();
        Broker.Dispose();
        _folder.Dispose();
    }

    void NoteAppliance()
    {
        _committed.UnionWith(Told(_appliance!));
        _appliance!.Dispose();
        _appliance = null;
    }

    /// <summary>
    /// A kill may fall between a commit and its line: what waits in the spool is read too, in a copy, so that its own
    /// recovery stays the appliance's.
    /// </summary>
    SpoolCounts NoteSpool()
    {
        string copy = Directory.CreateDirectory(_folder.File("copy")).FullName;
        foreach (string file in (string[])["spool.db", "spool.db-wal"])
        {
            File.Delete(Path.Combine(copy, file));
            if (File.Exists(Spool(file))) File.Copy(Spool(file), Path.Combine(copy, file));
        }

        var log = new ListLog();
        using var spool = SampleSpool.Open(
            Path.Combine(copy, "spool.db"), new SpoolOptions { DiskReserveBytes = 0, BallastBytes = 0 }, log);
        Assert.False(log.Has(5001), "the kill damaged the spool");
        var counts = spool.Counts;
        var pending = spool.Pending((int)counts.Pending + 1, []);
        Assert.True(counts.IsBalanced && counts.Pending == pending.Count, $"{counts}, {pending.Count} rows");
        _committed.UnionWith(pending.Select(sample => sample.Id.ToString()));
        Assert.True(counts.Stored >= _committed.Count, $"{_committed.Count} committed, the spool knows of {counts}");
        return counts;
    }

    string Spool(string file) => Path.Combine(_folder.File("spool"), file);

    static string Last(RealProcess process) => string.Join('\n', process.Errors.TakeLast(10));

    static IEnumerable<string> Told(RealProcess appliance)
    {
        const string Begins = "sample ", Ends = " stored: ";
        const int IdLength = 36;
        foreach (string line in appliance.Errors)
        {
            // The last line may have been cut by the kill: only a whole id counts as said.
            int at = line.IndexOf(Ends, StringComparison.Ordinal) - IdLength;
            if (at >= Begins.Length && line.AsSpan(at - Begins.Length, Begins.Length).SequenceEqual(Begins))
                yield return line.Substring(at, IdLength);
        }
    }
}
