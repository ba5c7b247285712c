using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Losses;

/// <summary>How far two answers are from each other. Gradients flow into both: detach the one that is given.</summary>
public static class Distances
{
    /// <summary>The square of the difference, for each element.</summary>
    public static Value SquaredError(this Value a, Value b, Reduction reduction = Reduction.Mean) =>
        (a - b).Square().By(reduction);

    /// <summary>
    /// d^2 / (2 beta) where the difference d is below beta, |d| - beta / 2 where it is above; for each element.
    /// </summary>
    public static Value SmoothL1(this Value a, Value b, float beta = 1, Reduction reduction = Reduction.Mean)
    {
        var d = (a - b).Abs();
        if (beta == 0) return d.By(reduction);
        var bent = d.Min(beta);
        return (bent * (d - bent * 0.5f) * (1 / beta)).By(reduction);
    }

    /// <summary>
    /// T^2 sum p log(p / q), p and q the softmax of given and learned logits over T, for each row (Hinton et al. 2015:
    /// the square keeps the gradient's size when T changes).
    /// </summary>
    /// <param name="reduction">over rows</param>
    public static Value KullbackLeibler(
        this Value learned, Value given, float temperature = 1, int axis = -1, Reduction reduction = Reduction.Mean)
    {
        if (axis < 0) axis += learned.Rank;
        var q = (learned * (1 / temperature)).LogSoftmax(axis);
        var p = (given * (1 / temperature)).LogSoftmax(axis);
        return ((p.Exp() * (p - q)).Sum([axis]) * (temperature * temperature)).By(reduction);
    }

    /// <summary>
    /// |a - b|^2 / |b|^2 for each row of the first axis: a normalised squared error, the same for features of any
    /// scale. The norm of b is taken as given.
    /// </summary>
    /// <param name="reduction">over rows</param>
    public static Value FeatureDistance(this Value a, Value b, Reduction reduction = Reduction.Mean)
    {
        long[] rest = [.. Enumerable.Range(1, a.Rank - 1).Select(i => (long)i)];
        return ((a - b).Square().Sum(rest) / (b.Square().Sum(rest) + 1e-12f).Detach()).By(reduction);
    }

    /// <summary>|a - b| for each row of the first axis, as stability training takes it (Zheng et al. 2016).</summary>
    /// <param name="reduction">over rows</param>
    public static Value EmbeddingDistance(this Value a, Value b, Reduction reduction = Reduction.Mean)
    {
        long[] rest = [.. Enumerable.Range(1, a.Rank - 1).Select(i => (long)i)];
        // Two that are the same have no direction: a little under the root makes their gradient 0 instead of NaN.
        return ((a - b).Square().Sum(rest) + 1e-12f).Sqrt().By(reduction);
    }
}
