using System.CommandLine;
using EdgeAppliance.Runtime.Calibration;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>calibrate check</c>: whether a calibration still holds on a recording.</summary>
static class CalibrateCheck
{
    // Residuals scatter from walk to walk: half as much again, and two pixels for a steady one.
    const double MedianTimes = 1.5, MedianPx = 2, ExplainedShare = 0.5;

    // A pose a degree off shifts all by 17 px at a focal length of 1000; a minute's walk tells it to about half that.
    const double TurnedDegrees = 2;

    public static Command Create(TextWriter output)
    {
        var command = new Command("check", "Compares a calibration with a recording; status 1 when it does not hold.");
        var file = new Argument<string>("CALIBRATION") { Description = "the calibration" };
        var run = new Option<string>("--run")
        {
            Description = "folder of a run (--out) with detections.csv and fixes.csv",
            Required = true,
        };
        var className = new Option<string>("--class")
        {
            Description = "what the detector calls walkers",
            DefaultValueFactory = _ => "person",
        };
        command.Add(file);
        command.Add(run);
        command.Add(className);
        command.SetAction(words => Check(
            words.GetValue(file)!, words.GetValue(run)!, words.GetValue(className)!, output));
        return command;
    }

    static int Check(string file, string folder, string className, TextWriter output)
    {
        var faults = new List<string>();
        var calibration = CalibrationFile.TryLoad(file, out var found);
        faults.AddRange(found);
        var part = calibration?.Parts.GetValueOrDefault("camera");
        if (calibration is not null && part is null)
            faults.Add($"{file}: has no camera part: calibrate camera writes it");
        CalibrationWords.Tell(faults);
        var model = CameraModel.TryLoad(file, out var pose, out var told);
        faults.AddRange(told);
        if (model is null || pose is null) CalibrationWords.Tell(faults.Count > 0 ? faults : [$"{file}: has no pose"]);
        var tables = CalibrateCamera.TablesOf(
            Path.Combine(folder, "detections.csv"), Path.Combine(folder, "fixes.csv"), className, [], model!, faults);
        CalibrationWords.Tell(faults);
        return Judge(part!, new FittedPose(model!, pose!, 0, null), tables, output);
    }

    static int Judge(CalibrationPart part, FittedPose known, WalkTables tables, TextWriter output)
    {
        double offsetS = part.Figures.GetValueOrDefault("offsetS");
        var options = new WalkPoseOptions { OffsetS = offsetS };
        // The gate is wide: a pose that is off must not lose what tells it.
        var matches = WalkPose.Match(known, tables, offsetS, 10, options);
        double[] off = [.. matches.Select(m =>
            Math.Sqrt((m.ResidualU * m.ResidualU) + (m.ResidualV * m.ResidualV))).Order()];
        var table = new Table();
        bool holds = off.Length >= 20;
        if (holds)
        {
            double median = off[off.Length / 2], was = part.Figures.GetValueOrDefault("medianPx", median);
            table.Add("median residual", $"{median:F1} px, {was:F1} px when calibrated");
            holds &= median <= (MedianTimes * was) + MedianPx;
        }
        else table.Add("matches", $"{off.Length}: too few to tell");

        if (WalkPose.Solve(known.Model, tables, options) is { } anew)
        {
            double turned = anew.Fit.Pose.DegreesTo(known.Pose), share = part.Figures.GetValueOrDefault("explained");
            table.Add("pose worked out anew", $"turned by {turned:F2} degrees")
                .Add("explained", $"{anew.Explained:P0} of tags in sight, {share:P0} when calibrated");
            holds &= turned < TurnedDegrees && off.Length > ExplainedShare * anew.Matches.Count;
        }

        table.Add("verdict", $"{(holds ? "holds" : "does not hold: calibrate the camera anew")}").Write(output);
        return holds ? ExitStatus.Ok : ExitStatus.Failed;
    }
}
