using System.Numerics;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>All ranges of one pair as one.</summary>
readonly record struct SurveyPair(int From, int To, int Count, double RangeM, double SigmaM);

/// <summary>
/// The misfit of a set of places: coordinates anchor by anchor, then each anchor's bias where there is one.
/// </summary>
/// <param name="biasSigmaM">how large a bias may be; 0: there are none</param>
sealed class SurveyProblem(
    IReadOnlyList<SurveyPair> pairs, int anchors, int size, double[] heightsM, double biasSigmaM)
{
    // Residuals of this many sigmas count half.
    const double Scale = 2;

    readonly double?[] _held = new double?[anchors * size];
    readonly double[] _heldSigma = new double[anchors * size];

    public IReadOnlyList<SurveyPair> Pairs => pairs;

    public int Anchors => anchors;

    /// <summary>2 or 3 coordinates.</summary>
    public int Size => size;

    public bool HasBias => biasSigmaM > 0;

    public int Count => (anchors * size) + (HasBias ? anchors : 0);

    public int BiasAt(int anchor) => (anchors * size) + anchor;

    /// <summary>The height of an anchor whose height is known; 0 in 3-D.</summary>
    public double HeightM(int anchor) => size == 2 ? heightsM[anchor] : 0;

    /// <summary>Keeps a coordinate at a value, as well as somebody measured it.</summary>
    public void Hold(int anchor, int axis, double at, double sigmaM)
    {
        _held[(anchor * size) + axis] = at;
        _heldSigma[(anchor * size) + axis] = sigmaM;
    }

    public bool IsHeld(int anchor) => Enumerable.Range(0, size).All(axis => _held[(anchor * size) + axis] is not null);

    public Vector3 PlaceOf(double[] x, int anchor) => new(
        (float)x[anchor * size], (float)x[(anchor * size) + 1],
        (float)(size == 3 ? x[(anchor * size) + 2] : heightsM[anchor]));

    /// <summary>Range less what places and biases say, metres.</summary>
    public double ResidualM(in SurveyPair pair, double[] x) =>
        pair.RangeM - Distance(pair, x) - (HasBias ? x[BiasAt(pair.From)] + x[BiasAt(pair.To)] : 0);

    /// <summary>Steps down from a beginning; the misfit is in units of sigma^2.</summary>
    public (double[] At, double Cost) Refine(double[] from, int rounds)
    {
        double[] at = [.. from];
        double damping = 1e-2;
        var (normal, gradient, cost) = Build(at);
        for (int round = 0; round < rounds; round++)
        {
            double[] damped = [.. normal];
            // The plan may lie anywhere until it is held: a little of the unit matrix leaves it where it is.
            for (int i = 0; i < Count; i++) damped[(i * Count) + i] += (damping * normal[(i * Count) + i]) + 1e-6;
            double[] tried = [.. at];
            if (Dense.Solve(damped, gradient) is { } step) for (int i = 0; i < Count; i++) tried[i] += step[i];
            double there = Cost(tried);
            if (there < cost)
            {
                bool isDone = cost - there < 1e-10 * (1 + cost);
                (at, damping) = (tried, Math.Max(1e-9, damping / 5));
                (normal, gradient, cost) = Build(at);
                if (isDone) break;
            }
            else if ((damping *= 6) > 1e9) break;
        }

        return (at, cost);
    }

    /// <summary>Of all unknowns, m^2; null where the ranges leave some free.</summary>
    public double[]? Covariance(double[] at) => Dense.Inverse(Build(at).Normal, Count);

    double Distance(in SurveyPair pair, double[] x)
    {
        double sum = size == 2 ? Math.Pow(heightsM[pair.From] - heightsM[pair.To], 2) : 0;
        for (int axis = 0; axis < size; axis++)
            sum += Math.Pow(x[(pair.From * size) + axis] - x[(pair.To * size) + axis], 2);
        return Math.Max(1e-3, Math.Sqrt(sum));
    }

    double Cost(double[] x)
    {
        double cost = 0;
        foreach (var pair in pairs) cost += LossOf(ResidualM(pair, x) / pair.SigmaM);
        for (int i = 0; i < Count; i++) cost += PriorOf(x, i) is var (off, _) ? off * off : 0;
        return cost;
    }

    (double[] Normal, double[] Gradient, double Cost) Build(double[] x)
    {
        var normal = new double[Count * Count];
        var gradient = new double[Count];
        var slope = new double[Count];
        foreach (var pair in pairs)
        {
            Array.Clear(slope);
            double distance = Distance(pair, x), z = ResidualM(pair, x) / pair.SigmaM;
            for (int axis = 0; axis < size; axis++)
            {
                int a = (pair.From * size) + axis, b = (pair.To * size) + axis;
                slope[a] = (x[a] - x[b]) / distance / pair.SigmaM;
                slope[b] = -slope[a];
            }

            if (HasBias) slope[BiasAt(pair.From)] = slope[BiasAt(pair.To)] = 1 / pair.SigmaM;
            double weight = 1 / (1 + (z * z / (Scale * Scale)));
            for (int i = 0; i < Count; i++)
            {
                if (slope[i] == 0) continue;
                gradient[i] += weight * slope[i] * z;
                for (int j = 0; j < Count; j++) normal[(i * Count) + j] += weight * slope[i] * slope[j];
            }
        }

        for (int i = 0; i < Count; i++)
        {
            if (PriorOf(x, i) is not var (off, sigma)) continue;
            normal[(i * Count) + i] += 1 / (sigma * sigma);
            gradient[i] -= off / sigma;
        }

        return (normal, gradient, Cost(x));
    }

    // How far an unknown is from where it is held, in sigmas, and the sigma.
    (double Off, double SigmaM)? PriorOf(double[] x, int i)
    {
        if (i >= anchors * size) return (x[i] / biasSigmaM, biasSigmaM);
        return _held[i] is { } at ? ((x[i] - at) / _heldSigma[i], _heldSigma[i]) : null;
    }

    static double LossOf(double z) => Scale * Scale * Math.Log(1 + (z * z / (Scale * Scale)));
}
