using System.CommandLine;
using System.Text.Json.Nodes;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Fusion;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>calibrate clock</c>: the radio's clock against the camera's, from people both followed.</summary>
static class CalibrateClock
{
    public static Command Create(TextWriter output)
    {
        var command = new Command("clock", "Works out the radio's clock against the camera's from a run.");
        var run = new Option<string>("--run")
        {
            Description = "folder of a run (--out) with detections.csv and fixes.csv",
            Required = true,
        };
        var geometry = new Option<string?>("--geometry")
        {
            Description = "geometry JSON, or a calibration; else the calibration written to",
        };
        var className = new Option<string>("--class")
        {
            Description = "what the detector calls walkers",
            DefaultValueFactory = _ => "person",
        };
        var reach = new Option<double>("--reach")
        {
            Description = "offsets up to so many seconds are tried",
            DefaultValueFactory = _ => 2,
        };
        foreach (Option option in new Option[] { run, geometry, className, reach }) command.Add(option);
        var shared = new CalibrationWords();
        shared.AddTo(command);
        command.SetAction(words =>
        {
            var faults = new List<string>();
            double reachS = words.GetValue(reach);
            if (reachS is not (>= 0.2 and <= 30))
                faults.Add(FormattableString.Invariant($"--reach is {reachS}: 0.2 to 30"));
            var calibration = shared.Open(words, faults);
            string folder = words.GetValue(run)!;
            string boxes = Path.Combine(folder, "detections.csv"), fixes = Path.Combine(folder, "fixes.csv");
            string place = words.GetValue(geometry) ?? shared.File(words);
            var camera = CameraGeometry.TryLoad(place, out var found);
            if (File.Exists(place)) faults.AddRange(found);
            else faults.Add($"{place} is not there: calibrate the camera first, or name --geometry FILE");
            var walk = new WalkTables(
                camera is null ? [] : CalibrationTables.Sightings(
                    boxes, words.GetValue(className)!, camera.Width, camera.Height, faults),
                CalibrationTables.Places(fixes, faults), everyS: 0.1);
            CalibrationWords.Tell(faults);
            if (ClockFit.Find(walk, camera!, reachS) is not { } clock)
            {
                throw new InvalidDataException($"{folder}: no track goes where a tag goes: walk for half a minute with "
                    + "the tag in sight of the camera, with turns and stops, and calibrate the camera first");
            }

            Write(clock, output);
            shared.Save(words, calibration, "clock", [boxes, fixes],
                [("sigmaS", clock.SigmaS), ("pairs", clock.Pairs.Count), ("outliers", clock.LeftOut.Count),
                    ("rmsM", Math.Sqrt(clock.Pairs.Average(pair => pair.ResidualM * pair.ResidualM)))],
                new JsonObject
                {
                    ["radioToCameraS"] = Math.Round(clock.OffsetS, 4),
                    ["sigmaS"] = Math.Round(clock.SigmaS, 4),
                }, output);
            if (shared.Plot(words) is { } plot) Draw(clock, plot);
            return ExitStatus.Ok;
        });
        return command;
    }

    static void Write(ClockFound clock, TextWriter output)
    {
        var table = new Table();
        foreach (var pair in clock.Pairs) Add(pair, "");
        foreach (var pair in clock.LeftOut) Add(pair, ", left out");
        table.Add("radio to camera", $"{clock.OffsetS:+0.000;-0.000} +- {clock.SigmaS:F3} s");
        table.Write(output);

        void Add(in ClockPair pair, string after) => table.Add($"{pair.Tag}, track {pair.Track}",
            $"{pair.OffsetS:+0.000;-0.000} +- {pair.SigmaS:F3} s, {pair.ResidualM:F2} m left{after}");
    }

    // A row a pair: how far it is from the answer, drawn as it is.
    static void Draw(ClockFound clock, string plot) => ResidualPlot.Write(
        plot, "clock: what each track says", "seconds, a line from the answer to what a tag's track says",
        [.. clock.Pairs.Concat(clock.LeftOut).Select((pair, row) =>
            (clock.OffsetS, -0.05 * row, pair.OffsetS - clock.OffsetS, 0.0))],
        [.. clock.Pairs.Concat(clock.LeftOut).Select((pair, row) =>
            ($"{pair.Tag}/{pair.Track}", pair.OffsetS, -0.05 * row))], isUpward: true, 1);
}
