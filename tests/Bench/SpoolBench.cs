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
        string place = arguments.After("--folder") ?? ".";
        string folder = Path.Combine(place, $"spool-bench-{Environment.ProcessId}");
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

            var report = new Report(arguments.Name);
            string on = $"{Samples} samples of {ImageBytes / 1000} KB, every commit flushed, disk of {place}";
            report.Add("stores", 1000 / storeMs.Average(), "1/s", "", on);
            report.Add("store_median", storeMs[Samples / 2], "ms", "", on);
            report.Add("store_99", storeMs[Samples * 99 / 100], "ms", "", on);
            report.Add("store_worst", storeMs[^1], "ms", "", on);
            report.Add("forgets", 1000 / forgetMs, "1/s", "", on);
            report.Add("acknowledged", spool.Counts.Acknowledged, "samples", $"={Samples}", on);
            report.Add("unbalanced", spool.Counts.IsBalanced ? 0 : 1, "spools", "=0", on);
            return report.Finish();
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
