using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Retrain.Dataset;
using Xunit.Abstractions;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>Appliance, broker and endpoint end, or are not there, at any moment: what was committed is delivered
/// once.</summary>
public sealed class CrashTests(ITestOutputHelper output) : IDisposable
{
    const int KillsEach = 20;
    // Fewer would say that the kills hardly met any work.
    const int CommittedMin = 40;
    const int WithSamplesWaitingMin = 3;

    enum Victim { Appliance, Broker, Endpoint }

    readonly WholeChain _chain = new();

    public void Dispose() => _chain.Dispose();

    [SkippableFact]
    public void Killing_appliance_broker_and_endpoint_20_times_each_loses_no_committed_sample_and_stores_none_twice()
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        _chain.Broker.Start();
        _chain.StartEndpoint();
        _chain.StartAppliance(random.Next());

        Victim[] order = [.. Enum.GetValues<Victim>().SelectMany(victim => Enumerable.Repeat(victim, KillsEach))];
        random.Shuffle(order);
        foreach (var victim in order)
        {
            // Three in four appliances have begun to store when their moment is drawn, however slow the machine.
            if (victim == Victim.Appliance && random.Next(4) > 0) _chain.Until(() => _chain.ToldNow > 0, "a sample");
            Thread.Sleep(random.Next(20, 1500));
            _chain.AssertRunning();
            Kill(victim, random);
        }

        _chain.KillAppliance();
        int committed = _chain.Committed.Count, delivered = _chain.Entries().Count;
        int withSamples = _chain.KilledWithSamplesWaiting;
        string moved = $"{committed} committed, {delivered} of them delivered so far, {withSamples} kills of the "
            + "appliance with samples waiting";
        output.WriteLine($"{moved}, {clock.Elapsed}");
        Assert.True(
            committed >= CommittedMin && delivered >= committed / 4 && withSamples >= WithSamplesWaitingMin,
            $"{moved}: so little moved that the kills prove nothing");

        _chain.StartAppliance(random.Next());
        _chain.Until(() => _chain.ToldNow > 0, "a sample of the last run");
        AssertEachOnce(_chain.StopAppliance());
        output.WriteLine($"{clock.Elapsed} in all");
    }

    [SkippableFact]
    public void Samples_wait_while_there_is_no_broker_and_arrive_when_it_comes()
    {
        _chain.StartEndpoint();
        _chain.StartAppliance(seed: 1);
        _chain.Until(() => _chain.ToldNow >= 5, "five samples without a broker");
        Assert.Empty(_chain.Entries());

        _chain.Broker.Start();
        _chain.Until(() => _chain.Entries().Count >= 5, "five samples in the data set");

        _chain.Broker.Kill();
        int before = _chain.ToldNow;
        _chain.Until(() => _chain.ToldNow >= before + 5, "five samples while the broker is away");
        _chain.Broker.Start();
        AssertEachOnce(_chain.StopAppliance());
    }

    void Kill(Victim victim, Random random)
    {
        switch (victim)
        {
            case Victim.Appliance:
                _chain.KillAppliance();
                _chain.StartAppliance(random.Next());
                break;
            case Victim.Broker:
                _chain.Broker.Kill();
                _chain.Broker.Start();
                break;
            case Victim.Endpoint:
                _chain.KillEndpoint();
                _chain.StartEndpoint();
                break;
        }
    }

    /// <summary>The spool's own account of all runs and the data set say the same.</summary>
    void AssertEachOnce(SpoolCounts counts)
    {
        _chain.StopEndpoint();
        output.WriteLine($"{counts}");
        Assert.True(counts is { Pending: 0, Refused: 0, Thinned: 0, IsBalanced: true }, $"{counts}");

        var entries = _chain.Entries();
        var ids = entries.Select(entry => entry.Sample.Id.ToString()).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Empty(_chain.Committed.Except(ids));
        Assert.Equal(counts.Stored, ids.Count);
        foreach (var entry in entries)
        {
            byte[] image = File.ReadAllBytes(Path.Combine(_chain.Set, "images", $"{entry.Sample.Id}.jpg"));
            Assert.Equal(entry.Sample.ImageSha256, Convert.ToHexStringLower(SHA256.HashData(image)));
        }

        Assert.Equal(entries.Count, Directory.GetFiles(Path.Combine(_chain.Set, "images")).Length);
        AssertCoco(ids, entries.Sum(entry => entry.Sample.Boxes.Length));
    }

    void AssertCoco(List<string> ids, int boxes)
    {
        using var coco = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_chain.Set, CocoFile.AnnotationsName)));
        var images = coco.RootElement.GetProperty("images").EnumerateArray().ToDictionary(
            image => image.GetProperty("id").GetInt64());
        Assert.Equal(ids, images.Values.Select(image => image.GetProperty("sample").GetString()!));
        var annotations = coco.RootElement.GetProperty("annotations");
        Assert.Equal(boxes, annotations.GetArrayLength());
        Assert.True(boxes > 0, "no sample carries a label");
        foreach (var annotation in annotations.EnumerateArray())
        {
            double[] box = [.. annotation.GetProperty("bbox").EnumerateArray().Select(side => side.GetDouble())];
            var image = images[annotation.GetProperty("image_id").GetInt64()];
            Assert.True(box[0] >= 0 && box[1] >= 0 && box[2] > 0 && box[3] > 0
                && box[0] + box[2] <= image.GetProperty("width").GetDouble()
                && box[1] + box[3] <= image.GetProperty("height").GetDouble(), $"{annotation} outside of {image}");
        }
    }
}
