namespace EdgeAppliance.Bench;

/// <summary>
/// Positions from real radio recordings against their truth. <c>--only NAME</c> runs one part, <c>--plot FILE</c> draws
/// the first outdoor run. A part whose recordings are not there says so in a figure that could not be had.
/// </summary>
static class LocalizeBench
{
    static readonly (string Name, Action<Report, string> Measure)[] Parts =
    [
        ("uwb-ranges", UwbRangesBench.Measure),
        ("uwb-util", UwbUtilBench.Measure),
        ("consistency", ConsistencyBench.Measure),
        ("speed", LocatorSpeedBench.Measure),
        ("camera-pose", CameraPoseBench.Measure),
        ("camera-bump", CameraBumpBench.Measure),
        ("ble-position", BlePositionBench.Measure),
        ("ble-flat", BleFlatBench.Measure),
        ("dwm1001", Dwm1001Bench.Measure),
        ("camera-uwb", CameraUwbBench.Measure),
        ("clock-twin", ClockTwinBench.Measure),
    ];

    public static int Run(BenchArguments given)
    {
        string? only = given.After("--only");
        if (only is not null && Parts.All(part => part.Name != only))
        {
            Console.Error.WriteLine(
                $"--only {only}: one of {string.Join(", ", Parts.Select(part => part.Name))} is needed");
            return 64;
        }

        if (given.After("--plot") is { } file
            && UwbRangesBench.Runs(given.Data).Select(run => run.Run).FirstOrDefault() is { } run)
            TrackPlot.Write(file, run, run.Fixes(UwbRangesBench.Site, 2, run.Truth[0].T, run.Truth[^1].T - 2));
        var report = new Report("localize");
        foreach (var (name, measure) in Parts)
        {
            if (only is not null && name != only) continue;
            Console.Error.WriteLine($"localize: {name}");
            measure(report, given.Data);
        }

        return report.Finish();
    }
}
