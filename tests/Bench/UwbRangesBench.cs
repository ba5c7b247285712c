using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>
/// UWB two-way ranges outdoors from four anchors on one small frame (uwb_outdoor_hanyang), against RTK. Every run that
/// is there is measured, from the anchors' raw ranges.
/// </summary>
static class UwbRangesBench
{
    /// <summary>The antenna above the point the truth has, metres (the recording's README).</summary>
    const float AntennaM = 1.1f;

    /// <summary>The share of the publisher's better filter's error that is aimed at.</summary>
    const double Aim = .6;

    /// <summary>What the site knows: how high the tag is, and a platform that starts and turns gently.</summary>
    public static RadioSettings Site => new() { TagHeightM = AntennaM, AccelerationMps2 = .5 };

    public static void Measure(Report report, string data)
    {
        var offsets = new List<(RecordedTag Run, double OffsetS, string Goal)>();
        foreach (var (run, folder) in Runs(data)) offsets.Add(Measure(report, run, Publisher(folder)));
        if (offsets.Count == 0) report.Add("2-D rms", null, "m", "", "uwb_outdoor_hanyang, which is not there");
        // As a site's clocks would be set: by what other runs say.
        for (int i = 0; i < offsets.Count && offsets.Count > 1; i++)
        {
            var (run, own, goal) = offsets[i];
            double offset = (offsets.Sum(one => one.OffsetS) - own) / (offsets.Count - 1);
            var fixes = run.Fixes(Site, Site.SmoothS, run.Truth[0].T, run.Truth[^1].T - Site.SmoothS);
            var errors = new FixErrors(fixes, t => run.TrueM(t + offset), inSpace: false);
            report.Add(
                "2-D rms, truth's clock moved as the other runs say", errors.Rms, "m", goal, $"hanyang {run.Name}");
        }
    }

    public static IEnumerable<(RecordedTag Run, string Folder)> Runs(string data)
    {
        string root = Path.Combine(data, "uwb_outdoor_hanyang", "Dynamic_measurements");
        if (!Directory.Exists(root)) yield break;
        foreach (string folder in Directory.GetDirectories(root, "*", SearchOption.AllDirectories)
            .Where(at => File.Exists(Path.Combine(at, "trajectory.csv"))).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(root, folder).Replace('\\', '/');
            if (Read(name, folder) is { } run) yield return (run, folder);
        }
    }

    static (RecordedTag Run, double OffsetS, string Goal) Measure(Report report, RecordedTag run, double? publisher)
    {
        string on = $"hanyang {run.Name}";
        var settings = Site;
        double from = run.Truth[0].T, to = run.Truth[^1].T - settings.SmoothS;
        var fixes = run.Fixes(settings, settings.SmoothS, from, to);
        var errors = new FixErrors(fixes, run.TrueM, inSpace: false);
        string goal = publisher is { } best ? string.Create(CultureInfo.InvariantCulture, $"<={Aim * best:F3}") : "";
        report.Add($"2-D rms, lag {settings.SmoothS} s", errors.Rms, "m", goal, on);
        report.Add("2-D median", errors.Quantile(.5), "m", "<=0.35", on);
        report.Add("2-D 90 %", errors.Quantile(.9), "m", "<=0.9", on);
        var now = new FixErrors(run.Fixes(settings, 0, from, to), run.TrueM, inSpace: false);
        report.Add("2-D rms without lag", now.Rms, "m", "", on);
        var (offset, aligned) = Aligned(run, fixes);
        report.Add("2-D rms, truth's clock moved", aligned.Rms, "m", "", on);
        report.Add("by which the truth's clock is moved", offset, "s", "", on);
        report.Add("2-D rms, plain least squares", new FixErrors(LeastSquares(run, settings), run.TrueM, false).Rms,
            "m", "", on);
        report.Add("2-D rms, publisher's better filter", publisher, "m", "", on);
        report.Add("errors within one stated deviation", errors.Inner / errors.Axes, "", "", on);
        return (run, offset, goal);
    }

    /// <summary>The two clocks are apart by some tenths of a second: the offset at which the track fits best.</summary>
    static (double OffsetS, FixErrors Errors) Aligned(RecordedTag run, IReadOnlyList<Fix> fixes)
    {
        var best = (OffsetS: 0.0, Errors: new FixErrors(fixes, run.TrueM, inSpace: false));
        for (double offset = -.5; offset < .501; offset += .05)
        {
            double by = offset;
            var errors = new FixErrors(fixes, t => run.TrueM(t + by), inSpace: false);
            if (errors.Rms < best.Errors.Rms) best = (offset, errors);
        }

        return best;
    }

