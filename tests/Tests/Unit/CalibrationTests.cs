using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Commands;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Tests.Unit;

public sealed class CalibrationTests : IDisposable
{
    static readonly CameraModel Lens = new(1280, 720, 950, 955, 640, 358, [-0.1, 0.02, 0.001, -0.001, 0]);

    // 5 m high over (1, -2), looking 20 degrees down and a little to the right, level.
    static readonly CameraPose Pose = At(new Vector3(1, -2, 5), 20, 5);

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_pose_is_found_from_people_nobody_named_with_one_who_carries_nothing_and_one_tag_in_a_drawer()
    {
        var walk = Walk(offsetS: 0, seed: 1);
        var result = WalkPose.Solve(Lens, walk, new WalkPoseOptions());
        Assert.NotNull(result);
        Assert.InRange(Worst(result.Fit), 0, 8);
        Assert.InRange(result.Fit.Pose.DegreesTo(Pose), 0, 0.6);
    }

    [Fact]
    public void The_focal_length_is_found_too()
    {
        var guess = Lens.Zoomed(0.8);
        var result = WalkPose.Solve(guess, Walk(0, 2), new WalkPoseOptions { IsFocalFree = true });
        Assert.NotNull(result);
        Assert.InRange(result.Fit.Model.Fx / Lens.Fx, 0.95, 1.05);
        Assert.InRange(Worst(result.Fit), 0, 12);
    }

    [Fact]
    public void A_radio_that_is_late_is_noticed_to_a_tenth_of_a_second()
    {
        var options = new WalkPoseOptions { OffsetMaxS = 1 };
        var result = WalkPose.Solve(Lens, Walk(offsetS: 0.4, seed: 3), options);
        Assert.NotNull(result);
        Assert.InRange(result.OffsetS, 0.3, 0.5);
    }

    [Fact]
    public void Without_track_numbers_the_pose_is_the_same_to_a_few_pixels()
    {
        var result = WalkPose.Solve(Lens, Walk(0, 4, hasTracks: false), new WalkPoseOptions());
        Assert.NotNull(result);
        Assert.InRange(Worst(result.Fit), 0, 12);
    }

    [Fact]
    public void A_walk_along_one_line_gives_no_pose()
    {
        var sightings = new List<Sighting>();
        var places = new List<(string, TagPlace)>();
        for (double t = 0; t < 30; t += 0.2)
        {
            double x = -4 + (8 * t / 30);
            places.Add(("T1", new TagPlace(t, x, 8, 0.1)));
            if (Pose.Project(Lens, x, 8, 0) is { } p) sightings.Add(new Sighting(t, p.U, p.V, 100, 1));
        }

        Assert.Null(WalkPose.Solve(Lens, new WalkTables(sightings, places), new WalkPoseOptions()));
    }

