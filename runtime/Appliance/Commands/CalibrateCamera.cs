using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EdgeAppliance.Runtime.Calibration;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>calibrate camera</c>: its pose from somebody who walks with a tag, or from clicked points.</summary>
static class CalibrateCamera
{
    sealed class Words
    {
        public Option<string?> Run { get; } = new("--run")
        {
            Description = "folder of a run (--out) with detections.csv and fixes.csv",
        };

        public Option<string?> Clicks { get; } = new("--clicks")
        {
            Description = "CSV u,v,x_m,y_m,z_m: points clicked in the picture, instead of a walk",
        };

        public Option<string?> Lens { get; } = new("--lens")
        {
            Description = "geometry JSON with the camera's picture size, focal lengths and distortion",
        };

        public Option<string?> Size { get; } = new("--size")
        {
            Description = "WIDTHxHEIGHT of the picture, where no lens is known: its focal length is worked out too",
        };

        public Option<bool> FocalFree { get; } = new("--focal-free")
        {
            Description = "works the focal length out too",
        };

        public Option<string> Class { get; } = new("--class")
        {
            Description = "what the detector calls walkers",
            DefaultValueFactory = _ => "person",
        };

        public Option<string[]> Tag { get; } = new("--tag")
        {
            Description = "only this tag walks; may be given again. Else all of them may",
            DefaultValueFactory = _ => [],
        };

        public Option<double> Offset { get; } = new("--offset")
        {
            Description = "the radio's time less the camera's, seconds",
        };

        public Option<double> OffsetMax { get; } = new("--offset-max")
        {
            Description = "looks for the offset too, up to so many seconds",
        };

        public Option<string> Name { get; } = new("--name")
        {
            Description = "the calibration's version, as samples carry it",
            DefaultValueFactory = _ => DateTimeOffset.UtcNow.ToString(
                "'camera-'yyyyMMdd-HHmm", CultureInfo.InvariantCulture),
        };

