using System.Numerics;
using EdgeAppliance.Drivers;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What may differ between two frames.</summary>
enum FrameFreedom
{
    /// <summary>Only the origin: both are said to be the same frame, give or take a survey's error.</summary>
    Shift,

    /// <summary>Origin and direction.</summary>
    Rigid,

    /// <summary>Origin, direction and unit.</summary>
    Similarity,
}

/// <summary>Why two frames could not be put on each other.</summary>
enum AlignmentDoubt
{
    None,

    /// <summary>Fewer than a dozen pairs.</summary>
    TooFewPairs,

    /// <summary>Nothing moved: any direction fits.</summary>
    OnOneSpot,

    /// <summary>All moved on one line in space: any turn about it fits.</summary>
    OnOneLine,

    /// <summary>A frame and its mirror image fit about equally well.</summary>
    MirrorUnclear,
}

/// <summary>How a fit is made.</summary>
sealed record AlignmentRules
{
    public FrameFreedom Freedom { get; init; } = FrameFreedom.Similarity;

    /// <summary>Only x and y are looked at, and turns are about z; z is only shifted.</summary>
    public bool IsPlanar { get; init; }

    /// <summary>One frame may be left-handed: radio modules whose x and y were swapped at the survey.</summary>
    public bool MayMirror { get; init; }

    /// <summary>The share of pairs that counts, those that fit best: radio has reflections, cameras mistakes.</summary>
    public double KeptShare { get; init; } = 0.9;
}

/// <summary>A similarity: target = scale x turn (x mirror) x source + offset.</summary>
/// <param name="rows">scale, turn and mirror together, 3 x 3, row by row</param>
/// <param name="offset">in the target's unit, 3 numbers</param>
sealed class Alignment(double[] rows, double[] offset)
{
    public required double Scale { get; init; }

    public required bool IsMirrored { get; init; }

    /// <summary>Root mean square of the distances left over the pairs that count, target's unit.</summary>
    public required double Residual { get; init; }

    /// <summary>The same over all pairs.</summary>
    public required double ResidualOfAll { get; init; }

    /// <summary>The pairs that count.</summary>
    public required int Kept { get; init; }

    /// <summary>The share of the target's movement that is explained: 1 - residual^2 / variance.</summary>
    public required double Explained { get; init; }

    public Vector3 TargetFromSource(Vector3 place) => new(
        (float)((rows[0] * place.X) + (rows[1] * place.Y) + (rows[2] * place.Z) + offset[0]),
        (float)((rows[3] * place.X) + (rows[4] * place.Y) + (rows[5] * place.Z) + offset[1]),
        (float)((rows[6] * place.X) + (rows[7] * place.Y) + (rows[8] * place.Z) + offset[2]));
}

/// <summary>
/// Two frames put on each other by pairs of places seen in both: least squares in closed form (Horn, "Closed-form
/// solution of absolute orientation using unit quaternions", 1987; in the plane the angle directly; scale by Umeyama
/// 1991), again and again over the pairs that fit best, until those stay the same.
/// </summary>
static class FrameAlignment
{
    const int PairsMin = 12, Rounds = 20;

    // A second direction with less than a twentieth of the first's spread cannot tell a turn or a mirror image.
    const double LineShare = 0.05;

    // A mirror image must fit this much better, or worse, to be told apart.
    const double MirrorShare = 0.8;

    /// <summary>The similarity from source to target, or why there is none.</summary>
    public static AlignmentDoubt TryFit(
        ReadOnlySpan<Vector3> source, ReadOnlySpan<Vector3> target, AlignmentRules rules, out Alignment? found)
    {
        found = null;
        if (source.Length != target.Length) Bug.Throw($"{source.Length} places on {target.Length}");
        if (source.Length < PairsMin) return AlignmentDoubt.TooFewPairs;
        var doubt = DoubtOf(source, target, rules, out bool isFlat);
        if (doubt != AlignmentDoubt.None) return doubt;
        var plain = Trimmed(source, target, rules, isMirrored: false);
        if (!rules.MayMirror || rules.Freedom == FrameFreedom.Shift)
        {
            found = plain;
            return AlignmentDoubt.None;
        }

        if (isFlat) return AlignmentDoubt.MirrorUnclear;
        var mirrored = Trimmed(source, target, rules, isMirrored: true);
        double better = Math.Min(plain.Residual, mirrored.Residual);
        if (better > MirrorShare * Math.Max(plain.Residual, mirrored.Residual)) return AlignmentDoubt.MirrorUnclear;
        found = plain.Residual <= mirrored.Residual ? plain : mirrored;
        return AlignmentDoubt.None;
    }