    [Fact]
    public void Clicked_points_give_the_pose_to_a_hundredth_and_a_wrong_click_is_left_out()
    {
        Vector3[] at = [new(-3, 4, 0), new(4, 4, 0), new(-5, 14, 0), new(7, 15, 0), new(1, 9, 0), new(2, 8, 1.5f)];
        var points = at.Select(p => (p, Seen: Pose.Project(Lens, p.X, p.Y, p.Z)!.Value))
            .Select(row => new SeenPoint(row.p.X, row.p.Y, row.p.Z, row.Seen.U, row.Seen.V, 2, 2)).ToList();
        points.Add(points[0] with { U = points[0].U + 120 });
        var fit = ClickedPose.Solve(Lens, points, false, out bool[] isUsed);
        Assert.NotNull(fit);
        Assert.Equal([true, true, true, true, true, true, false], isUsed);
        Assert.InRange(fit.Pose.DegreesTo(Pose), 0, 0.01);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Anchors_are_placed_within_a_foot_of_the_truth_and_a_blocked_pair_is_told(bool isThreeD)
    {
        Vector3[] at = [new(0, 0, 2.5f), new(18, 0, 3), new(17, 11, 4), new(1, 12, 2), new(9, 13, 3.5f),
            new(10, -1, 1.2f), new(-1, 6, 4.2f), new(19, 5, 1.5f)];
        var ranges = Ranges(at, bias: i => 0.05 * ((i % 3) - 1), seed: 5);
        for (int i = 0; i < ranges.Count; i++)
        {
            if ((ranges[i].From, ranges[i].To) == ("A1", "A4"))
                ranges[i] = ranges[i] with { RangeM = ranges[i].RangeM + 2.5 };
        }

        var options = new SurveyOptions
        {
            IsThreeD = isThreeD,
            HeightsM = isThreeD ? new Dictionary<string, double>() : Heights(at),
            SurveyedM = Enumerable.Range(0, 4).ToDictionary(i => $"A{i}", i => at[i]),
        };
        Assert.Empty(AnchorSurvey.Faults(ranges, options));
        var result = AnchorSurvey.Solve(ranges, options);
        Assert.NotNull(result);
        for (int i = 0; i < at.Length; i++)
        {
            var anchor = result.Anchors[i];
            var found = new Vector2(anchor.PositionM.X, anchor.PositionM.Y);
            Assert.InRange(Vector2.Distance(found, new(at[i].X, at[i].Y)), 0, 0.3);
            Assert.NotNull(anchor.BiasM);
        }

        Assert.Contains(result.Pairs, pair => pair.IsOutlier && (pair.From, pair.To) == ("A1", "A4"));
        Assert.Contains(result.Notes, note => note.Contains("A1 to A4", StringComparison.Ordinal));
    }

    [Fact]
    public void The_frame_is_that_of_origin_x_axis_and_side()
    {
        // The plan lies turned and mirrored in the frame it was measured in; ranges do not know.
        Vector3[] at = [new(3, 2, 2), new(3, 12, 2), new(12, 11, 3), new(11, 3, 4), new(8, 14, 3), new(14, 7, 3)];
        var options = new SurveyOptions { HeightsM = Heights(at), Origin = "A0", XAxis = "A1", Side = "A3" };
        var result = AnchorSurvey.Solve(Ranges(at, _ => 0, 6), options);
        Assert.NotNull(result);
        Assert.InRange(result.Anchors[0].PositionM.Length(), 0, 2.02); // (0, 0, 2)
        Assert.InRange(result.Anchors[1].PositionM.X, 9.8, 10.2);
        Assert.InRange(result.Anchors[1].PositionM.Y, -0.01, 0.01);
        Assert.InRange(result.Anchors[3].PositionM.Y, 7.8, 8.2);
    }

    [Fact]
    public void An_anchor_with_two_ranges_is_told_to_have_two_places_and_missing_pairs_are_listed()
    {
        Vector3[] at = [new(0, 0, 2), new(10, 0, 2), new(10, 9, 2), new(0, 9, 2), new(5, 14, 2)];
        var ranges = Ranges(at, _ => 0, 7).Where(r => r.To != "A4" || r.From is "A2" or "A3").ToList();
        var options = new SurveyOptions { HeightsM = Heights(at), Origin = "A0", XAxis = "A1", Side = "A3" };
        var result = AnchorSurvey.Solve(ranges, options);
        Assert.NotNull(result);
        Assert.NotNull(result.Anchors[4].MirrorM);
        Assert.Null(result.Anchors[2].MirrorM);
        Assert.Equal(["A0 to A4", "A1 to A4"], result.Missing);
    }

    [Fact]
    public void What_hinders_a_survey_is_told_all_at_once()
    {
        InterAnchorRange[] ranges = [new("A", "B", 3), new("B", "C", 4), new("D", "E", 5)];
        var faults = AnchorSurvey.Faults(ranges, new SurveyOptions { Origin = "A", XAxis = "X" });
        string all = string.Join('\n', faults);
        foreach (string part in (string[])["height of A", "D has no chain", "x axis anchor X", "no side"])
            Assert.Contains(part, all, StringComparison.Ordinal);
    }

    [Fact]
    public void A_calibration_is_written_whole_keeps_the_one_before_and_loads_as_the_sites_geometry()
    {
        string clicks = _folder.File("clicks.csv"), lens = _folder.File("lens.json"), file = _folder.File("c.json");
        File.WriteAllLines(clicks, ((Vector3[])[new(-3, 4, 0), new(4, 4, 0), new(-5, 14, 0), new(7, 15, 0)])
            .Select(p => (p, Seen: Pose.Project(Lens, p.X, p.Y, p.Z)!.Value))
            .Select(row => string.Create(CultureInfo.InvariantCulture,
                $"{row.Seen.U + 0.5},{row.Seen.V + 0.5},{row.p.X},{row.p.Y},{row.p.Z}")).Prepend("u,v,x_m,y_m,z_m"));
        File.WriteAllText(lens, """
            {"version":1,"name":"lens","image":{"width":1280,"height":720},"camera":{"fx":950,"fy":955,"cx":640,
             "cy":358,"distortion":[-0.1,0.02,0.001,-0.001,0]}}
            """);
        string[] words = ["calibrate", "camera", "--clicks", clicks, "--lens", lens, "--out", file, "--name", "gate-1"];
        Assert.Equal(0, Run(words, out string told));
        Assert.Contains("rmsPx", told, StringComparison.Ordinal);
        var geometry = CameraGeometry.Load(file);
        Assert.Equal("gate-1", geometry.Name);
        var seen = geometry.ImageAt(new Vector2(2, 9))!.Value;
        var expected = Pose.Project(Lens, 2, 9, 0)!.Value;
        Assert.InRange(Vector2.Distance(seen, new((float)expected.U + 0.5f, (float)expected.V + 0.5f)), 0, 0.1f);

        Assert.False(File.Exists(file + ".1"));
        Assert.Equal(0, Run([.. words[..^1], "gate-2", "--plot", _folder.File("plot.svg")], out _));
        Assert.Equal("gate-1", CameraGeometry.Load(file + ".1").Name);
        Assert.Contains("<svg", File.ReadAllText(_folder.File("plot.svg")), StringComparison.Ordinal);
        var part = CalibrationFile.TryLoad(file, out _)!.Parts["camera"];
        Assert.Equal(64, Assert.Single(part.Inputs).Sha256.Length);
    }

    [Fact]
    public void Bad_input_ends_with_78_and_every_fault()
    {
        string ranges = _folder.File("r.csv"), anchors = _folder.File("a.csv");
        File.WriteAllText(ranges, "from,to,range_m\nA,B,x\nA,A,3\nB,C,-1\n");
        File.WriteAllText(anchors, "id,x_m,y_m,z_m\nA,1,,2\nA,,,2\n");
        Assert.Equal(78, Run(["calibrate", "anchors", "--ranges", ranges, "--anchors", anchors], out string told));
        foreach (string part in (string[])
            ["line 2: range_m is 'x'", "both 'A'", "range_m is -1", "both or none", "again"])
            Assert.Contains(part, told, StringComparison.Ordinal);
    }

    [Fact]
    public void A_walk_is_calibrated_and_checked_from_its_tables_and_a_turned_camera_does_not_hold()
    {
        WriteRun("walk", Pose, 8);
        WriteRun("again", Pose, 9);
        WriteRun("turned", Pose.Moved([0, 0.06, 0, 0, 0, 0]), 9);
        string lens = _folder.File("lens.json"), file = _folder.File("c.json");
        File.WriteAllText(lens, """
            {"version":1,"name":"lens","image":{"width":1280,"height":720},"camera":{"fx":950,"fy":955,"cx":640,
             "cy":358,"distortion":[-0.1,0.02,0.001,-0.001,0]}}
            """);
        string[] words = ["calibrate", "camera", "--run", _folder.File("walk"), "--lens", lens, "--out", file];
        Assert.Equal(0, Run(words, out _));
        Assert.Equal(0, Run(["calibrate", "check", file, "--run", _folder.File("again")], out string told));
        Assert.Contains("holds", told, StringComparison.Ordinal);
        Assert.Equal(1, Run(["calibrate", "check", file, "--run", _folder.File("turned")], out told));
        Assert.Contains("does not hold", told, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clock_is_found_from_a_run_and_the_running_site_begins_with_it()
    {
        WriteRun("walk", Pose, 8);
        WriteRun("late", Pose, 9, offsetS: 0.4);
        string lens = _folder.File("lens.json"), file = _folder.File("c.json");
        File.WriteAllText(lens, """
            {"version":1,"name":"lens","image":{"width":1280,"height":720},"camera":{"fx":950,"fy":955,"cx":640,
             "cy":358,"distortion":[-0.1,0.02,0.001,-0.001,0]}}
            """);
        string[] words = ["calibrate", "camera", "--run", _folder.File("walk"), "--lens", lens, "--out", file];
        Assert.Equal(0, Run(words, out _));
        words = ["calibrate", "clock", "--run", _folder.File("late"), "--out", file, "--plot", _folder.File("p.svg")];
        Assert.Equal(0, Run(words, out string told));
        Assert.Contains("radio to camera", told, StringComparison.Ordinal);
        Assert.DoesNotContain("drawer", told, StringComparison.Ordinal);
        var site = SiteCalibration.Load(file);
        Assert.True(site.HasCamera);
        var clock = site.Clock!.Value;
        Assert.InRange(clock.OffsetS, -0.45, -0.35);
        Assert.InRange(clock.SigmaS, 0.02, 0.1);
        var monitor = new ClockMonitor(FrameFreedom.Shift, clock);
        monitor.Step(100);
        Assert.Equal(clock.OffsetS, monitor.At(100)!.Value.OffsetS, 6);
        // Nothing to begin with: both files are told, and what to do.
        words = ["calibrate", "clock", "--run", _folder.File("none"), "--out", _folder.File("none.json")];
        Assert.Equal(78, Run(words, out told));
        Assert.Contains("none.json is not there: calibrate the camera first", told, StringComparison.Ordinal);
        Assert.Contains("fixes.csv", told, StringComparison.Ordinal);
    }

    [Fact]
    public void The_site_takes_anchors_delays_and_scanners_from_the_file_and_tells_every_fault_of_it()
    {
        string file = _folder.File("c.json");
        const string head = """{"version":1,"parts":{""";
        const string part = """
            "at":"2026-01-31T12:00:00Z","program":"p","inputs":[],"residuals":{},"values":
            """;
        string Anchors(string rows) => $"\"anchors\":{{{part}{{\"stations\":[{rows}]}}}}";
        string Powers(string rows) => $"\"pathLoss\":{{{part}{{\"scanners\":[{rows}]}}}}";
        File.WriteAllText(file, head + Anchors("""{"id":"A1","xM":1,"yM":2,"zM":3,"delayM":0.25,"sigmaM":[0,0,0]}""")
            + "," + Powers("""{"id":"S1","atOneMetreDbm":-55,"exponent":1.8,"sigmaDb":4,"readings":99}""") + "}}");
        var site = SiteCalibration.Load(file);
        Assert.Equal(new Station("A1", new(1, 2, 3)) { DelayM = 0.25 }, Assert.Single(site.Stations));
        Assert.Equal(new PathLoss("S1", -55, 1.8, 4), Assert.Single(site.Laws));
        Assert.Null(site.Clock);
        Assert.False(site.HasCamera);

        File.WriteAllText(file, head + Anchors("""{"id":"A1","xM":"1","yM":2,"zM":3}""")
            + "," + Powers("""{"id":"S1","atOneMetreDbm":-55,"exponent":0,"sigmaDb":4}""") + "}}");
        string told = Assert.Throws<InvalidDataException>(() => SiteCalibration.Load(file)).Message;
        Assert.Contains("parts.anchors.values.stations[0].xM", told, StringComparison.Ordinal);
        Assert.Contains("parts.pathLoss.values.scanners[0].exponent", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Path_loss_and_fingerprints_are_made_of_powers_at_known_places()
    {
        string powers = _folder.File("powers.csv"), places = _folder.File("places.csv");
        string tags = _folder.File("tags.json");
        string file = _folder.File("c.json"), map = _folder.File("map.csv");
        var random = new Random(3);
        var (heard, at) = (new List<string> { "t_s,scanner,tag,rssi_dbm" }, new List<string> { "t_s,tag,x_m,y_m" });
        for (int i = 0; i < 200; i++)
        {
            var place = new Vector3((float)(8 * Math.Sin(i * 0.05)), (float)(6 * Math.Cos(i * 0.08)), 1);
            double far = Vector3.Distance(place, new Vector3(1, 2, 3));
            double dbm = -61 - (21 * Math.Log10(far)) + (3 * Noise.Gauss(random));
            at.Add(string.Create(CultureInfo.InvariantCulture, $"{i * 0.2},T1,{place.X},{place.Y}"));
            heard.Add(string.Create(CultureInfo.InvariantCulture, $"{i * 0.2},S1,T1,{dbm}"));
        }

        File.WriteAllLines(powers, heard);
        File.WriteAllLines(places, at);
        File.WriteAllText(tags, """{"version":1,"tags":[],"stations":[{"id":"S1","xM":1,"yM":2,"zM":3}]}""");
        string[] words = ["--powers", powers, "--places", places];
        Assert.Equal(0, Run(["calibrate", "pathloss", .. words, "--registry", tags, "--out", file], out _));
        var part = CalibrationFile.TryLoad(file, out _)!.Parts["pathLoss"];
        Assert.InRange(part.Figures["rmsDb"], 2.5, 3.5);
        var scanner = part.Values["scanners"]![0]!;
        Assert.InRange(scanner["exponent"]!.GetValue<double>(), 1.8, 2.4);
        Assert.Equal(0, Run(["calibrate", "fingerprints", .. words, "--map", map], out string told));
        Assert.Contains("200 readings", told, StringComparison.Ordinal);
        Assert.NotEmpty(FingerprintMap.Load(map).Fingerprints);
    }

    static int Run(string[] words, out string told)
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        int status = CommandLine.RunAsync(words, output, output).GetAwaiter().GetResult();
        told = output.ToString();
        return status;
    }

    void WriteRun(string name, CameraPose pose, int seed, double offsetS = 0)
    {
        Directory.CreateDirectory(_folder.File(name));
        var (sightings, places) = Walked(pose, offsetS, seed);
        File.WriteAllLines(Path.Combine(_folder.File(name), "detections.csv"), sightings.Select(s => string.Create(
            CultureInfo.InvariantCulture, $"0,{s.TimeS},person,0.9,{s.U - 19.5},{s.V + 0.5 - s.HeightPx},{s.U + 20.5},"
                + $"{s.V + 0.5},{s.Track}")).Prepend("frame,t_s,class,score,left,top,right,bottom,track"));
        File.WriteAllLines(Path.Combine(_folder.File(name), "fixes.csv"), places.Select(p => string.Create(
            CultureInfo.InvariantCulture, $"{p.Place.TimeS},{p.Tag},{p.Place.X},{p.Place.Y},0.02,0.02"))
            .Prepend("t_s,tag,x_m,y_m,var_x_m2,var_y_m2"));
    }

    static WalkTables Walk(double offsetS, int seed, bool hasTracks = true)
    {
        var (sightings, places) = Walked(Pose, offsetS, seed);
        return new WalkTables(hasTracks ? sightings : sightings.Select(s => s with { Track = null }), places);
    }

    // Four people for a minute: three with tags whose fixes have white and lasting errors; tracks break now and then.
    static (List<Sighting> Sightings, List<(string Tag, TagPlace Place)> Places) Walked(
        CameraPose pose, double offsetS, int seed)
    {
        var random = new Random(seed);
        var sightings = new List<Sighting>();
        var places = new List<(string, TagPlace)>();
        for (int who = 0; who < 4; who++)
        {
            double phase = 6 * random.NextDouble(), biasX = 0, biasY = 0;
            for (int i = 0; i < 300; i++)
            {
                double t = i * 0.2, turn = (0.25 + (0.03 * who)) * t + phase;
                double x = 1 + (5.5 * Math.Sin(turn)), y = 9 + (5 * Math.Sin((1.37 * turn) + who));
                biasX = (0.9 * biasX) + (0.05 * Noise.Gauss(random));
                biasY = (0.9 * biasY) + (0.05 * Noise.Gauss(random));
                if (who < 3)
                {
                    places.Add(($"T{who}", new TagPlace(t + offsetS, x + biasX + (0.1 * Noise.Gauss(random)),
                        y + biasY + (0.1 * Noise.Gauss(random)), 0.15)));
                }

                var (cx, cy, _) = pose.PlaceM;
                double away = Math.Sqrt(((cx - x) * (cx - x)) + ((cy - y) * (cy - y)));
                var foot = pose.Project(Lens, x + (0.13 * (cx - x) / away), y + (0.13 * (cy - y) / away), 0);
                if (foot is not { } p || !WalkPose.IsInside(Lens, p) || random.NextDouble() < 0.05) continue;
                sightings.Add(new Sighting(
                    t, p.U + (3 * Noise.Gauss(random)), p.V + (3 * Noise.Gauss(random)), 1.7 * 950 / away,
                    (who * 10) + (i / 60)));
            }
        }

        for (int i = 0; i < 300; i++) places.Add(("drawer", new TagPlace(i * 0.2, 2, 12, 0.1)));
        return (sightings, places);
    }

    static double Worst(FittedPose fit)
    {
        double worst = 0;
        for (double x = -3; x <= 5; x += 2)
        {
            for (double y = 5; y <= 14; y += 3)
            {
                var (a, b) = (Pose.Project(Lens, x, y, 0)!.Value, fit.Pose.Project(fit.Model, x, y, 0)!.Value);
                worst = Math.Max(worst, Math.Sqrt(Math.Pow(a.U - b.U, 2) + Math.Pow(a.V - b.V, 2)));
            }
        }

        return worst;
    }

    static CameraPose At(Vector3 placeM, double downDegrees, double rightDegrees)
    {
        double a = downDegrees * Math.PI / 180, b = rightDegrees * Math.PI / 180;
        double[] forward = [Math.Sin(b) * Math.Cos(a), Math.Cos(b) * Math.Cos(a), -Math.Sin(a)];
        double[] right = [Math.Cos(b), -Math.Sin(b), 0];
        double[] down =
        [
            (forward[1] * right[2]) - (forward[2] * right[1]), (forward[2] * right[0]) - (forward[0] * right[2]),
            (forward[0] * right[1]) - (forward[1] * right[0]),
        ];
        double Moved(double[] row) => -((row[0] * placeM.X) + (row[1] * placeM.Y) + (row[2] * placeM.Z));
        return new CameraPose([.. right, .. down, .. forward], [Moved(right), Moved(down), Moved(forward)]);
    }

    static List<InterAnchorRange> Ranges(Vector3[] at, Func<int, double> bias, int seed)
    {
        var random = new Random(seed);
        var ranges = new List<InterAnchorRange>();
        for (int i = 0; i < at.Length; i++)
        {
            for (int j = i + 1; j < at.Length; j++)
            {
                for (int k = 0; k < 8; k++)
                {
                    ranges.Add(new InterAnchorRange($"A{i}", $"A{j}",
                        Vector3.Distance(at[i], at[j]) + bias(i) + bias(j) + (0.08 * Noise.Gauss(random))));
                }
            }
        }

        return ranges;
    }

    static Dictionary<string, double> Heights(Vector3[] at) =>
        Enumerable.Range(0, at.Length).ToDictionary(i => $"A{i}", i => (double)at[i].Z);
}
