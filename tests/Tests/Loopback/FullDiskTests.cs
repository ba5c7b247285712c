using System.Diagnostics;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Retrain.Dataset;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A really full disk: a small tmpfs, which only root may mount.</summary>
public sealed class FullDiskTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();
    string? _mounted;

    [SkippableTheory]
    [InlineData(12)]
    [InlineData(8)]
    public void A_full_disk_thins_the_spool_and_corrupts_nothing(int mebibytes)
    {
        string disk = Mount(mebibytes);
        string path = Path.Combine(disk, "spool.db");
        var options = new SpoolOptions { DiskReserveBytes = 0, BallastBytes = 3 << 19 };
        var random = new Random(mebibytes);
        int stored = 0, full = 0;
        using (var spool = SampleSpool.Open(path, options, _log))
        {
            for (int i = 0; i < 150; i++)
            {
                // Somebody else fills what is left, and goes again.
                if (i == 100) Fill(disk);
                var (sample, image) = MadeUpSample.Make(random, "d", random.Next(10_000, 200_000));
                var result = spool.Store(sample, image);
                if (result.Outcome == StoreOutcome.Stored)
                {
                    stored++;
                    Assert.NotNull(spool.Read(sample.Id));
                }
                else
                {
                    full++;
                    Assert.Equal(StoreOutcome.Full, result.Outcome);
                    Assert.NotEmpty(result.Why!);
                }

                Assert.True(spool.Counts.IsBalanced, $"{i}: {spool.Counts}");
            }

            Assert.True(spool.Counts.Thinned > 0, $"{spool.Counts}");
            // What is there can go while the disk is full: receipts still count.
            foreach (var (id, _, _) in spool.Pending(3, [])) Assert.True(spool.Forget(id));
            File.Delete(Path.Combine(disk, "filler"));
            var (last, lastImage) = MadeUpSample.Make(random, "d", 10_000);
            Assert.Equal(StoreOutcome.Stored, spool.Store(last, lastImage).Outcome);
        }

        Assert.True(stored > 50, $"{stored} stored, {full} refused for want of room");
        Assert.False(_log.Has(5001), "the spool was damaged");
        using var again = SampleSpool.Open(path, options, _log);
        Assert.Equal(stored + 1, again.Counts.Stored);
        Assert.True(again.Counts.IsBalanced);
        foreach (var (id, _, _) in again.Pending(1000, [])) Assert.NotNull(again.Read(id));
        Assert.Equal(again.Counts.Pending, again.Pending(1000, []).Count);
    }

    [SkippableFact]
    public async Task An_endpoint_with_a_full_disk_sends_no_receipt_and_nothing_is_lost()
    {
        using var broker = new RealBroker(_folder.Path);
        broker.Start();
        string disk = Mount(2);
        await using var both = new BothEnds(_folder, broker.Port, _log, set: Path.Combine(disk, "set"));
        both.Store(3, bytes: 50_000);
        await BrokerLinkTests.Until(() => both.Spool.Counts.Acknowledged == 3);

        Fill(disk);
        both.Store(4, bytes: 50_000);
        await BrokerLinkTests.Until(() => both.Intake.Counts.Unanswered >= 4);
        Assert.Equal(4, both.Spool.Counts.Pending);
        Assert.Equal(3, both.Set.Images);
        Assert.True(_log.Has(6104));

        File.Delete(Path.Combine(disk, "filler"));
        await BrokerLinkTests.Until(() => both.Spool.Counts is { Pending: 0, Acknowledged: 7 });
        Assert.Equal(7, both.Set.Images);
        Assert.Equal((7L, 0L), DataSetCounting.Count(Path.Combine(disk, "set")) is var stats
            ? (stats.Images, stats.ImagesMissing) : default);
    }

    public void Dispose()
    {
        if (_mounted is not null) Run("umount", "--lazy", _mounted);
        _folder.Dispose();
    }

    string Mount(int mebibytes)
    {
        Skip.IfNot(Environment.UserName == "root" && OperatingSystem.IsLinux(), "needs root to mount a small tmpfs");
        string disk = _folder.File("disk");
        Directory.CreateDirectory(disk);
        Skip.IfNot(Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", disk) == 0,
            "may not mount a tmpfs here (a container without CAP_SYS_ADMIN)");
        _mounted = disk;
        return disk;
    }

    static void Fill(string disk)
    {
        using var filler = new FileStream(
            Path.Combine(disk, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] part = new byte[4096];
        try
        {
            while (true) filler.Write(part);
        }
        catch (IOException fault) when (Disk.IsFull(fault))
        {
            // full: that was the point
        }
    }

    static int Run(string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
