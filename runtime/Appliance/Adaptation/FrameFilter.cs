using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Which frames of a segment are worth looking at (OneAdapt, section "frame filter"): each difference in units of its
/// spread over the segment must exceed its bias.
/// </summary>
static class FrameFilter
{
    /// <summary>The biases tried: hard, middling and lenient.</summary>
    static readonly double[] Biases = [3, 0, -3];

    /// <param name="between">by frame and earlier frame: how they differ; the upper half is not read</param>
    /// <param name="bias">by feature, in standard deviations</param>
    /// <returns>numbers of the frames kept: the first, then each that differs from the last one kept</returns>
    public static ImmutableArray<int> Kept(Difference[,] between, ReadOnlySpan<double> bias)
    {
        int frames = between.GetLength(0);
        var (mean, deviation) = Spread(between);
        var kept = ImmutableArray.CreateBuilder<int>(frames);
        kept.Add(0);
        for (int frame = 1; frame < frames; frame++)
        {
            bool isNew = true;
            for (int f = 0; f < bias.Length; f++)
                isNew &= (between[frame, kept[^1]][f] - mean[f]) / deviation[f] > bias[f];
            if (isNew) kept.Add(frame);
        }

        return kept.ToImmutable();
    }

    /// <summary>
    /// The frames with the least log10(1e7 x what is lost) + price x frames, over all biases: the published form.
    /// </summary>
    /// <param name="lost">what reusing the frames kept loses, the mean over the segment of slope x difference</param>
    /// <param name="price">0.01 to 1 in the authors' runs</param>
    public static ImmutableArray<int> Choose(
        Difference[,] between, int features, Func<ImmutableArray<int>, double> lost, double price)
    {
        ImmutableArray<int> best = [];
        double least = double.PositiveInfinity;
        double[] bias = new double[features];
        int tries = (int)Math.Pow(Biases.Length, features);
        for (int number = 0; number < tries; number++)
        {
            for (int f = 0, rest = number; f < features; f++, rest /= Biases.Length)
                bias[f] = Biases[rest % Biases.Length];
            var kept = Kept(between, bias);
            double cost = Math.Log10(1e7 * lost(kept) + 1e-15) + price * kept.Length;
            if (cost < least) (best, least) = (kept, cost);
        }

        return best;
    }

    static (double[] Mean, double[] Deviation) Spread(Difference[,] between)
    {
        int frames = between.GetLength(0), pairs = Math.Max(1, frames * (frames - 1) / 2);
        double[] sum = new double[3], squares = new double[3];
        for (int i = 1; i < frames; i++)
        {
            for (int j = 0; j < i; j++)
            {
                for (int f = 0; f < 3; f++)
                {
                    sum[f] += between[i, j][f];
                    squares[f] += between[i, j][f] * between[i, j][f];
                }
            }
        }

        double[] mean = [.. sum.Select(s => s / pairs)];
        // A segment in which nothing differs has no spread: then no frame but the first is worth anything.
        const double Least = 1e-12;
        double Variance(double square, int f) => Math.Max(0, square / pairs - mean[f] * mean[f]);
        return (mean, [.. squares.Select((s, f) => Math.Max(Least, Math.Sqrt(Variance(s, f))))]);
    }
}
