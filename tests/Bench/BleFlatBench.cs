using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>
/// A robot in a furnished flat, heard by six anchors, with lidar truth (ble_flat_rss). The publisher's map was made of
/// the very runs there are to test on: a run is located by a map of all the others.
/// </summary>
static class BleFlatBench
{
    const float CellM = 0.5f, MarginM = 0.5f;

    // Of the robot's tag, by the publisher's description.
    const float TagHeightM = 1.3f;

    // Runs are minutes apart, a run's own rows a third of a second.
    const double ApartS = 60;

    // Half the diagonal of a map's square: a run farther from all places of the others is in a room nobody surveyed.
    const double SurveyedM = 0.36;

    public static void Measure(Report report, string data)
    {
        string folder = Path.Combine(data, "ble_flat_rss");
        string survey = Path.Combine(folder, "calibration", "calibration_df.csv");
        if (!File.Exists(survey))
        {
            report.Add("fingerprint median", null, "m", "<=0.87", "ble_flat_rss is not there");
            return;
        }

        var watch = Stopwatch.StartNew();
        var flat = Flat.Load(folder, survey);
        double[] away = [.. flat.Tracks.Select(track => Away(flat.MapWithout(track), track))];
        var scores = RssiScore.OfEach(flat.Tracks, track =>
            RssiFingerprint.Field(flat.Grid, flat.MapWithout(track), flat.Anchors));
        for (int i = 0; i < scores.Count; i++)
        {
            string on = FormattableString.Invariant(
                $"{flat.Tracks[i].Name}, {away[i]:F2} m from what other runs surveyed");
            report.Add("fingerprint median", RssiScore.At(scores[i].Errors, 0.5), "m", "", on);
            report.Add("fingerprint p90", RssiScore.At(scores[i].Errors, 0.9), "m", "", on);
        }

        var surveyed = scores.Where((_, i) => away[i] <= SurveyedM).ToList();
        RssiScore.Sum(surveyed).Tell(
            report, $"ble_flat_rss, {surveyed.Count} runs by maps of the others", "fingerprint", "<=0.87", "");
        var strange = RssiScore.Sum(scores.Where((_, i) => away[i] > SurveyedM));
        if (strange.Errors.Count > 0)
        {
            report.Add("fingerprint median", RssiScore.At(strange.Errors, 0.5), "m", "",
                "ble_flat_rss, rooms that only the run itself surveyed");
        }

        report.Add("whole set", watch.Elapsed.TotalSeconds, "s", "<=10", "ble_flat_rss");
    }

    static double Away(FingerprintMap map, RadioTrack track)
    {
        var places = map.Fingerprints.Select(one => new Vector2(one.AtM.X, one.AtM.Y)).Distinct().ToList();
        double[] away = [.. track.Heard.Select(heard => (double)places.Min(place =>
            Vector2.Distance(place, new Vector2(heard.Power.AtM.X, heard.Power.AtM.Y)))).Order()];
        return away[away.Length / 2];
    }

