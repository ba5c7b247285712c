using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeAppliance.Retrain.Dataset;
using EdgeAppliance.Tests.Unit;
using Xunit.Abstractions;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>Kills each of the three processes again and again: what the spool said it had committed is delivered
/// once.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    const int KillsEach = 20;
    const string Device = "crash-1";

    [SkippableFact]
    public void Killing_device_broker_and_endpoint_20_times_each_loses_no_committed_sample_and_stores_none_twice()
    {
        using var folder = new ScratchFolder();
        using var broker = new RealBroker(folder.Path);
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var committed = new HashSet<string>(StringComparer.Ordinal);

        broker.Start();
        var endpoint = StartEndpoint();
        var device = StartDevice(random.Next(), samples: 100_000);
        try
        {
            int[] order = [.. Enumerable.Range(0, 3 * KillsEach).Select(kill => kill % 3)];
            random.Shuffle(order);
            foreach (int victim in order)
            {
                Thread.Sleep(random.Next(20, 1200));
                Assert.False(device.HasEnded, string.Join('\n', device.Errors.TakeLast(10)));
                Assert.False(endpoint.HasEnded, string.Join('\n', endpoint.Errors.TakeLast(10)));
                switch (victim)
                {
                    case 0:
                        device.Kill();
                        Collect(device, committed);
                        device.Dispose();
                        device = StartDevice(random.Next(), samples: 100_000);
                        break;
                    case 1:
                        broker.Kill();
                        broker.Start();
                        break;
                    default:
                        endpoint.Kill();
                        endpoint.Dispose();
                        endpoint = StartEndpoint();
                        break;
                }
            }

            device.Kill();
            Collect(device, committed);
            device.Dispose();
            int before = Entries(folder).Count;
            output.WriteLine($"{committed.Count} committed, {before} of them delivered so far, {clock.Elapsed}");

            device = StartDevice(random.Next(), samples: 1);
            Assert.Equal(0, device.WaitForEnd(TimeSpan.FromSeconds(60)));
            Collect(device, committed);
            output.WriteLine(device.Out.Last());
            Assert.EndsWith(" balanced", device.Out.Last(), StringComparison.Ordinal);
            Assert.Equal(0, endpoint.Stop(TimeSpan.FromSeconds(30)));

            Check(folder, committed);
            // A run in which nothing moved would prove nothing.
            Assert.True(committed.Count > 100 && before > committed.Count / 4,
                $"{committed.Count} committed, {before} delivered");
            output.WriteLine($"{clock.Elapsed} in all");
        }
        finally
        {
            device.Dispose();
            endpoint.Dispose();
        }

        RealProcess StartDevice(int made, int samples) => RealProcess.StartOwn("tests/Writer", "EdgeAppliance.Writer",
            folder.File("spool.db"), $"{broker.Port}", Device, $"{made}", $"{samples}");

        RealProcess StartEndpoint() => RealProcess.StartOwn("cloud-sync/Retrain", "edge-retrain",
            "ingest", "--broker", $"127.0.0.1:{broker.Port}", "--dataset", folder.File("set"),
            "--reserve-mb", "0", "--coco-every", "1");
    }

    static void Check(ScratchFolder folder, HashSet<string> committed)
    {
        var entries = Entries(folder);
        var ids = entries.Select(entry => entry.Sample.Id.ToString()).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Empty(committed.Except(ids));
        foreach (var entry in entries)
        {
            byte[] image = File.ReadAllBytes(folder.File($"set/images/{entry.Sample.Id}.jpg"));
            Assert.Equal(entry.Sample.ImageSha256, Convert.ToHexStringLower(SHA256.HashData(image)));
        }

        Assert.Equal(entries.Count, Directory.GetFiles(folder.File("set/images")).Length);
        using var coco = JsonDocument.Parse(File.ReadAllBytes(folder.File("set/annotations.json")));
        var images = coco.RootElement.GetProperty("images").EnumerateArray()
            .Select(image => image.GetProperty("sample").GetString()!).ToList();
        Assert.Equal(ids, images);
    }

    static List<JournalEntry> Entries(ScratchFolder folder)
    {
        var entries = new List<JournalEntry>();
        Assert.Equal(0, Journal.Read(folder.File("set/journal.jsonl"), entries.Add));
        return entries;
    }

    static void Collect(RealProcess device, HashSet<string> committed)
    {
        const string Begins = "committed ";
        foreach (string line in device.Out)
        {
            // The last line may have been cut by the kill: only a whole id counts as said.
            if (line.StartsWith(Begins, StringComparison.Ordinal) && line.Length == Begins.Length + 36)
                committed.Add(line[Begins.Length..]);
        }
    }
}
