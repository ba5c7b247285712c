using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>One distance from a known place.</summary>
/// <param name="SigmaM">its standard deviation, metres</param>
readonly record struct Distance(Vector3 FromM, double RangeM, double SigmaM);

/// <summary>
/// A place from distances: damped Gauss-Newton with Huber weights on the floor, the height being known.
/// </summary>
static class Multilateration
{
    const int Rounds = 30;
    const double HuberSigmas = 1.5;

    /// <summary>
    /// False with fewer than three distances, from stations on one line (two places fit alike), or when no place fits.
    /// </summary>
    /// <param name="sigmaM">of the answer, by the curvature at it and the misfit left</param>
    public static bool TrySolve(ReadOnlySpan<Distance> distances, double heightM, out Vector2 at, out double sigmaM)
    {
        at = default;
        sigmaM = 0;
        if (distances.Length < 3) return false;
        var middle = Vector2.Zero;
        foreach (var distance in distances) middle += new Vector2(distance.FromM.X, distance.FromM.Y);
        middle /= distances.Length;
        double x = middle.X, y = middle.Y, damping = 1e-3;
        double misfit = Misfit(distances, heightM, x, y, out var normal);
        for (int round = 0; round < Rounds; round++)
        {
            double a = normal.Xx * (1 + damping), c = normal.Yy * (1 + damping);
            double det = (a * c) - (normal.Xy * normal.Xy);
            if (!(det > 1e-9)) return false;
            double dx = ((c * normal.Bx) - (normal.Xy * normal.By)) / det;
            double dy = ((a * normal.By) - (normal.Xy * normal.Bx)) / det;
            double tried = Misfit(distances, heightM, x + dx, y + dy, out var there);
            if (tried < misfit)
            {
                (x, y, normal) = (x + dx, y + dy, there);
                damping = Math.Max(1e-6, damping / 4);
                bool isDone = misfit - tried < 1e-9 * misfit || (dx * dx) + (dy * dy) < 1e-8;
                misfit = tried;
                if (isDone) break;
            }
            else if ((damping *= 8) > 1e8) break;
        }

        return Judge(normal, misfit, distances.Length, x, y, out at, out sigmaM);
    }

    static bool Judge(in Normal n, double misfit, int count, double x, double y, out Vector2 at, out double sigmaM)
    {
        at = new Vector2((float)x, (float)y);
        double det = (n.Xx * n.Yy) - (n.Xy * n.Xy), trace = n.Xx + n.Yy;
        double least = (trace - Math.Sqrt(Math.Max(0, (trace * trace) - (4 * det)))) / 2;
        // Stations on one line see nothing across it: the weak direction has 1 % of the strong one's weight or less.
        bool isSeenFromTwoSides = least > 0.01 * (trace - least);
        double excess = Math.Max(1, misfit / Math.Max(1, count - 2));
        sigmaM = least > 0 ? Math.Sqrt(excess / least) : double.PositiveInfinity;
        return isSeenFromTwoSides && double.IsFinite(sigmaM);
    }

    // Sum of Huber's losses in units of sigma^2, and the normal equations weighted alike.
    static double Misfit(ReadOnlySpan<Distance> distances, double heightM, double x, double y, out Normal normal)
    {
        double loss = 0, xx = 0, xy = 0, yy = 0, bx = 0, by = 0;
        foreach (var distance in distances)
        {
            double dx = x - distance.FromM.X, dy = y - distance.FromM.Y, dz = heightM - distance.FromM.Z;
            double expected = Math.Max(1e-3, Math.Sqrt((dx * dx) + (dy * dy) + (dz * dz)));
            double z = (distance.RangeM - expected) / distance.SigmaM;
            double surprise = Math.Abs(z);
            double weight = surprise <= HuberSigmas ? 1 : HuberSigmas / surprise;
            loss += surprise <= HuberSigmas ? z * z : HuberSigmas * ((2 * surprise) - HuberSigmas);
            double hx = dx / expected / distance.SigmaM, hy = dy / expected / distance.SigmaM;
            xx += weight * hx * hx;
            xy += weight * hx * hy;
            yy += weight * hy * hy;
            bx += weight * hx * z;
            by += weight * hy * z;
        }

        normal = new Normal(xx, xy, yy, bx, by);
        return loss;
    }

    readonly record struct Normal(double Xx, double Xy, double Yy, double Bx, double By);
}
