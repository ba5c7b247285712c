using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>A place and how well it is known.</summary>
/// <param name="Variances">of x, y and z, m^2, by the curvature at the place and the misfit left</param>
readonly record struct Start(Vector3 PlaceM, Vector3 Variances);

/// <summary>
/// A place from readings of about one instant, when nothing else is known: damped Gauss-Newton with Huber weights, from
/// several beginnings, the height held near where tags are expected.
/// </summary>
static class Multilateration
{
    const int Rounds = 30;
    const double HuberSigmas = 1.5;

    /// <summary>How little is known of a flying tag's height, metres.</summary>
    const double FreeSigmaM = 5;

    /// <summary>
    /// Stations are on one line when they lie this much closer to one than they spread along it: two places, one on
    /// each side, then fit alike.
    /// </summary>
    const double FlatMin = .03;

    /// <summary>
    /// False with fewer than three ranges or range differences and no angle, from stations on one line, or when no
    /// place fits.
    /// </summary>
    /// <param name="clues">one number each; at most one kind of them need be enough</param>
    public static bool TrySolve(
        ReadOnlySpan<Clue> clues, double heightM, double? heightSigmaM, out Start start)
    {
        start = default;
        if (!IsEnough(clues, out var middle, out float reachM)) return false;
        double sigma = heightSigmaM ?? FreeSigmaM;
        var prior = (HeightM: heightSigmaM is null ? middle.Z : heightM, Weight: 1 / (sigma * sigma));
        double least = double.PositiveInfinity;
        for (int turn = 0; turn < 5; turn++)
        {
            var from = new Vector3(middle.X, middle.Y, (float)prior.HeightM);
            if (turn > 0)
                from += reachM * new Vector3(MathF.Cos(turn * MathF.PI / 2), MathF.Sin(turn * MathF.PI / 2), 0);
            if (TryFrom(from, clues, prior, out var found, out double loss) && loss < least)
                (start, least) = (found, loss);
        }

        return double.IsFinite(least);
    }

    static bool IsEnough(ReadOnlySpan<Clue> clues, out Vector3 middle, out float reachM)
    {
        middle = Vector3.Zero;
        reachM = 0;
        int lengths = 0;
        bool hasAngle = false;
        foreach (ref readonly var clue in clues)
        {
            hasAngle |= clue.Kind == ClueKind.Azimuth;
            if (clue.Kind is ClueKind.Range or ClueKind.RangeDifference) lengths++;
            middle += clue.FromM;
        }

        if (clues.IsEmpty || (hasAngle ? clues.Length < 2 : lengths < 3)) return false;
        middle /= clues.Length;
        double xx = 0, xy = 0, yy = 0;
        foreach (ref readonly var clue in clues)
        {
            Spread(clue.FromM - middle);
            if (clue.Kind == ClueKind.RangeDifference) Spread(clue.OtherM - middle);
            if (clue.Kind == ClueKind.Range) reachM = Math.Max(reachM, (float)clue.Value / 2);
        }

        double half = (xx + yy) / 2, apart = Math.Sqrt((((xx - yy) / 2) * ((xx - yy) / 2)) + (xy * xy));
        reachM = Math.Max(reachM, (float)Math.Sqrt(half / clues.Length));
        return hasAngle || half - apart > FlatMin * FlatMin * (half + apart);

        void Spread(Vector3 off)
        {
            xx += off.X * off.X;
            xy += off.X * off.Y;
            yy += off.Y * off.Y;
        }
    }

    static bool TryFrom(
        Vector3 from, ReadOnlySpan<Clue> clues, (double HeightM, double Weight) prior, out Start start,
        out double loss)
    {
        var at = from;
        double damping = 1e-3;
        var normal = Normal.At(at, clues, prior);
        for (int round = 0; round < Rounds; round++)
        {
            if (!normal.TryStep(damping, out var step)) break;
            var there = Normal.At(at + step, clues, prior);
            if (there.Loss < normal.Loss)
            {
                bool isDone = normal.Loss - there.Loss < 1e-9 * normal.Loss || step.LengthSquared() < 1e-8;
                (at, normal) = (at + step, there);
                damping = Math.Max(1e-6, damping / 4);
                if (isDone) break;
            }
            else if ((damping *= 8) > 1e8) break;
        }

        loss = normal.Loss;
        double excess = Math.Max(1, loss / Math.Max(1, clues.Length - 2));
        start = new Start(at, default);
        if (!normal.TryVariances(out var variances)) return false;
        start = new Start(at, (float)excess * variances);
        return float.IsFinite(at.LengthSquared()) && double.IsFinite(loss);
    }

