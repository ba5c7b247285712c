using System.Diagnostics;
using System.Security.Cryptography;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Spool;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>
/// Stores per second with every commit flushed, images of 100 KB, on the disk of --folder (default: here).
/// </summary>
static class SpoolBench
{
    const int Samples = 300;
    const int ImageBytes = 100_000;

    public static int Run(BenchArguments arguments)
    {
        string folder = Path.Combine(arguments.After("--folder") ?? ".", $"spool-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            using var spool = SampleSpool.Open(
                Path.Combine(folder, "spool.db"), new SpoolOptions { DiskReserveBytes = 0 }, NullLogger.Instance);
            double[] storeMs = [.. Enumerable.Range(0, Samples).Select(number => StoreMs(spool, number))];
            long began = Stopwatch.GetTimestamp();
            foreach (var (id, _, _) in spool.Pending(Samples, [])) spool.Forget(id);
            double forgetMs = Stopwatch.GetElapsedTime(began).TotalMilliseconds / Samples;
            Array.Sort(storeMs);
            Console.Out.WriteLine($"store   {1000 / storeMs.Average():F0} a second; "
                + $"ms: median {storeMs[Samples / 2]:F2}, "
                + $"99 in 100 below {storeMs[Samples * 99 / 100]:F2}, worst {storeMs[^1]:F2}");
            Console.Out.WriteLine($"forget  {1000 / forgetMs:F0} a second");
            return spool.Counts is { Pending: 0, Acknowledged: Samples, IsBalanced: true } ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The image is made before the clock starts.
    static double StoreMs(SampleSpool spool, int number)
    {
        byte[] image = new byte[ImageBytes];
        new Random(number).NextBytes(image);
        var sample = new Sample(
            Sample.CurrentVersion, SampleId.New(), "bench", DateTimeOffset.UtcNow, ClockTrust.Unknown, "twin://bench",
            number, number / 30.0, 1280, 720, "image/jpeg", Convert.ToHexStringLower(SHA256.HashData(image)), [], [],
            "0123456789ab", null, "bench", 0.5);
        long began = Stopwatch.GetTimestamp();
        if (!spool.Store(sample, image).IsStored) throw new InvalidOperationException("not stored");
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
