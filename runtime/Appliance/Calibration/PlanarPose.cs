namespace EdgeAppliance.Runtime.Calibration;

/// <summary>
/// A first pose from points of the floor: the homography by the normalised direct linear transform (Hartley and
/// Zisserman, Multiple View Geometry, algorithm 4.2), taken apart with the lens (Zhang, 2000).
/// </summary>
static class PlanarPose
{
    /// <summary>
    /// Null for fewer than four points, for points on one line, and where no camera above the floor fits.
    /// </summary>
    /// <param name="model">its focal length is a guess when <paramref name="isFocalFree"/></param>
    public static (CameraModel Model, CameraPose Pose)? Solve(
        CameraModel model, ReadOnlySpan<SeenPoint> points, bool isFocalFree)
    {
        if (points.Length < 4) return null;
        var seen = new List<(double X, double Y, double U, double V)>(points.Length);
        foreach (ref readonly var point in points)
        {
            // In units of the focal length, without distortion.
            if (model.Lens.TryUndistort(point.U, point.V, out double u, out double v, out _))
                seen.Add((point.X, point.Y, u, v));
        }

        if (seen.Count < 4 || Homography(seen) is not { } h) return null;
        double zoom = 1;
        if (isFocalFree)
        {
            if (ZoomOf(h) is not { } found) return null;
            zoom = found;
        }

        for (int i = 0; i < 6; i++) h[i] /= zoom;
        return PoseOf(h, seen) is { } pose ? (model.Zoomed(zoom), pose) : null;
    }

    static double[]? Homography(List<(double X, double Y, double U, double V)> seen)
    {
        var (mx, my, ms) = Spread(seen.Select(p => (p.X, p.Y)));
        var (mu, mv, mw) = Spread(seen.Select(p => (p.U, p.V)));
        if (!(ms > 0 && mw > 0)) return null;
        var square = new double[81];
        Span<double> row = stackalloc double[9];
        foreach (var (px, py, pu, pv) in seen)
        {
            double x = (px - mx) * ms, y = (py - my) * ms, u = (pu - mu) * mw, v = (pv - mv) * mw;
            row.Clear();
            (row[0], row[1], row[2], row[6], row[7], row[8]) = (x, y, 1, -u * x, -u * y, -u);
            Add(square, row);
            row.Clear();
            (row[3], row[4], row[5], row[6], row[7], row[8]) = (x, y, 1, -v * x, -v * y, -v);
            Add(square, row);
        }

        var (values, vectors) = Dense.Eigen(square, 9);
        // Points on a line leave a second way free: its eigenvalue is as small as the first's.
        if (!(values[1] > 1e-4 * values[8])) return null;
        double[] inner = [.. Enumerable.Range(0, 9).Select(i => vectors[i * 9])];
        double[] from = [ms, 0, -ms * mx, 0, ms, -ms * my, 0, 0, 1], to = [1 / mw, 0, mu, 0, 1 / mw, mv, 0, 0, 1];
        return Dense.Times3(Dense.Times3(to, inner), from);
    }

    // H = diag(z, z, 1) [r1 r2 t]: r1 and r2 are at right angles and of one length, each of which tells z^2.
    static double? ZoomOf(double[] h)
    {
        double across = (h[0] * h[1]) + (h[3] * h[4]), depth = -h[6] * h[7];
        double longer = (h[0] * h[0]) + (h[3] * h[3]) - (h[1] * h[1]) - (h[4] * h[4]);
        double deeper = (h[7] * h[7]) - (h[6] * h[6]);
        // Least squares over both, each as heavy as it is well conditioned.
        double weight = (depth * depth) + (deeper * deeper);
        double squared = ((across * depth) + (longer * deeper)) / weight;
        double zoom = Math.Sqrt(squared);
        return zoom is > 0.2 and < 5 ? zoom : null;
    }

    static CameraPose? PoseOf(double[] h, List<(double X, double Y, double U, double V)> seen)
    {
        double first = Math.Sqrt((h[0] * h[0]) + (h[3] * h[3]) + (h[6] * h[6]));
        double second = Math.Sqrt((h[1] * h[1]) + (h[4] * h[4]) + (h[7] * h[7]));
        double length = Math.Sqrt(first * second);
        if (!(length > 1e-12)) return null;
        // What was seen is before the camera.
        double depth = 0;
        foreach (var (x, y, _, _) in seen) depth += (h[6] * x) + (h[7] * y) + h[8];
        if (depth < 0) length = -length;
        double a = h[0] / length, b = h[3] / length, c = h[6] / length;
        double d = h[1] / length, e = h[4] / length, f = h[7] / length;
        var rotation = Dense.NearestRotation(
            [a, d, (b * f) - (c * e), b, e, (c * d) - (a * f), c, f, (a * e) - (b * d)]);
        var pose = new CameraPose(rotation, [h[2] / length, h[5] / length, h[8] / length]);
        return pose.PlaceM.Z > 0.3 && rotation.All(double.IsFinite) ? pose : null;
    }

    static (double X, double Y, double Scale) Spread(IEnumerable<(double X, double Y)> points)
    {
        var all = points.ToList();
        double x = all.Average(p => p.X), y = all.Average(p => p.Y);
        double square = all.Average(p => ((p.X - x) * (p.X - x)) + ((p.Y - y) * (p.Y - y)));
        return (x, y, square > 0 ? Math.Sqrt(2 / square) : 0);
    }

    static void Add(double[] square, ReadOnlySpan<double> row)
    {
        for (int i = 0; i < 9; i++) for (int j = 0; j < 9; j++) square[(i * 9) + j] += row[i] * row[j];
    }
}
