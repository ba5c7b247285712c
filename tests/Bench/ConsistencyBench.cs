using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>
/// Whether covariances can be believed: normalised errors squared on the twin against their chi-square band, and on
/// recordings the share of errors within one stated deviation (68 % of normal ones).
/// </summary>
static class ConsistencyBench
{
    const double Seconds = 60, StepS = .5;

    /// <summary>95 % of chi-square with two degrees of freedom lies between these.</summary>
    const double BandLeast = .0506, BandMost = 7.378;

    /// <summary>
    /// Who leaves the twin's yard comes in again elsewhere, in no time: fixes this long before and after are left out,
    /// seconds; a step of a tenth of a second is longer than this only then, metres.
    /// </summary>
    const double BeforeJumpS = 3, AfterJumpS = 5, JumpM = .6;

    public static void Measure(Report report, string data)
    {
        foreach (bool isLagged in new[] { true, false })
        {
            var lengths = new List<double>();
            foreach (int seed in new[] { 3, 11, 19, 27 }) Twin(seed, isLagged, lengths);
            string on = $"twin, ranges, {lengths.Count} fixes, lag {(isLagged ? new RadioSettings().SmoothS : 0)} s";
            double inside = lengths.Count(length => length is >= BandLeast and <= BandMost);
            report.Add("NEES within the 95 % band", inside / lengths.Count, "", isLagged ? ">=0.9" : "", on);
            report.Add("NEES, mean of 2 degrees of freedom", lengths.Average(), "", "", on);
        }

        Cover(report, "hanyang, all runs and axes", [.. UwbRangesBench.Runs(data).Select(run =>
            Errors(run.Run, UwbRangesBench.Site, run.Run.Truth[0].T, run.Run.Truth[^1].T, inSpace: false))]);
        Cover(report, "util, all flights and axes", [.. UwbUtilBench.Flights(data).Select(flight =>
        {
            var (from, to) = UwbUtilBench.InAir(flight);
            return Errors(flight, UwbUtilBench.Site, from, to, inSpace: true);
        })]);
    }

    static FixErrors Errors(RecordedTag run, RadioSettings settings, double from, double to, bool inSpace) =>
        new(run.Fixes(settings, settings.SmoothS, from, to), run.TrueM, inSpace);

    static void Cover(Report report, string on, IReadOnlyList<FixErrors> runs)
    {
        double? share = runs.Count == 0 ? null : runs.Sum(run => run.Inner) / runs.Sum(run => run.Axes);
        report.Add("errors within one stated deviation", share, "", ">=0.6", on);
        report.Add("the same, no more than", share, "", "<=0.76", on);
    }

    static void Twin(int seed, bool isLagged, List<double> lengths)
    {
        var epoch = MonoTime.FromSeconds(1000);
        var world = TwinWorld.Create("yard", seed, 128, 72);
        using var radio = new TwinRadio(world, epoch);
        var settings = new RadioSettings();
        var locator = new Locator(settings, radio.Stations);
        var into = new Observation[8192];
        double lag = isLagged ? settings.SmoothS : 0;
        for (double t = 0; t < Seconds; t += StepS)
        {
            int count = radio.Drain(epoch + TimeSpan.FromSeconds(t), into);
            locator.Take([.. into.Take(count).Where(one => one.Kind == ObservationKind.Range)]);
            if (t < AfterJumpS + lag) continue;
            foreach (string tag in locator.Tags)
            {
                double asked = t - lag;
                if (HasJumped(world, tag, asked)) continue;
                var at = TimeSpan.FromSeconds(asked);
                if (!locator.TryFixAt(tag, epoch + at, out var fix)) continue;
                if (world.TagPositionM(tag, at) is not { } truth) continue;
                if (fix.Covariance.SquaredLength(fix.PositionM - new Vector2(truth.X, truth.Y)) is { } length)
                    lengths.Add(length);
            }
        }
    }

    static bool HasJumped(TwinWorld world, string tag, double t)
    {
        const double Step = .1;
        for (double at = t - AfterJumpS; at < t + BeforeJumpS; at += Step)
        {
            var from = world.TagPositionM(tag, TimeSpan.FromSeconds(Math.Max(0, at)));
            var to = world.TagPositionM(tag, TimeSpan.FromSeconds(Math.Max(0, at + Step)));
            if (from is { } a && to is { } b && Vector3.Distance(a, b) > JumpM) return true;
        }

        return false;
    }
}