    /// <summary>Huber's losses in units of sigma^2 and the normal equations, weighted alike.</summary>
    struct Normal
    {
        // The weak direction has so much less weight than the strong one where nothing is seen across it.
        const double WeakMin = 1e-4;

        double _xx, _xy, _xz, _yy, _yz, _zz, _bx, _by, _bz;

        public double Loss { get; private set; }

        public static Normal At(Vector3 at, ReadOnlySpan<Clue> clues, (double HeightM, double Weight) prior)
        {
            var normal = default(Normal);
            double low = at.Z - prior.HeightM;
            normal.Loss = low * low * prior.Weight;
            normal._zz = prior.Weight;
            normal._bz = -low * prior.Weight;
            foreach (ref readonly var clue in clues)
            {
                if (!MeasurementModels.TryAt(clue, at, 0, out double expected, out var slope)) continue;
                double off = clue.Value - expected;
                if (clue.Kind == ClueKind.Azimuth) off = AngleModel.Turned(off);
                normal.Add(off, slope, clue.Variance);
            }

            return normal;
        }

        void Add(double off, in Slope slope, double variance)
        {
            double surprise = Math.Abs(off) / Math.Sqrt(variance);
            bool isUsual = surprise <= HuberSigmas;
            Loss += isUsual ? surprise * surprise : HuberSigmas * ((2 * surprise) - HuberSigmas);
            double weight = (isUsual ? 1 : HuberSigmas / surprise) / variance;
            double x = slope.PlaceX, y = slope.PlaceY, z = slope.PlaceZ;
            _xx += weight * x * x;
            _xy += weight * x * y;
            _xz += weight * x * z;
            _yy += weight * y * y;
            _yz += weight * y * z;
            _zz += weight * z * z;
            _bx += weight * x * off;
            _by += weight * y * off;
            _bz += weight * z * off;
        }

        public readonly bool TryStep(double damping, out Vector3 step)
        {
            step = default;
            double a = _xx * (1 + damping), d = _yy * (1 + damping), f = _zz * (1 + damping);
            double c1 = (d * f) - (_yz * _yz), c2 = (_xz * _yz) - (_xy * f), c3 = (_xy * _yz) - (_xz * d);
            double det = (a * c1) + (_xy * c2) + (_xz * c3);
            if (!(det > 1e-12)) return false;
            double c4 = (a * f) - (_xz * _xz), c5 = (_xy * _xz) - (a * _yz), c6 = (a * d) - (_xy * _xy);
            step = new Vector3(
                (float)(((c1 * _bx) + (c2 * _by) + (c3 * _bz)) / det),
                (float)(((c2 * _bx) + (c4 * _by) + (c5 * _bz)) / det),
                (float)(((c3 * _bx) + (c5 * _by) + (c6 * _bz)) / det));
            return true;
        }

        /// <summary>The inverse's diagonal; false where a direction on the floor is not seen.</summary>
        public readonly bool TryVariances(out Vector3 variances)
        {
            double c1 = (_yy * _zz) - (_yz * _yz), c2 = (_xz * _yz) - (_xy * _zz), c3 = (_xy * _yz) - (_xz * _yy);
            double det = (_xx * c1) + (_xy * c2) + (_xz * c3);
            variances = new Vector3(
                (float)(c1 / det), (float)(((_xx * _zz) - (_xz * _xz)) / det),
                (float)(((_xx * _yy) - (_xy * _xy)) / det));
            double trace = _xx + _yy, level = (_xx * _yy) - (_xy * _xy);
            double weak = (trace - Math.Sqrt(Math.Max(0, (trace * trace) - (4 * level)))) / 2;
            return det > 0 && weak > WeakMin * (trace - weak) && variances.X > 0 && variances.Y > 0
                && variances.Z > 0;
        }
    }
}
