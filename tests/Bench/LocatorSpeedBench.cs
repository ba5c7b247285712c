using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>What it costs to follow 100 tags that are ranged 20 times a second by six anchors.</summary>
static class LocatorSpeedBench
{
    const int Tags = 100, RatePerS = 20, WarmUpS = 20, Seconds = 20, AskedPerS = 10;

    static readonly Station[] Anchors =
    [
        new("A1", new(0, 0, 3)), new("A2", new(20, 0, 3)), new("A3", new(40, 0, 3)), new("A4", new(40, 25, 3)),
        new("A5", new(20, 25, 3)), new("A6", new(0, 25, 3)),
    ];

    public static void Measure(Report report, string data)
    {
        string on = $"{Tags} tags, {RatePerS} a second, {Anchors.Length} anchors";
        foreach (bool isAsked in new[] { false, true })
        {
            var (share, bytes) = Run(isAsked);
            string what = isAsked ? $", each asked {AskedPerS} times a second for a second ago" : "";
            report.Add($"of one core{what}", 100 * share, "%", isAsked ? "" : "<=10", on);
            report.Add($"allocated{what}", bytes, "bytes/reading", "=0", on);
        }
    }

    static (double Share, double Bytes) Run(bool isAsked)
    {
        var locator = new Locator(new RadioSettings { TagsMax = Tags }, Anchors);
        var random = new Random(1);
        string[] names = [.. Enumerable.Range(0, Tags).Select(i => $"T{i:D3}")];
        var readings = new Observation[Tags * Anchors.Length];
        long bytes = 0, count = 0;
        var spent = TimeSpan.Zero;
        for (int round = 0; round < (WarmUpS + Seconds) * RatePerS; round++)
        {
            Make(readings, names, round / (double)RatePerS, random);
            bool isAsking = isAsked && round % (RatePerS / AskedPerS) == 0;
            var before = Environment.CpuUsage.TotalTime;
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            locator.Take(readings);
            if (isAsking)
            {
                var at = readings[^1].At - TimeSpan.FromSeconds(1);
                foreach (string name in names) locator.TryFixAt(name, at, out _);
            }

            if (round < WarmUpS * RatePerS) continue;
            bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
            spent += Environment.CpuUsage.TotalTime - before;
            count += readings.Length;
        }

        return (spent.TotalSeconds / Seconds, bytes / (double)count);
    }

    static void Make(Observation[] into, string[] names, double t, Random random)
    {
        for (int tag = 0, n = 0; tag < names.Length; tag++)
        {
            double turn = (t / 5) + tag;
            var at = new Vector3(20 + (15 * (float)Math.Cos(turn)), 12 + (10 * (float)Math.Sin(turn)), 1);
            for (int a = 0; a < Anchors.Length; a++, n++)
            {
                double seconds = 1000 + t + (a * .001);
                double range = Vector3.Distance(at, Anchors[a].PositionM) + (.1 * (random.NextDouble() - .5));
                into[n] = Observation.OfRange(MonoTime.FromSeconds(seconds), names[tag], Anchors[a].Id, range, null);
            }
        }
    }
}