    // isFlat: a mirror image cannot be told, for all moved on a line (in the plane) or in a plane (in space).
    static AlignmentDoubt DoubtOf(
        ReadOnlySpan<Vector3> source, ReadOnlySpan<Vector3> target, AlignmentRules rules, out bool isFlat)
    {
        Span<double> spread = stackalloc double[3];
        Spread(source, rules.IsPlanar, spread);
        isFlat = spread[rules.IsPlanar ? 1 : 2] < LineShare * spread[0];
        // A float at a kilometre is good to 0.1 mm.
        bool isStill = spread[0] < 1e-4;
        bool isOnLine = !rules.IsPlanar && spread[1] < LineShare * spread[0];
        Spread(target, rules.IsPlanar, spread);
        isStill |= spread[0] < 1e-4;
        if (rules.Freedom == FrameFreedom.Shift) return AlignmentDoubt.None;
        if (isStill) return AlignmentDoubt.OnOneSpot;
        return isOnLine ? AlignmentDoubt.OnOneLine : AlignmentDoubt.None;
    }

    // Standard deviations along the principal axes, the longest first.
    static void Spread(ReadOnlySpan<Vector3> places, bool isPlanar, Span<double> spread)
    {
        Span<double> mean = stackalloc double[3];
        foreach (var place in places) for (int i = 0; i < 3; i++) mean[i] += place[i] / places.Length;
        Span<double> matrix = stackalloc double[9];
        foreach (var place in places)
        {
            for (int i = 0; i < 9; i++)
            {
                if (isPlanar && (i / 3 == 2 || i % 3 == 2)) continue;
                matrix[i] += (place[i / 3] - mean[i / 3]) * (place[i % 3] - mean[i % 3]) / places.Length;
            }
        }

        Span<double> vectors = stackalloc double[9];
        SymmetricEigen.Solve(matrix, vectors, 3);
        for (int i = 0; i < 3; i++) spread[i] = Math.Sqrt(Math.Max(0, matrix[4 * i]));
        spread.Sort();
        spread.Reverse();
    }

    static Alignment Trimmed(
        ReadOnlySpan<Vector3> source, ReadOnlySpan<Vector3> target, AlignmentRules rules, bool isMirrored)
    {
        int count = source.Length, kept = Math.Clamp((int)(rules.KeptShare * count), Math.Min(PairsMin, count), count);
        var counts = new bool[count];
        Array.Fill(counts, true);
        var squares = new double[count];
        var sorted = new double[count];
        var fit = default(Fit);
        for (int round = 0; round < Rounds; round++)
        {
            fit = Fit.Of(source, target, counts, rules, isMirrored);
            for (int i = 0; i < count; i++) squares[i] = fit.SquareLeft(source[i], target[i], rules.IsPlanar);
            if (kept == count) break;
            squares.CopyTo(sorted, 0);
            Array.Sort(sorted);
            bool isSame = true;
            for (int i = 0; i < count; i++)
            {
                bool isIn = squares[i] <= sorted[kept - 1];
                isSame &= isIn == counts[i];
                counts[i] = isIn;
            }

            if (isSame) break;
        }

        double all = 0, some = 0;
        int counted = 0;
        for (int i = 0; i < count; i++)
        {
            all += squares[i];
            if (!counts[i]) continue;
            some += squares[i];
            counted++;
        }

        double variance = Math.Max(double.Epsilon, Fit.VarianceOf(target, counts, rules.IsPlanar));
        return new Alignment(fit.Rows, fit.Offset)
        {
            Scale = fit.Scale,
            IsMirrored = isMirrored,
            Residual = Math.Sqrt(some / counted),
            ResidualOfAll = Math.Sqrt(all / count),
            Kept = counted,
            Explained = 1 - (some / counted / variance),
        };
    }

