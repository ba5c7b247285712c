using System.Numerics;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Lays a plan found from ranges alone into the site's frame.</summary>
static class SurveyFrame
{
    // As well as somebody with a tape or a laser places an anchor; the named ones define the frame.
    const double SurveyedSigmaM = 0.02, DefinedSigmaM = 1e-3;

    /// <summary>
    /// The plan in the frame, its defining coordinates held; null where the defining anchors are on one line.
    /// </summary>
    public static double[]? Place(SurveyProblem problem, double[] plan, string[] ids, SurveyOptions options) =>
        options.SurveyedM.Count > 0 ? OnSurveyed(problem, plan, ids, options) : OnNamed(problem, plan, ids, options);

    /// <summary>
    /// Mirrors an anchor across the line or plane through those it has ranges to; false: there is none.
    /// </summary>
    public static bool TryReflect(SurveyProblem problem, double[] x, int anchor)
    {
        int size = problem.Size;
        int[] others = [.. problem.Pairs.Where(pair => pair.From == anchor || pair.To == anchor)
            .Select(pair => pair.From == anchor ? pair.To : pair.From)];
        if (others.Length < size) return false;
        var middle = new double[size];
        foreach (int other in others)
            for (int axis = 0; axis < size; axis++) middle[axis] += x[(other * size) + axis] / others.Length;
        var spread = new double[size * size];
        foreach (int other in others)
        {
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    spread[(i * size) + j] +=
                        (x[(other * size) + i] - middle[i]) * (x[(other * size) + j] - middle[j]);
                }
            }
        }

        var (_, vectors) = Dense.Eigen(spread, size);
        double off = 0;
        for (int axis = 0; axis < size; axis++)
            off += (x[(anchor * size) + axis] - middle[axis]) * vectors[axis * size];
        for (int axis = 0; axis < size; axis++) x[(anchor * size) + axis] -= 2 * off * vectors[axis * size];
        return true;
    }

    static double[]? OnNamed(SurveyProblem problem, double[] plan, string[] ids, SurveyOptions options)
    {
        int origin = Array.IndexOf(ids, options.Origin), along = Array.IndexOf(ids, options.XAxis);
        int side = Array.IndexOf(ids, options.Side);
        Vector3 At(int anchor) => Flat(problem, plan, anchor);
        var from = At(origin);
        var x = At(along) - from;
        if (!(x.Length() > 0.1f)) return null;
        x = Vector3.Normalize(x);
        var y = At(side) - from;
        y -= Vector3.Dot(x, y) * x;
        if (!(y.Length() > 0.1f)) return null;
        y = Vector3.Normalize(y);
        var z = Vector3.Cross(x, y);
        // The three lie at one height in 3-D; most of the others are then taken to be above it.
        double baseM = problem.Size == 3 ? options.HeightsM.GetValueOrDefault(options.Origin!) : 0;
        double above = Enumerable.Range(0, problem.Anchors).Sum(i => Vector3.Dot(z, At(i) - from));
        if (above < 0) z = -z;
        var placed = Turned(problem, plan, p => new Vector3(
            Vector3.Dot(x, p - from), Vector3.Dot(y, p - from), Vector3.Dot(z, p - from) + (float)baseM));
        problem.Hold(origin, 0, 0, DefinedSigmaM);
        problem.Hold(origin, 1, 0, DefinedSigmaM);
        problem.Hold(along, 1, 0, DefinedSigmaM);
        if (problem.Size == 3)
            foreach (int anchor in (int[])[origin, along, side]) problem.Hold(anchor, 2, baseM, DefinedSigmaM);
        return placed;
    }

    // The rotation and shift of least squares (Horn), the plan's mirror image tried too.
    static double[]? OnSurveyed(SurveyProblem problem, double[] plan, string[] ids, SurveyOptions options)
    {
        int[] known = [.. Enumerable.Range(0, ids.Length).Where(i => options.SurveyedM.ContainsKey(ids[i]))];
        Vector3 Truth(int i) => problem.Size == 3
            ? options.SurveyedM[ids[i]] : options.SurveyedM[ids[i]] with { Z = 0 };
        foreach (int i in known)
        {
            for (int axis = 0; axis < problem.Size; axis++)
                problem.Hold(i, axis, Truth(i)[axis], SurveyedSigmaM);
        }

        double[]? best = null;
        double least = double.PositiveInfinity;
        foreach (bool isMirrored in (bool[])[false, true])
        {
            double[] tried = isMirrored ? Turned(problem, plan, p => p with { X = -p.X }) : plan;
            if (Aligned(problem, tried, known, Truth) is not { } placed) continue;
            double off = known.Sum(i => (double)Vector3.DistanceSquared(Flat(problem, placed, i), Truth(i)));
            // Surveyed anchors in one plane leave it open which side the rest is on: above, then.
            double below = problem.Size == 3
                ? Enumerable.Range(0, problem.Anchors).Sum(i => -(double)Flat(problem, placed, i).Z) * 1e-6 : 0;
            if (off + below < least) (best, least) = (placed, off + below);
        }

        return best;
    }

    static double[]? Aligned(SurveyProblem problem, double[] plan, int[] known, Func<int, Vector3> truth)
    {
        Vector3 from = default, to = default;
        foreach (int i in known)
        {
            from += Flat(problem, plan, i) / known.Length;
            to += truth(i) / known.Length;
        }

        // Horn (1987): the quaternion of the best rotation is the largest eigenvector of a 4 x 4.
        var s = new double[9];
        foreach (int i in known)
        {
            Vector3 a = Flat(problem, plan, i) - from, b = truth(i) - to;
            for (int r = 0; r < 3; r++) for (int c = 0; c < 3; c++) s[(3 * r) + c] += a[r] * b[c];
        }

        double[] n =
        [
            s[0] + s[4] + s[8], s[5] - s[7], s[6] - s[2], s[1] - s[3],
            s[5] - s[7], s[0] - s[4] - s[8], s[1] + s[3], s[6] + s[2],
            s[6] - s[2], s[1] + s[3], s[4] - s[0] - s[8], s[5] + s[7],
            s[1] - s[3], s[6] + s[2], s[5] + s[7], s[8] - s[0] - s[4],
        ];
        if (problem.Size == 2) return AlignedFlat(problem, plan, from, to, s);
        var (_, vectors) = Dense.Eigen(n, 4);
        var q = new Quaternion((float)vectors[7], (float)vectors[11], (float)vectors[15], (float)vectors[3]);
        return Turned(problem, plan, p => Vector3.Transform(p - from, q) + to);
    }

    static double[]? AlignedFlat(SurveyProblem problem, double[] plan, Vector3 from, Vector3 to, double[] s)
    {
        double angle = Math.Atan2(s[1] - s[3], s[0] + s[4]);
        var (sin, cos) = ((float)Math.Sin(angle), (float)Math.Cos(angle));
        return Turned(problem, plan, p =>
        {
            var d = p - from;
            return new Vector3((cos * d.X) - (sin * d.Y), (sin * d.X) + (cos * d.Y), 0) + to;
        });
    }

    // Biases stay as they are.
    static double[] Turned(SurveyProblem problem, double[] plan, Func<Vector3, Vector3> turn)
    {
        double[] turned = [.. plan];
        for (int i = 0; i < problem.Anchors; i++)
        {
            var at = turn(Flat(problem, plan, i));
            for (int axis = 0; axis < problem.Size; axis++) turned[(i * problem.Size) + axis] = at[axis];
        }

        return turned;
    }

    static Vector3 Flat(SurveyProblem problem, double[] x, int anchor) =>
        problem.PlaceOf(x, anchor) with { Z = problem.Size == 3 ? (float)x[(anchor * 3) + 2] : 0 };
}