    sealed record Flat(
        FloorGrid Grid, IReadOnlyList<Station> Anchors, RadioTrack Survey, IReadOnlyList<RadioTrack> Tracks)
    {
        public static Flat Load(string folder, string survey)
        {
            Station[] anchors = [.. Table.Read(Path.Combine(folder, "anchors.csv")).Rows.Select(row => new Station(
                row["id"], new(Table.Single(row["x"]), Table.Single(row["y"]), Table.Single(row["z"]))))];
            Vector2[] outline = [.. Table.Read(Path.Combine(folder, "layout.csv")).Rows.Select(row =>
                new Vector2(Table.Single(row["x"]), Table.Single(row["y"])))];
            var grid = FloorGrid.Around(outline.Select(at => new Vector3(at, 0)), MarginM, CellM,
                at => IsInside(outline, at) || outline.Any(corner => Vector2.Distance(corner, at) < CellM));
            var map = Track("survey", Table.Read(survey), anchors);
            var others = Directory.GetFiles(folder, "*_df.csv", SearchOption.AllDirectories)
                .Where(path => path != survey).Order(StringComparer.Ordinal)
                .Select(path => (Name: Path.GetFileNameWithoutExtension(path), Table: Table.Read(path)))
                .Where(one => one.Table.Has("x") && one.Table.Has("y") && one.Table.Has("ts"))
                .Select(one => Track(one.Name, one.Table, anchors)).Where(track => track.Heard.Count > 0).ToList();
            // Runs are in the lidar's own frame, the survey in the flat's: instants both have tell the move between.
            var flatFromLidar = Move(others, map);
            return new Flat(grid, anchors, map, [.. others.Select(track => InFlat(track, flatFromLidar, outline))]);
        }

        public FingerprintMap MapWithout(RadioTrack track)
        {
            double from = track.Heard[0].AtS - ApartS, to = track.Heard[^1].AtS + ApartS;
            return FingerprintMap.Build(Survey.Heard.Where(heard => heard.AtS < from || heard.AtS > to)
                .Select(heard => heard.Power));
        }

        // Anchors have numbers of their own in the runs: in order they are the survey's.
        static RadioTrack Track(string name, Table table, Station[] anchors)
        {
            string[] columns = [.. table.Columns.Where(column => column.StartsWith("rssi_", StringComparison.Ordinal))
                .OrderBy(column => int.Parse(column["rssi_".Length..], CultureInfo.InvariantCulture))];
            var heard = new List<(double AtS, HeardPower Power)>();
            foreach (var row in table.Rows)
            {
                if (row["x"].Length == 0 || row["y"].Length == 0) continue;
                var at = new Vector3(Table.Single(row["x"]), Table.Single(row["y"]), TagHeightM);
                double atS = double.Parse(row["ts"], CultureInfo.InvariantCulture) / 1e9;
                for (int i = 0; i < Math.Min(columns.Length, anchors.Length); i++)
                {
                    if (row[columns[i]] is { Length: > 0 } dbm)
                        heard.Add((atS, new HeardPower(anchors[i].Id, at, Table.Single(dbm))));
                }
            }

            return new RadioTrack(name, [.. heard.OrderBy(one => one.AtS)]);
        }

        // The rigid move that fits best (Umeyama 1991, in the plane: the angle of the summed products).
        static Matrix3x2 Move(IEnumerable<RadioTrack> runs, RadioTrack survey)
        {
            var places = survey.Heard.GroupBy(one => Instant(one.AtS)).ToDictionary(
                one => one.Key, one => one.First().Power.AtM);
            var pairs = runs.SelectMany(run => run.Heard.DistinctBy(one => one.AtS))
                .Where(one => places.ContainsKey(Instant(one.AtS)))
                .Select(one => (From: one.Power.AtM, To: places[Instant(one.AtS)])).ToList();
            if (pairs.Count == 0) return Matrix3x2.Identity;
            Vector2 from = new(pairs.Average(p => p.From.X), pairs.Average(p => p.From.Y));
            Vector2 to = new(pairs.Average(p => p.To.X), pairs.Average(p => p.To.Y));
            double cos = 0, sin = 0;
            foreach (var (a, b) in pairs)
            {
                double ax = a.X - from.X, ay = a.Y - from.Y, bx = b.X - to.X, by = b.Y - to.Y;
                cos += (ax * bx) + (ay * by);
                sin += (ax * by) - (ay * bx);
            }

            return Matrix3x2.CreateTranslation(-from) * Matrix3x2.CreateRotation((float)Math.Atan2(sin, cos))
                * Matrix3x2.CreateTranslation(to);
        }

        // Instants are stated to a nanosecond in numbers that keep a quarter of a microsecond.
        static long Instant(double atS) => (long)Math.Round(atS * 1000);

        // A run is moved when that brings more of it into the flat.
        static RadioTrack InFlat(RadioTrack track, Matrix3x2 flatFromLidar, Vector2[] outline)
        {
            var moved = track with
            {
                Heard = [.. track.Heard.Select(one => (one.AtS, one.Power with
                {
                    AtM = new Vector3(
                        Vector2.Transform(new(one.Power.AtM.X, one.Power.AtM.Y), flatFromLidar), one.Power.AtM.Z),
                }))],
            };
            return Inside(moved, outline) > Inside(track, outline) ? moved : track;
        }

        static int Inside(RadioTrack track, Vector2[] outline) =>
            track.Heard.Count(one => IsInside(outline, new(one.Power.AtM.X, one.Power.AtM.Y)));

        static bool IsInside(Vector2[] outline, Vector2 at)
        {
            bool isInside = false;
            for (int i = 0, j = outline.Length - 1; i < outline.Length; j = i++)
            {
                var (a, b) = (outline[i], outline[j]);
                if (a.Y > at.Y != b.Y > at.Y && at.X < (b.X - a.X) * (at.Y - a.Y) / (b.Y - a.Y) + a.X)
                    isInside = !isInside;
            }

            return isInside;
        }
    }

    /// <summary>A comma-separated file with names in its first row; blank cells are unknown.</summary>
    sealed record Table(string[] Columns, IReadOnlyList<Dictionary<string, string>> Rows)
    {
        public static Table Read(string path)
        {
            string[][] lines = [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => line.Split(','))];
            string[] columns = [.. lines[0].Select(name => name.Trim())];
            return new Table(columns, [.. lines.Skip(1).Where(cells => cells.Length == columns.Length).Select(cells =>
                columns.Zip(cells).ToDictionary(one => one.First, one => one.Second.Trim()))]);
        }

        public static float Single(string text) => float.Parse(text, CultureInfo.InvariantCulture);

        public bool Has(string column) => Columns.Contains(column);
    }
}