        public void AddTo(Command command)
        {
            foreach (Option option in
                new Option[] { Run, Clicks, Lens, Size, FocalFree, Class, Tag, Offset, OffsetMax, Name })
                command.Add(option);
        }
    }

    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command(
            "camera", "Works out a camera's pose from a walk with a tag, or from clicked points.");
        var own = new Words();
        own.AddTo(command);
        var shared = new CalibrationWords();
        shared.AddTo(command);
        command.Validators.Add(words =>
        {
            if (words.GetValue(own.Run) is null == words.GetValue(own.Clicks) is null)
                words.AddError("say what to work with: --run FOLDER or --clicks CSV");
            if (words.GetValue(own.Lens) is null == words.GetValue(own.Size) is null)
                words.AddError("say what the camera is: --lens GEOMETRY or --size WIDTHxHEIGHT");
        });
        command.SetAction(words =>
        {
            var faults = new List<string>();
            var model = ModelOf(words, own, faults, out bool isFocalFree);
            var calibration = shared.Open(words, faults);
            if (words.GetValue(own.Clicks) is { } clicks)
                return FromClicks(words, own, shared, calibration, model, clicks, isFocalFree, faults, output);
            string folder = words.GetValue(own.Run)!;
            return FromWalk(words, own, shared, calibration, model, folder, isFocalFree, faults, output, errors);
        });
        return command;
    }

    static CameraModel ModelOf(ParseResult words, Words own, List<string> faults, out bool isFocalFree)
    {
        isFocalFree = words.GetValue(own.FocalFree);
        var nothing = CameraModel.Guess(1280, 720, 1000);
        if (words.GetValue(own.Lens) is { } lens)
        {
            var model = CameraModel.TryLoad(lens, out _, out var found);
            faults.AddRange(found);
            return model ?? nothing;
        }

        isFocalFree = true;
        string[] parts = words.GetValue(own.Size)!.Split('x');
        if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && width is >= 16 and <= 32768 && height is >= 16 and <= 32768)
        {
            // 65 degrees across: between a telephone's and a dome's. What is found may be a fifth to five times it.
            return CameraModel.Guess(width, height, 0.78 * width);
        }

        faults.Add($"--size is {words.GetValue(own.Size)}: WIDTHxHEIGHT, as 1280x720");
        return nothing;
    }

    static int FromWalk(
        ParseResult words, Words own, CalibrationWords shared, CalibrationFile calibration, CameraModel model,
        string folder, bool isFocalFree, List<string> faults, TextWriter output, TextWriter errors)
    {
        string boxes = Path.Combine(folder, "detections.csv"), fixes = Path.Combine(folder, "fixes.csv");
        var tables = TablesOf(boxes, fixes, words.GetValue(own.Class)!, words.GetValue(own.Tag)!, model, faults);
        CalibrationWords.Tell(faults);
        errors.WriteLine($"{tables.Instants.Count} instants, {tables.Tags.Count} tags: looking for who is who");
        var options = new WalkPoseOptions
        {
            IsFocalFree = isFocalFree,
            OffsetS = words.GetValue(own.Offset),
            OffsetMaxS = words.GetValue(own.OffsetMax),
        };
        if (WalkPose.Solve(model, tables, options) is not { } result)
        {
            throw new InvalidDataException($"{folder}: no pose explains the walk: walk for a minute, to and fro over "
                + "all that the camera sees, not along one line, with the tag on the chest");
        }

        double[] off = [.. result.Matches.Select(m => Length(m.ResidualU, m.ResidualV)).Order()];
        (string, double)[] figures =
        [
            ("rmsPx", Math.Sqrt(off.Average(px => px * px))), ("medianPx", off[off.Length / 2]),
            ("p90Px", off[off.Length * 9 / 10]), ("matches", off.Length), ("explained", result.Explained),
            ("offsetS", result.OffsetS),
        ];
        if (PoseSpread.Of(result, isFocalFree) is { } sigma)
        {
            figures =
            [
                .. figures, ("sigmaPx", sigma.Px), ("sigmaPlaceM", sigma.PlaceM), ("sigmaDegrees", sigma.Degrees),
            ];
        }

        Write(result.Fit, figures, output);
        if (shared.Plot(words) is { } plot)
        {
            ResidualPlot.Write(plot, "camera: feet less where tags should be seen", "pixels",
                [.. result.Matches.Select(m => (m.Point.U - m.ResidualU, m.Point.V - m.ResidualV, m.ResidualU,
                    m.ResidualV))], [], isUpward: false, 1);
        }

        shared.Save(words, calibration, "camera", [boxes, fixes], figures,
            Values(result.Fit, words.GetValue(own.Name)!), output);
        return ExitStatus.Ok;
    }

    static int FromClicks(
        ParseResult words, Words own, CalibrationWords shared, CalibrationFile calibration, CameraModel model,
        string file, bool isFocalFree, List<string> faults, TextWriter output)
    {
        var points = CalibrationTables.Clicks(file, faults);
        int needed = isFocalFree ? 5 : 4;
        if (faults.Count == 0 && points.Count(point => point.Z == 0) < needed)
            faults.Add($"{file}: {points.Count(point => point.Z == 0)} points on the floor (z_m 0): at least {needed}");
        CalibrationWords.Tell(faults);
        if (ClickedPose.Solve(model, points, isFocalFree, out bool[] isUsed) is not { } fit)
        {
            throw new InvalidDataException($"{file}: no camera sees these points so: are they in the site's metres, on "
                + "no one line, and is the lens this camera's?");
        }

        var seen = points.Select(point => (Point: point, At: fit.Pose.Project(fit.Model, point.X, point.Y, point.Z)))
            .ToList();
        double[] off = [.. seen.Where((row, i) => isUsed[i]).Select(row =>
            Length(row.Point.U - row.At!.Value.U, row.Point.V - row.At.Value.V)).Order()];
        (string, double)[] figures =
        [
            ("rmsPx", Math.Sqrt(off.Average(px => px * px))), ("medianPx", off[off.Length / 2]),
            ("points", off.Length), ("outliers", points.Count - off.Length),
        ];
        Write(fit, figures, output);
        for (int i = 0; i < points.Count; i++)
        {
            if (!isUsed[i]) output.WriteLine(Table.Invariant(
                $"  the point clicked at ({points[i].U + 0.5:F0}, {points[i].V + 0.5:F0}) agrees with no other"));
        }

        if (shared.Plot(words) is { } plot)
        {
            ResidualPlot.Write(plot, "camera: clicked less expected", "pixels",
                [.. seen.Where(row => row.At is not null).Select(row => (row.At!.Value.U, row.At.Value.V,
                    row.Point.U - row.At.Value.U, row.Point.V - row.At.Value.V))], [], isUpward: false, 10);
        }

        shared.Save(words, calibration, "camera", [file], figures, Values(fit, words.GetValue(own.Name)!), output);
        return ExitStatus.Ok;
    }

    public static WalkTables TablesOf(
        string boxes, string fixes, string className, string[] tags, CameraModel model, List<string> faults)
    {
        var sightings = CalibrationTables.Sightings(boxes, className, model.Width, model.Height, faults);
        var places = CalibrationTables.Places(fixes, faults);
        foreach (string tag in tags)
            if (faults.Count == 0 && !places.Any(row => row.Tag == tag)) faults.Add($"{fixes}: no fix of tag {tag}");
        return new WalkTables(sightings, places.Where(row => tags.Length == 0 || tags.Contains(row.Tag)));
    }

    static void Write(FittedPose fit, (string Name, double Value)[] figures, TextWriter output)
    {
        var (x, y, z) = fit.Pose.PlaceM;
        var r = fit.Pose.Rotation;
        double down = Math.Asin(Math.Clamp(-r[8], -1, 1)) * 180 / Math.PI;
        double heading = Math.Atan2(r[7], r[6]) * 180 / Math.PI;
        var table = new Table()
            .Add("camera", $"at ({x:F2}, {y:F2}, {z:F2}) m, looking {heading:F1} degrees, {down:F1} down")
            .Add("lens", $"{fit.Model}");
        foreach (var (name, value) in figures) table.Add(name, $"{value:G5}");
        table.Write(output);
    }

    static JsonObject Values(FittedPose fit, string name)
    {
        static JsonNode Number(double value) => JsonValue.Create(Math.Round(value, 9));
        static JsonArray Row(params double[] values) => new([.. values.Select(Number)]);
        var (m, r) = (fit.Model, fit.Pose.Rotation);
        return new JsonObject
        {
            ["version"] = 1,
            ["name"] = name,
            ["image"] = new JsonObject { ["width"] = m.Width, ["height"] = m.Height },
            ["camera"] = new JsonObject
            {
                ["fx"] = Number(m.Fx),
                ["fy"] = Number(m.Fy),
                ["cx"] = Number(m.Cx),
                ["cy"] = Number(m.Cy),
                ["distortion"] = Row(m.Distortion),
            },
            ["cameraFromWorld"] = new JsonObject
            {
                ["rotation"] = new JsonArray(Row(r[..3]), Row(r[3..6]), Row(r[6..])),
                ["translationM"] = Row(fit.Pose.TranslationM),
            },
        };
    }

    static double Length(double u, double v) => Math.Sqrt((u * u) + (v * v));
}
