namespace EdgeAppliance.Runtime.Calibration;

/// <summary>A pose with how well it fits.</summary>
/// <param name="Cost">sum of Cauchy's losses in units of sigma^2</param>
/// <param name="Sigmas">
/// of rotation x, y, z (radians), translation (metres), and of the focal length's logarithm where it was free; null
/// where the points do not tell
/// </param>
sealed record FittedPose(CameraModel Model, CameraPose Pose, double Cost, double[]? Sigmas);

/// <summary>
/// Refines a pose on seen points: Levenberg and Marquardt's steps on Cauchy's loss, which an outlier of any size
/// moves by a bounded amount. Distortion is kept, the focal length may be free.
/// </summary>
static class PoseFit
{
    // Residuals of this many sigmas count half.
    const double Scale = 2.5;

    public static FittedPose? Refine(
        CameraModel model, CameraPose pose, ReadOnlySpan<SeenPoint> points, bool isFocalFree, int rounds)
    {
        int n = isFocalFree ? 7 : 6;
        if (points.Length * 2 < n) return null;
        double damping = 1e-3;
        var normal = new double[n * n];
        var gradient = new double[n];
        double cost = Build(model, pose, points, n, normal, gradient);
        for (int round = 0; round < rounds; round++)
        {
            bool isBetter = false, isDone = false;
            for (int tried = 0; tried < 6 && !isBetter; tried++)
            {
                double[] damped = [.. normal];
                for (int i = 0; i < n; i++) damped[(i * n) + i] += (damping * normal[(i * n) + i]) + 1e-12;
                if (Dense.Solve(damped, gradient) is not { } step) return null;
                var there = pose.Moved(step);
                var lens = isFocalFree ? model.Zoomed(Math.Exp(Math.Clamp(step[6], -0.3, 0.3))) : model;
                double found = Loss(lens, there, points);
                if (!(found < cost))
                {
                    damping *= 6;
                    continue;
                }

                (isBetter, isDone) = (true, cost - found < 1e-7 * cost);
                (pose, model, cost) = (there, lens, found);
                damping = Math.Max(1e-8, damping / 6);
            }

            if (!isBetter || isDone) break;
            Build(model, pose, points, n, normal, gradient);
        }

        Build(model, pose, points, n, normal, gradient);
        return new FittedPose(model, pose, cost, SigmasOf(normal, n, cost, points.Length));
    }

    /// <summary>The robust misfit of a pose.</summary>
    public static double Loss(CameraModel model, CameraPose pose, ReadOnlySpan<SeenPoint> points)
    {
        double sum = 0;
        foreach (ref readonly var point in points)
        {
            sum += pose.Project(model, point.X, point.Y, point.Z) is { } at
                ? LossOf(Squared((point.U - at.U) / point.SigmaU) + Squared((point.V - at.V) / point.SigmaV))
                : LossOf(1e6);
        }

        return sum;
    }

    static double[]? SigmasOf(double[] normal, int n, double cost, int points)
    {
        if (Dense.Inverse(normal, n) is not { } inverse) return null;
        double excess = Math.Max(1, cost / Math.Max(1, (2 * points) - n));
        return [.. Enumerable.Range(0, n).Select(i => Math.Sqrt(excess * inverse[(i * n) + i]))];
    }

    static double Build(
        CameraModel model, CameraPose pose, ReadOnlySpan<SeenPoint> points, int n, double[] normal, double[] gradient)
    {
        Array.Clear(normal);
        Array.Clear(gradient);
        Span<double> ju = stackalloc double[n], jv = stackalloc double[n];
        double cost = 0;
        foreach (ref readonly var point in points)
        {
            if (!Slopes(model, pose, point, ju, jv, out double ru, out double rv))
            {
                cost += LossOf(1e6);
                continue;
            }

            double squared = (ru * ru) + (rv * rv), weight = 1 / (1 + (squared / (Scale * Scale)));
            cost += LossOf(squared);
            for (int i = 0; i < n; i++)
            {
                gradient[i] += weight * ((ju[i] * ru) + (jv[i] * rv));
                for (int j = 0; j < n; j++) normal[(i * n) + j] += weight * ((ju[i] * ju[j]) + (jv[i] * jv[j]));
            }
        }

        return cost;
    }

    // Residual and its slopes over rotation, translation and the focal length's logarithm, all in sigmas.
    static bool Slopes(
        CameraModel model, CameraPose pose, in SeenPoint point, Span<double> ju, Span<double> jv, out double ru,
        out double rv)
    {
        var c = pose.InCamera(point.X, point.Y, point.Z);
        ru = rv = 0;
        if (!(c.Z > 0.05)) return false;
        double x = c.X / c.Z, y = c.Y / c.Z;
        var (u, v) = model.Lens.Distort(x, y, out var slope);
        ru = (point.U - u) / point.SigmaU;
        rv = (point.V - v) / point.SigmaV;
        Fill(ju, slope.Ux, slope.Uy, x, y, c.Z, point.SigmaU, c, pose.TranslationM);
        Fill(jv, slope.Vx, slope.Vy, x, y, c.Z, point.SigmaV, c, pose.TranslationM);
        if (ju.Length > 6)
        {
            ju[6] = (u - model.Cx) / point.SigmaU;
            jv[6] = (v - model.Cy) / point.SigmaV;
        }

        return true;
    }

    static void Fill(
        Span<double> j, double overX, double overY, double x, double y, double depth, double sigma,
        (double X, double Y, double Z) c, double[] t)
    {
        double dx = overX / depth / sigma, dy = overY / depth / sigma, dz = -((dx * x) + (dy * y));
        double yx = c.X - t[0], yy = c.Y - t[1], yz = c.Z - t[2];
        j[0] = (yy * dz) - (yz * dy);
        j[1] = (yz * dx) - (yx * dz);
        j[2] = (yx * dy) - (yy * dx);
        j[3] = dx;
        j[4] = dy;
        j[5] = dz;
    }

    static double LossOf(double squared) => Scale * Scale * Math.Log(1 + (squared / (Scale * Scale)));

    static double Squared(double value) => value * value;
}
