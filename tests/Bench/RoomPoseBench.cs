using System.Globalization;
using EdgeAppliance.Runtime.Calibration;

namespace EdgeAppliance.Bench;

/// <summary>
/// The multicam_cmc room: detections of real pictures against places people drew by hand. The publisher's projection
/// stands beside the pose found: both are judged on the frames that were held out.
/// </summary>
static class RoomPoseBench
{
    const int Width = 1920, Height = 1024;
    const double FramesPerS = 4;

    public static void Measure(Report report, string data)
    {
        string folder = Path.Combine(data, "multicam_cmc");
        if (!Directory.Exists(folder))
        {
            report.Add("held-out residual, median", null, "px", "", "multicam_cmc is not there");
            return;
        }

        foreach (string file in Directory.EnumerateFiles(folder, "*_world_gt.csv").Order(StringComparer.Ordinal))
        {
            string sequence = Path.GetFileName(file)[..^"_world_gt.csv".Length];
            for (int camera = 1; File.Exists(Path.Combine(folder, $"cam{camera}_P_3x4.csv")); camera++)
            {
                string boxes = Path.Combine(folder, $"{sequence}_cam{camera}_detections.csv");
                if (File.Exists(boxes)) Camera(report, folder, file, boxes, camera, $"{sequence} camera {camera}");
            }
        }
    }

    static void Camera(Report report, string folder, string truth, string boxes, int number, string on)
    {
        double[] p = [.. File.ReadLines(Path.Combine(folder, $"cam{number}_P_3x4.csv")).SelectMany(Numbers)];
        var (model, pose) = TakenApart(p);
        var places = Rows(truth)
            .Select(c => (Tag: $"P{c[1]:F0}", Place: new TagPlace(c[0] / FramesPerS, c[2], c[3], 0.1))).ToList();
        var sightings = Rows(boxes).Where(c => c[2] > 2 && c[2] + c[4] < Width - 2 && c[3] + c[5] < Height - 4)
            .Select(c => new Sighting(c[0] / FramesPerS, c[2] + (c[4] / 2) - 0.5, c[3] + c[5] - 0.5, c[5], null))
            .ToList();
        double middleS = places.Max(row => row.Place.TimeS) / 2;
        var walk = new WalkTables(sightings.Where(s => s.TimeS < middleS), places);
        var later = new WalkTables(sightings.Where(s => s.TimeS >= middleS), places);
        // Centres of bodies were drawn, not feet: nothing to move them by is known.
        var options = new WalkPoseOptions { FootM = 0 };
        var given = new FittedPose(model, pose, 0, null);
        var found = WalkPose.Solve(model, walk, options);
        var free = WalkPose.Solve(
            CameraModel.Guess(Width, Height, 0.78 * Width), walk, options with { IsFocalFree = true });
        report.Add("held-out residual, median", Median(found?.Fit, later, options), "px", "", on);
        report.Add("same, focal length unknown", Median(free?.Fit, later, options), "px", "", on);
        report.Add("same, publisher's projection", Median(given, later, options), "px", "", on);
        report.Add("camera against publisher's", found is null ? null : Apart(found.Fit.Pose, pose), "m", "", on);
    }

    static double? Median(FittedPose? fit, WalkTables tables, WalkPoseOptions options)
    {
        if (fit is null) return null;
        double[] off = [.. WalkPose.Match(fit, tables, 0, 8, options)
            .Select(m => Math.Sqrt((m.ResidualU * m.ResidualU) + (m.ResidualV * m.ResidualV))).Order()];
        return off.Length > 0 ? off[off.Length / 2] : null;
    }

    static double Apart(CameraPose a, CameraPose b)
    {
        var (p, q) = (a.PlaceM, b.PlaceM);
        return Math.Sqrt(Math.Pow(p.X - q.X, 2) + Math.Pow(p.Y - q.Y, 2) + Math.Pow(p.Z - q.Z, 2));
    }

    // P = K [R t]: the rows of R by Gram and Schmidt from the last.
    static (CameraModel Model, CameraPose Pose) TakenApart(double[] p)
    {
        double[] Row(int i) => [p[4 * i], p[(4 * i) + 1], p[(4 * i) + 2]];
        static double Dot(double[] a, double[] b) => (a[0] * b[0]) + (a[1] * b[1]) + (a[2] * b[2]);
        static double[] Less(double[] a, double factor, double[] b) =>
            [a[0] - (factor * b[0]), a[1] - (factor * b[1]), a[2] - (factor * b[2])];
        double scale = Math.Sqrt(Dot(Row(2), Row(2)));
        double[] forward = Less(Row(2), 1 - (1 / scale), Row(2));
        double cy = Dot(Row(1), forward) / scale;
        double[] down = Less(Row(1), cy * scale, forward);
        double fy = Math.Sqrt(Dot(down, down)) / scale;
        down = Less(down, 1 - (1 / (fy * scale)), down);
        double cx = Dot(Row(0), forward) / scale, skew = Dot(Row(0), down) / scale;
        double[] right = Less(Less(Row(0), cx * scale, forward), skew * scale, down);
        double fx = Math.Sqrt(Dot(right, right)) / scale;
        right = Less(right, 1 - (1 / (fx * scale)), right);
        double tz = p[11] / scale, ty = ((p[7] / scale) - (cy * tz)) / fy;
        double tx = ((p[3] / scale) - (cx * tz) - (skew * ty)) / fx;
        return (new CameraModel(Width, Height, fx, fy, cx, cy, new double[5]),
            new CameraPose([.. right, .. down, .. forward], [tx, ty, tz]));
    }

    static IEnumerable<double[]> Rows(string file) =>
        File.ReadLines(file).Skip(1).Select(line => Numbers(line).ToArray());

    static IEnumerable<double> Numbers(string line) => line.Split(',').Select(cell =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number : double.NaN);
}
