namespace EdgeAppliance.Runtime.Localization;

/// <summary>Eigenvalues and vectors of a small symmetric matrix by Jacobi's rotations.</summary>
static class SymmetricEigen
{
    const int Sweeps = 30;

    /// <param name="matrix">n x n, row by row; left diagonal, with the eigenvalues on it</param>
    /// <param name="vectors">n x n: column i belongs to the i-th diagonal element</param>
    public static void Solve(Span<double> matrix, Span<double> vectors, int n)
    {
        vectors.Clear();
        for (int i = 0; i < n; i++) vectors[(i * n) + i] = 1;
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            double off = 0, on = 0;
            for (int row = 0; row < n; row++)
            {
                on += matrix[(row * n) + row] * matrix[(row * n) + row];
                for (int col = row + 1; col < n; col++) off += matrix[(row * n) + col] * matrix[(row * n) + col];
            }

            if (off <= 1e-30 * on || off == 0) return;
            for (int row = 0; row < n; row++)
            {
                for (int col = row + 1; col < n; col++) Rotate(matrix, vectors, n, row, col);
            }
        }
    }

    static void Rotate(Span<double> a, Span<double> vectors, int n, int p, int q)
    {
        double apq = a[(p * n) + q];
        if (apq == 0) return;
        double theta = (a[(q * n) + q] - a[(p * n) + p]) / (2 * apq);
        double t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
        for (int k = 0; k < n; k++)
        {
            double kp = a[(k * n) + p], kq = a[(k * n) + q];
            a[(k * n) + p] = (c * kp) - (s * kq);
            a[(k * n) + q] = (s * kp) + (c * kq);
        }

        for (int k = 0; k < n; k++)
        {
            double pk = a[(p * n) + k], qk = a[(q * n) + k];
            a[(p * n) + k] = (c * pk) - (s * qk);
            a[(q * n) + k] = (s * pk) + (c * qk);
            double kp = vectors[(k * n) + p], kq = vectors[(k * n) + q];
            vectors[(k * n) + p] = (c * kp) - (s * kq);
            vectors[(k * n) + q] = (s * kp) + (c * kq);
        }
    }
}