    readonly record struct Fit(double[] Rows, double[] Offset, double Scale)
    {
        public static Fit Of(
            ReadOnlySpan<Vector3> source, ReadOnlySpan<Vector3> target, ReadOnlySpan<bool> counts,
            AlignmentRules rules, bool isMirrored)
        {
            Span<double> from = stackalloc double[3];
            Span<double> to = stackalloc double[3];
            Middle(source, counts, from);
            Middle(target, counts, to);
            // The mirror is the last axis looked at, turned round before anything else.
            double z = rules.IsPlanar ? 0 : isMirrored ? -1 : 1;
            Span<double> sign = [1, isMirrored && rules.IsPlanar ? -1 : 1, z];
            Span<double> cross = stackalloc double[9];
            double square = Cross(source, target, counts, from, to, sign, cross);
            var turn = new double[9];
            if (rules.Freedom == FrameFreedom.Shift) turn[0] = turn[4] = turn[8] = 1;
            else if (rules.IsPlanar) TurnInPlane(cross, turn);
            else TurnInSpace(cross, turn);
            double scale = rules.Freedom == FrameFreedom.Similarity && square > 0 ? Along(cross, turn) / square : 1;
            if (rules.IsPlanar) sign[2] = 1;
            var offset = new double[3];
            for (int row = 0; row < 3; row++)
            {
                offset[row] = to[row];
                for (int col = 0; col < 3; col++)
                {
                    turn[(row * 3) + col] *= scale * sign[col];
                    offset[row] -= turn[(row * 3) + col] * from[col];
                }
            }

            return new Fit(turn, offset, scale);
        }

        public double SquareLeft(Vector3 source, Vector3 target, bool isPlanar)
        {
            double sum = 0;
            for (int row = 0; row < (isPlanar ? 2 : 3); row++)
            {
                double left = target[row] - Offset[row];
                for (int col = 0; col < 3; col++) left -= Rows[(row * 3) + col] * source[col];
                sum += left * left;
            }

            return sum;
        }

        public static double VarianceOf(ReadOnlySpan<Vector3> places, ReadOnlySpan<bool> counts, bool isPlanar)
        {
            Span<double> mean = stackalloc double[3];
            Middle(places, counts, mean);
            double sum = 0;
            int counted = 0;
            for (int i = 0; i < places.Length; i++)
            {
                if (!counts[i]) continue;
                counted++;
                for (int k = 0; k < (isPlanar ? 2 : 3); k++)
                    sum += (places[i][k] - mean[k]) * (places[i][k] - mean[k]);
            }

            return sum / counted;
        }

        static void Middle(ReadOnlySpan<Vector3> places, ReadOnlySpan<bool> counts, Span<double> middle)
        {
            middle.Clear();
            int counted = 0;
            for (int i = 0; i < places.Length; i++)
            {
                if (!counts[i]) continue;
                counted++;
                for (int k = 0; k < 3; k++) middle[k] += places[i][k];
            }

            for (int k = 0; k < 3; k++) middle[k] /= counted;
        }

        // cross[3 i + j] = sum of source_i target_j about their middles; answers the source's own sum of squares. A
        // sign of 0 leaves an axis out.
        static double Cross(
            ReadOnlySpan<Vector3> source, ReadOnlySpan<Vector3> target, ReadOnlySpan<bool> counts,
            ReadOnlySpan<double> from, ReadOnlySpan<double> to, ReadOnlySpan<double> sign, Span<double> cross)
        {
            double square = 0;
            for (int i = 0; i < source.Length; i++)
            {
                if (!counts[i]) continue;
                for (int k = 0; k < 9; k++)
                {
                    double a = sign[k / 3] * (source[i][k / 3] - from[k / 3]);
                    cross[k] += a * Math.Abs(sign[k % 3]) * (target[i][k % 3] - to[k % 3]);
                    if (k % 4 == 0) square += a * a;
                }
            }

            return square;
        }

        static double Along(ReadOnlySpan<double> cross, ReadOnlySpan<double> turn)
        {
            double along = 0;
            for (int k = 0; k < 9; k++) along += turn[(k % 3 * 3) + (k / 3)] * cross[k];
            return along;
        }

        static void TurnInPlane(ReadOnlySpan<double> cross, Span<double> turn)
        {
            double angle = Math.Atan2(cross[1] - cross[3], cross[0] + cross[4]);
            (turn[0], turn[4], turn[8]) = (Math.Cos(angle), Math.Cos(angle), 1);
            (turn[1], turn[3]) = (-Math.Sin(angle), Math.Sin(angle));
        }

        static void TurnInSpace(ReadOnlySpan<double> s, Span<double> turn)
        {
            Span<double> n =
            [
                s[0] + s[4] + s[8], s[5] - s[7], s[6] - s[2], s[1] - s[3],
                s[5] - s[7], s[0] - s[4] - s[8], s[1] + s[3], s[6] + s[2],
                s[6] - s[2], s[1] + s[3], s[4] - s[0] - s[8], s[5] + s[7],
                s[1] - s[3], s[6] + s[2], s[5] + s[7], s[8] - s[0] - s[4],
            ];
            Span<double> vectors = stackalloc double[16];
            SymmetricEigen.Solve(n, vectors, 4);
            int best = 0;
            for (int i = 1; i < 4; i++) if (n[5 * i] > n[5 * best]) best = i;
            double w = vectors[best], x = vectors[4 + best], y = vectors[8 + best], z = vectors[12 + best];
            turn[0] = (w * w) + (x * x) - (y * y) - (z * z);
            turn[1] = 2 * ((x * y) - (w * z));
            turn[2] = 2 * ((x * z) + (w * y));
            turn[3] = 2 * ((x * y) + (w * z));
            turn[4] = (w * w) - (x * x) + (y * y) - (z * z);
            turn[5] = 2 * ((y * z) - (w * x));
            turn[6] = 2 * ((x * z) - (w * y));
            turn[7] = 2 * ((y * z) + (w * x));
            turn[8] = (w * w) - (x * x) - (y * y) + (z * z);
        }
    }
}
