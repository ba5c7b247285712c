namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Where a survey begins: multidimensional scaling, and that shaken.</summary>
static class SurveyStart
{
    public static IEnumerable<double[]> All(SurveyProblem problem, int count)
    {
        double[] first = Scaled(problem);
        double extent = Math.Sqrt(first.Sum(value => value * value) / Math.Max(1, problem.Anchors));
        ulong random = 0x5EED;
        for (int start = 0; start < count; start++)
        {
            double[] at = new double[problem.Count];
            first.CopyTo(at, 0);
            // The first as it is, then shaken more and more: a wrong range may have folded the plan.
            double shake = extent * start / count;
            for (int i = 0; start > 0 && i < first.Length; i++) at[i] += shake * ((2 * Unit(ref random)) - 1);
            yield return at;
        }
    }

    // Torgerson: B = -1/2 J D^2 J; its largest eigenvectors are the coordinates.
    static double[] Scaled(SurveyProblem problem)
    {
        int n = problem.Anchors, size = problem.Size;
        double[] flat = Filled(problem), product = new double[n * n], rows = new double[n];
        double all = 0;
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++) rows[i] += flat[(i * n) + j] * flat[(i * n) + j] / n;
            all += rows[i] / n;
        }

        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                product[(i * n) + j] = -0.5 * ((flat[(i * n) + j] * flat[(i * n) + j]) - rows[i] - rows[j] + all);
        }

        var (values, vectors) = Dense.Eigen(product, n);
        var at = new double[n * size];
        for (int axis = 0; axis < size; axis++)
        {
            double root = Math.Sqrt(Math.Max(0.01, values[n - 1 - axis]));
            for (int i = 0; i < n; i++) at[(i * size) + axis] = root * vectors[(i * n) + n - 1 - axis];
        }

        return at;
    }

    // On the floor where heights are known; what is missing is the shortest way round (Floyd and Warshall).
    static double[] Filled(SurveyProblem problem)
    {
        int n = problem.Anchors;
        var flat = new double[n * n];
        Array.Fill(flat, double.PositiveInfinity);
        for (int i = 0; i < n; i++) flat[(i * n) + i] = 0;
        foreach (var pair in problem.Pairs)
        {
            double rise = problem.HeightM(pair.From) - problem.HeightM(pair.To);
            double length = Math.Sqrt(Math.Max(0.01, (pair.RangeM * pair.RangeM) - (rise * rise)));
            flat[(pair.From * n) + pair.To] = flat[(pair.To * n) + pair.From] = length;
        }

        for (int k = 0; k < n; k++)
        {
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                    flat[(i * n) + j] = Math.Min(flat[(i * n) + j], flat[(i * n) + k] + flat[(k * n) + j]);
            }
        }

        return flat;
    }

    static double Unit(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        ulong z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) / (double)(1UL << 53);
    }
}
