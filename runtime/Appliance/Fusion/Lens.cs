namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// OpenCV's lens: focal lengths and middle in pixels (the middle of the first pixel is 0), distortion k1, k2, p1, p2,
/// k3.
/// </summary>
sealed class Lens(double fx, double fy, double cx, double cy, double[] distortion)
{
    const int Rounds = 20;

    readonly double _k1 = distortion[0], _k2 = distortion[1], _p1 = distortion[2], _p2 = distortion[3];

    readonly double _k3 = distortion[4];

    public double Fx { get; } = fx;

    public double Fy { get; } = fy;

    /// <summary>The image point of a direction x/z, y/z, with how it moves: du/dx, du/dy, dv/dx, dv/dy.</summary>
    public (double U, double V) Distort(double x, double y, out (double Ux, double Uy, double Vx, double Vy) slope)
    {
        double r2 = (x * x) + (y * y);
        double radial = 1 + (r2 * (_k1 + (r2 * (_k2 + (r2 * _k3)))));
        double bend = 2 * (_k1 + (r2 * ((2 * _k2) + (3 * r2 * _k3)))); // d radial / d x = bend x
        double u = (x * radial) + (2 * _p1 * x * y) + (_p2 * (r2 + (2 * x * x)));
        double v = (y * radial) + (_p1 * (r2 + (2 * y * y))) + (2 * _p2 * x * y);
        double cross = (x * y * bend) + (2 * _p1 * x) + (2 * _p2 * y);
        slope = (
            Fx * (radial + (x * x * bend) + (2 * _p1 * y) + (6 * _p2 * x)), Fx * cross,
            Fy * cross, Fy * (radial + (y * y * bend) + (6 * _p1 * y) + (2 * _p2 * x)));
        return (cx + (Fx * u), cy + (Fy * v));
    }

    /// <summary>
    /// The direction seen at an image point, by Newton's method on <see cref="Distort"/>. False where the lens model
    /// folds over: no direction, or more than one, is seen there.
    /// </summary>
    public bool TryUndistort(
        double u, double v, out double x, out double y, out (double Ux, double Uy, double Vx, double Vy) slope)
    {
        x = (u - cx) / Fx;
        y = (v - cy) / Fy;
        slope = default;
        for (int round = 0; round < Rounds; round++)
        {
            var (atU, atV) = Distort(x, y, out slope);
            double det = (slope.Ux * slope.Vy) - (slope.Uy * slope.Vx);
            // The determinant is fx fy in the middle; near zero the model turns back on itself.
            if (!(det > 0.02 * Fx * Fy)) return false;
            double du = u - atU, dv = v - atV;
            if (Math.Abs(du) + Math.Abs(dv) < 1e-4) return true;
            x += ((slope.Vy * du) - (slope.Uy * dv)) / det;
            y += ((slope.Ux * dv) - (slope.Vx * du)) / det;
        }

        return false;
    }

    public Lens Scaled(double sx, double sy) =>
        new(Fx * sx, Fy * sy, ((cx + 0.5) * sx) - 0.5, ((cy + 0.5) * sy) - 0.5, distortion);
}
