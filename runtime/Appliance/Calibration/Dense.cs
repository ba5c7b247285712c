namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Small dense systems, row by row; done once a calibration, so plain loops.</summary>
static class Dense
{
    /// <summary>Solves A x = b for a symmetric positive A by Cholesky; null when A is not positive.</summary>
    public static double[]? Solve(double[] a, double[] b)
    {
        int n = b.Length;
        if (Factor(a, n) is not { } l) return null;
        var x = new double[n];
        for (int i = 0; i < n; i++)
        {
            double sum = b[i];
            for (int k = 0; k < i; k++) sum -= l[(i * n) + k] * x[k];
            x[i] = sum / l[(i * n) + i];
        }

        for (int i = n - 1; i >= 0; i--)
        {
            double sum = x[i];
            for (int k = i + 1; k < n; k++) sum -= l[(k * n) + i] * x[k];
            x[i] = sum / l[(i * n) + i];
        }

        return x;
    }

    /// <summary>The inverse of a symmetric positive matrix; null when it is not positive.</summary>
    public static double[]? Inverse(double[] a, int n)
    {
        var inverse = new double[n * n];
        for (int column = 0; column < n; column++)
        {
            var unit = new double[n];
            unit[column] = 1;
            if (Solve(a, unit) is not { } x) return null;
            for (int row = 0; row < n; row++) inverse[(row * n) + column] = x[row];
        }

        return inverse;
    }

    /// <summary>
    /// Eigenvalues and vectors (columns) of a symmetric matrix by Jacobi's rotations, smallest first.
    /// </summary>
    public static (double[] Values, double[] Vectors) Eigen(double[] symmetric, int n)
    {
        double[] a = [.. symmetric];
        var v = new double[n * n];
        for (int i = 0; i < n; i++) v[(i * n) + i] = 1;
        // Converges quadratically: six sweeps are enough for 20 x 20, the rest is for odd scales.
        for (int sweep = 0; sweep < 40; sweep++)
        {
            double off = 0, all = 0;
            for (int i = 0; i < n * n; i++)
            {
                all += a[i] * a[i];
                if (i / n != i % n) off += a[i] * a[i];
            }

            if (!(off > 1e-26 * all)) break;
            for (int p = 0; p < n - 1; p++) for (int q = p + 1; q < n; q++) Rotate(a, v, n, p, q);
        }

        int[] order = [.. Enumerable.Range(0, n).OrderBy(i => a[(i * n) + i])];
        var vectors = new double[n * n];
        for (int column = 0; column < n; column++)
        {
            for (int row = 0; row < n; row++) vectors[(row * n) + column] = v[(row * n) + order[column]];
        }

        return ([.. order.Select(i => a[(i * n) + i])], vectors);
    }

    /// <summary>A B of 3 x 3.</summary>
    public static double[] Times3(double[] a, double[] b)
    {
        var c = new double[9];
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 3; j++)
                c[(3 * i) + j] = (a[3 * i] * b[j]) + (a[(3 * i) + 1] * b[3 + j]) + (a[(3 * i) + 2] * b[6 + j]);
        }

        return c;
    }

    /// <summary>The rotation about a vector by its length in radians (Rodrigues).</summary>
    public static double[] Rotation(double x, double y, double z)
    {
        double angle = Math.Sqrt((x * x) + (y * y) + (z * z));
        double a = angle < 1e-9 ? 1 : Math.Sin(angle) / angle;
        double b = angle < 1e-9 ? 0.5 : (1 - Math.Cos(angle)) / (angle * angle);
        double[] k = [0, -z, y, z, 0, -x, -y, x, 0], kk = Times3(k, k);
        var r = new double[9];
        for (int i = 0; i < 9; i++) r[i] = (i % 4 == 0 ? 1 : 0) + (a * k[i]) + (b * kk[i]);
        return r;
    }

    /// <summary>The rotation nearest to a matrix: R (R'R)^-1/2, its handedness kept right.</summary>
    public static double[] NearestRotation(double[] m)
    {
        var square = new double[9];
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 3; j++)
                square[(3 * i) + j] = (m[i] * m[j]) + (m[3 + i] * m[3 + j]) + (m[6 + i] * m[6 + j]);
        }

        var (values, vectors) = Eigen(square, 3);
        var root = new double[9];
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 3; j++)
            {
                for (int k = 0; k < 3; k++)
                {
                    double scale = Math.Sqrt(Math.Max(1e-18, values[k]));
                    root[(3 * i) + j] += vectors[(3 * i) + k] * vectors[(3 * j) + k] / scale;
                }
            }
        }

        return Times3(m, root);
    }

    static double[]? Factor(double[] a, int n)
    {
        var l = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = a[(i * n) + j];
                for (int k = 0; k < j; k++) sum -= l[(i * n) + k] * l[(j * n) + k];
                if (i != j) l[(i * n) + j] = sum / l[(j * n) + j];
                else if (sum > 1e-14 * Math.Abs(a[(i * n) + i]) && double.IsFinite(sum))
                    l[(i * n) + i] = Math.Sqrt(sum);
                else return null;
            }
        }

        return l;
    }

    static void Rotate(double[] a, double[] v, int n, int p, int q)
    {
        double apq = a[(p * n) + q];
        if (Math.Abs(apq) < 1e-300) return;
        double theta = (a[(q * n) + q] - a[(p * n) + p]) / (2 * apq);
        double t = Math.Sign(theta) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        if (theta == 0) t = 1;
        double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
        for (int k = 0; k < n; k++)
        {
            double akp = a[(k * n) + p], akq = a[(k * n) + q];
            a[(k * n) + p] = (c * akp) - (s * akq);
            a[(k * n) + q] = (s * akp) + (c * akq);
        }

        for (int k = 0; k < n; k++)
        {
            double apk = a[(p * n) + k], aqk = a[(q * n) + k];
            a[(p * n) + k] = (c * apk) - (s * aqk);
            a[(q * n) + k] = (s * apk) + (c * aqk);
            double vkp = v[(k * n) + p], vkq = v[(k * n) + q];
            v[(k * n) + p] = (c * vkp) - (s * vkq);
            v[(k * n) + q] = (s * vkp) + (c * vkq);
        }
    }
}