    /// <summary>A place for each round of ranges by Gauss and Newton, unweighted, its height given.</summary>
    static List<Fix> LeastSquares(RecordedTag run, RadioSettings settings)
    {
        const double RoundS = .15;
        var newest = new Dictionary<string, Observation>(StringComparer.Ordinal);
        var stations = run.Stations.ToDictionary(station => station.Id, station => station.PositionM);
        var at = new Vector2(run.Stations[0].PositionM.X, run.Stations[0].PositionM.Y);
        var fixes = new List<Fix>();
        double next = run.Truth[0].T;
        foreach (var reading in run.Readings)
        {
            newest[reading.Station] = reading;
            if (reading.At.Seconds < next || reading.At.Seconds > run.Truth[^1].T) continue;
            var round = newest.Values.Where(one => (reading.At - one.At).TotalSeconds < RoundS).ToList();
            if (round.Count < 3) continue;
            at = Solve(at, [.. round.Select(one => (stations[one.Station], one.Value))], settings.TagHeightM);
            fixes.Add(new Fix(reading.At, RecordedTag.Tag, at, null, Covariance2.Isotropic(1)));
            next = reading.At.Seconds + .1;
        }

        return fixes;
    }

    static Vector2 Solve(Vector2 from, (Vector3 FromM, double RangeM)[] ranges, double heightM)
    {
        double x = from.X, y = from.Y;
        for (int step = 0; step < 20; step++)
        {
            double xx = 1e-6, xy = 0, yy = 1e-6, bx = 0, by = 0;
            foreach (var (station, range) in ranges)
            {
                double dx = x - station.X, dy = y - station.Y, dz = heightM - station.Z;
                double distance = Math.Max(.01, Math.Sqrt((dx * dx) + (dy * dy) + (dz * dz))), off = range - distance;
                (dx, dy) = (dx / distance, dy / distance);
                (xx, xy, yy) = (xx + (dx * dx), xy + (dx * dy), yy + (dy * dy));
                (bx, by) = (bx + (dx * off), by + (dy * off));
            }

            double det = (xx * yy) - (xy * xy);
            // A step of more than metres is a line of stations seen end on.
            x += Math.Clamp(((yy * bx) - (xy * by)) / det, -5, 5);
            y += Math.Clamp(((xx * by) - (xy * bx)) / det, -5, 5);
        }

        return new Vector2((float)x, (float)y);
    }

    static RecordedTag? Read(string name, string folder)
    {
        var stations = new List<Station>();
        var rows = new List<(long AtNs, string Station, double RangeM)>();
        foreach (string path in Directory.GetFiles(folder, "A*.csv").Order(StringComparer.Ordinal))
        {
            string station = Path.GetFileNameWithoutExtension(path);
            bool isFirst = true;
            foreach (string line in File.ReadLines(path).Skip(1))
            {
                string[] cells = line.Split(',');
                if (cells.Length < 7 || !long.TryParse(cells[1], CultureInfo.InvariantCulture, out long at)
                    || !double.TryParse(cells[6], CultureInfo.InvariantCulture, out double range)) continue;
                if (isFirst) stations.Add(new Station(station, new(Part(cells[3]), Part(cells[4]), Part(cells[5]))));
                isFirst = false;
                rows.Add((at, station, range));
            }
        }

        var truth = RecordedTag.Numbers(Path.Combine(folder, "trajectory.csv"));
        if (truth is null || truth.Count < 2 || stations.Count < 3) return null;
        long zero = rows.Min(row => row.AtNs);
        // Nanoseconds since 1970 do not fit a double: the truth's own 8 Hz stamps are good to 0.3 us all the same.
        return new RecordedTag(
            name, stations,
            [.. rows.OrderBy(row => row.AtNs).Select(row => Observation.OfRange(
                new MonoTime(row.AtNs - zero), RecordedTag.Tag, row.Station, row.RangeM, null))],
            [.. truth.Select(row => ((row[0] - zero) / 1e9,
                new Vector3((float)row[1], (float)row[2], (float)row[3] + AntennaM)))]);

        static float Part(string cell) => float.Parse(cell, CultureInfo.InvariantCulture);
    }

    /// <summary>The lesser of the publisher's two errors on the floor; null when there is none to read.</summary>
    static double? Publisher(string folder)
    {
        string path = Path.Combine(folder, "RMSD_results.txt");
        if (!File.Exists(path)) return null;
        double? best = null;
        foreach (string line in File.ReadLines(path).Where(line => line.Contains("2d", StringComparison.Ordinal)))
        {
            string number = line[(line.LastIndexOf(':') + 1)..].Replace("m", "", StringComparison.Ordinal).Trim();
            if (double.TryParse(number, CultureInfo.InvariantCulture, out double rms))
                best = Math.Min(best ?? rms, rms);
        }

        return best;
    }
}
