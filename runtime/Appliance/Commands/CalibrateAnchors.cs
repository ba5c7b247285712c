using System.CommandLine;
using System.Text.Json.Nodes;
using EdgeAppliance.Runtime.Calibration;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>calibrate anchors</c>: anchors placed from their ranges to each other.</summary>
static class CalibrateAnchors
{
    sealed class Words
    {
        public Option<string> Ranges { get; } = new("--ranges")
        {
            Description = "CSV from,to,range_m: ranges between anchors, as many as there are of each pair",
            Required = true,
        };

        public Option<string?> Anchors { get; } = new("--anchors")
        {
            Description = "CSV id,x_m,y_m,z_m: all of a measured anchor, z only of one whose height is known",
        };

        public Option<bool> ThreeD { get; } = new("--three-d") { Description = "looks for heights too" };

        public Option<string?> Origin { get; } = new("--origin") { Description = "the anchor at (0, 0)" };

        public Option<string?> XAxis { get; } = new("--x-axis") { Description = "an anchor on the x axis" };

        public Option<string?> Side { get; } = new("--side") { Description = "an anchor left of it, y above 0" };
    }

    public static Command Create(TextWriter output)
    {
        var command = new Command("anchors", "Places anchors from the ranges between them.");
        var own = new Words();
        foreach (Option option in
            new Option[] { own.Ranges, own.Anchors, own.ThreeD, own.Origin, own.XAxis, own.Side }) command.Add(option);
        var shared = new CalibrationWords();
        shared.AddTo(command);
        command.SetAction(words => Run(words, own, shared, output));
        return command;
    }

    static int Run(ParseResult words, Words own, CalibrationWords shared, TextWriter output)
    {
        var faults = new List<string>();
        string file = words.GetValue(own.Ranges)!;
        var ranges = CalibrationTables.Ranges(file, faults);
        var options = new SurveyOptions
        {
            IsThreeD = words.GetValue(own.ThreeD),
            Origin = words.GetValue(own.Origin),
            XAxis = words.GetValue(own.XAxis),
            Side = words.GetValue(own.Side),
        };
        string? anchors = words.GetValue(own.Anchors);
        if (anchors is not null)
        {
            var (surveyed, heights) = CalibrationTables.Anchors(anchors, faults);
            options = options with { SurveyedM = surveyed, HeightsM = heights };
        }

        if (faults.Count == 0)
            faults.AddRange(AnchorSurvey.Faults(ranges, options).Select(fault => $"{file}: {fault}"));
        var calibration = shared.Open(words, faults);
        CalibrationWords.Tell(faults);
        if (AnchorSurvey.Solve(ranges, options) is not { } result)
            throw new InvalidDataException(
                $"{file}: origin, x axis and side, or the measured anchors, lie on one line");
        Write(result, output);
        if (shared.Plot(words) is { } plot) Draw(result, plot);
        string[] inputs = anchors is null ? [file] : [file, anchors];
        shared.Save(words, calibration, "anchors", inputs,
            [("rmsM", result.RmsM), ("pairs", result.Pairs.Count), ("redundancy", result.Redundancy),
                ("outliers", result.Pairs.Count(pair => pair.IsOutlier))],
            Values(result), output);
        return ExitStatus.Ok;
    }

    static void Write(SurveyResult result, TextWriter output)
    {
        var table = new Table();
        foreach (var anchor in result.Anchors)
        {
            var (p, s) = (anchor.PositionM, anchor.SigmaM);
            string sigma = s is { } known ? Table.Invariant($"+- {known.X:F2} {known.Y:F2} {known.Z:F2}") : "uncertain";
            string bias = anchor.BiasM is { } b
                ? Table.Invariant($", delay {b:F3} +- {anchor.BiasSigmaM ?? 0:F3} m") : "";
            table.Add(anchor.Id, $"({p.X:F2}, {p.Y:F2}, {p.Z:F2}) m {sigma}, {anchor.Ranges} ranges{bias}");
        }

        table.Add("residuals", $"{result.RmsM:F3} m rms over {result.Pairs.Count} pairs, {result.Redundancy} to spare");
        if (result.Missing.Count > 0) table.Add("not measured", $"{string.Join(", ", result.Missing)}");
        foreach (string note in result.Notes) table.Add("note", $"{note}");
        table.Write(output);
    }

    static void Draw(SurveyResult result, string plot)
    {
        var places = result.Anchors.ToDictionary(
            anchor => anchor.Id, anchor => anchor.PositionM, StringComparer.Ordinal);
        var arrows = result.Pairs.Select(pair =>
        {
            var (a, b) = (places[pair.From], places[pair.To]);
            var along = System.Numerics.Vector3.Normalize(b - a) * (float)pair.ResidualM;
            return ((a.X + b.X) / 2.0, (a.Y + b.Y) / 2.0, (double)along.X, (double)along.Y);
        });
        ResidualPlot.Write(plot, "anchors: residuals of their ranges", "metres", [.. arrows],
            [.. result.Anchors.Select(a => (a.Id, (double)a.PositionM.X, (double)a.PositionM.Y))], isUpward: true, 10);
    }

    static JsonObject Values(SurveyResult result)
    {
        var stations = new JsonArray();
        foreach (var anchor in result.Anchors)
        {
            var row = new JsonObject
            {
                ["id"] = anchor.Id,
                ["xM"] = Rounded(anchor.PositionM.X),
                ["yM"] = Rounded(anchor.PositionM.Y),
                ["zM"] = Rounded(anchor.PositionM.Z),
            };
            if (anchor.SigmaM is { } s) row["sigmaM"] = new JsonArray(Rounded(s.X), Rounded(s.Y), Rounded(s.Z));
            if (anchor.BiasM is { } bias) row["delayM"] = Rounded(bias);
            stations.Add((JsonNode)row);
        }

        return new JsonObject { ["stations"] = stations };
    }

    static JsonValue Rounded(double value) => JsonValue.Create(Math.Round(value, 4));
}
