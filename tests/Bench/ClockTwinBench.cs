using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>
/// Half a second put between the twin's radio and its truth, and found again from a minute of ranges: all tags
/// together, as the monitor weighs them, and each by itself.
/// </summary>
static class ClockTwinBench
{
    const double Seconds = 60, EpochS = 1000;

    static readonly OffsetRules Rules = new()
    {
        Alignment = new AlignmentRules { IsPlanar = true, Freedom = FrameFreedom.Shift },
        LeadSigma = 0.1,
        NoiseMin = 0.05,
        SigmaMaxS = 0.2,
    };

    public static void Measure(Report report, string data)
    {
        foreach (int seed in new[] { 1, 2, 3 })
        {
            var world = TwinWorld.Create("yard", seed, 128, 72);
            foreach (double put in new[] { -0.5, 0.5 }) One(report, world, put, $"twin yard {seed}, {put} s put in");
        }
    }

    static void One(Report report, TwinWorld world, double put, string on)
    {
        double sum = 0, weights = 0;
        int told = 0, within = 0;
        foreach (var (tag, trail) in Trails(world, put))
        {
            TimedPlace[] camera = [.. Enumerable.Range(0, (int)(10 * Seconds)).Select(i => Seen(world, tag, 0.1 * i))
                .OfType<TimedPlace>()];
            ClockOffset.TryEstimate([.. trail], camera, Rules, 0, out var found);
            if (found is null) continue;
            told++;
            if (Math.Abs(found.OffsetS - put) <= found.SigmaS) within++;
            sum += found.OffsetS / (found.SigmaS * found.SigmaS);
            weights += 1 / (found.SigmaS * found.SigmaS);
        }

        double? error = told == 0 ? null : Math.Abs((sum / weights) - put);
        report.Add("clock offset, all tags, error", error, "s", "<=0.05", on);
        report.Add("tags that told", told, "", ">=3", on);
        report.Add("of them within one sigma", told == 0 ? null : (double)within / told, "", "", on);
    }

    static TimedPlace? Seen(TwinWorld world, string tag, double t) =>
        world.TagPositionM(tag, TimeSpan.FromSeconds(t)) is { } at ? new TimedPlace(EpochS + t, at) : null;

    // Fixes of a second ago, ten a second, by a radio whose clock is behind by what was put in.
    static SortedDictionary<string, List<TimedPlace>> Trails(TwinWorld world, double put)
    {
        using var radio = new TwinRadio(world, MonoTime.FromSeconds(EpochS));
        var locator = new Locator(new RadioSettings(), world.Stations);
        var trails = new SortedDictionary<string, List<TimedPlace>>(StringComparer.Ordinal);
        var into = new Observation[500];
        var shift = TimeSpan.FromSeconds(put);
        for (double t = 0; t < Seconds; t += 0.1)
        {
            int count;
            while ((count = radio.Drain(MonoTime.FromSeconds(EpochS + t), into)) > 0)
            {
                for (int i = 0; i < count; i++) into[i] = into[i] with { At = into[i].At - shift };
                locator.Take(into.AsSpan(0, count));
            }

            var then = MonoTime.FromSeconds(EpochS + t - 1) - shift;
            foreach (string tag in locator.Tags)
            {
                if (!locator.TryFixAt(tag, then, out var fix)) continue;
                if (!trails.TryGetValue(tag, out var trail)) trails.Add(tag, trail = []);
                trail.Add(new TimedPlace(then.Seconds, new Vector3(fix.PositionM, 0)));
            }
        }

        return trails;
    }
}
