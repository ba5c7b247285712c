using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Losses;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>
/// Every loss against a plain one in double: its value, and its gradient against central differences.
/// </summary>
public sealed class LossTests
{
    readonly Random _random = new(7);

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    static double Entropy(double z, double t) => -t * Math.Log(Sigmoid(z)) - (1 - t) * Math.Log(1 - Sigmoid(z));

    Numbers Random(double low, double high, params long[] dims) => Numbers.Random(_random, low, high, dims);

    [Fact]
    public void Utility_is_the_sum_of_sigmoids_of_score_margins()
    {
        var scores = Random(0, 1, 2, 5, 4);
        LossCheck.Same(x => x[0].Utility(0.6f, 20), x => x[0].Values.Sum(s => Sigmoid(20 * (s - 0.6f))), [scores]);
        LossCheck.Same(x => x[0].Utility(0.5f, 20, [1, 3]),
            x => x[0].Values.Where((_, i) => i % 4 is 1 or 3).Sum(s => Sigmoid(20 * (s - 0.5))), [scores]);
    }

    [Fact]
    public void Sum_of_scores_takes_those_above_the_threshold()
    {
        LossCheck.Same(x => x[0].SumOfScores(0.4f), x => x[0].Values.Where(s => s > 0.4f).Sum(), [Random(0, 1, 3, 6)]);
        LossCheck.Same(x => x[0].SumOfScores(0.4f, [5]),
            x => x[0].Values.Where((s, i) => i % 6 == 5 && s > 0.4f).Sum(), [Random(0, 1, 3, 6)]);
    }

    [Fact]
    public void Binary_cross_entropy_of_logits_keeps_its_digits_at_both_ends()
    {
        var z = Random(-6, 6, 4, 5);
        z.Values[0] = 0;
        z.Values[1] = 15;
        z.Values[2] = -15;
        LossCheck.Same(x => x[0].BinaryCrossEntropyOfLogits(x[1]),
            x => x[0].Values.Zip(x[1].Values, Entropy).Average(), [z, Random(0, 1, 4, 5)]);
        LossCheck.Same(x => x[0].BinaryCrossEntropyOfLogits(x[1], x[2], Reduction.Sum),
            x => x[0].Values.Select((v, i) => Entropy(v, x[1].Values[i]) * x[2].Values[i]).Sum(),
            [z, Random(0, 1, 4, 5), Random(0, 3, 4, 5)]);
        // A right logit of 12: 6e-6, which a sum of large terms would lose.
        LossCheck.Same(x => x[0].BinaryCrossEntropyOfLogits(x[1]),
            x => Math.Log(1 + Math.Exp(-12)), [new([12], [1]), new([1], [1])], learned: 0, tolerance: 1e-4);
    }

    [Fact]
    public void Binary_cross_entropy_of_probabilities_is_finite_at_0_and_1()
    {
        static double Of(double p, double t) => -t * Math.Log(p) - (1 - t) * Math.Log(1 - p);
        LossCheck.Same(x => x[0].BinaryCrossEntropy(x[1]), x => x[0].Values.Zip(x[1].Values, Of).Average(),
            [Random(0.02, 0.98, 3, 4), Random(0, 1, 3, 4)]);
        var graph = new GraphBuilder();
        graph.Output("loss", graph.Input("x0", ElementType.Float, 4).BinaryCrossEntropy(
            graph.Floats([1, 0, 1, 0], 4), reduction: Reduction.Each));
        float[] ends = LossCheck.Run(graph.Model, [("x0", new([0, 1, 1, 0], [4]))])[0];
        Assert.All(ends, e => Assert.True(float.IsFinite(e)));
        Assert.True(ends[0] > 80 && ends[1] > 80);
        Assert.Equal([0f, 0], ends[2..]);
    }

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 0)]
    [InlineData(false, true, 0.1f)]
    [InlineData(true, true, 0.2f)]
    public void Categorical_cross_entropy_of_integer_targets(bool weighted, bool ignores, float smoothing)
    {
        float[]? weights = weighted ? [1, 0.5f, 2, 3] : null;
        long[] targets = [0, 3, ignores ? -100 : 1, 2, 1, 1];
        double Plain(Numbers[] x)
        {
            double sum = 0, share = 0;
            for (int row = 0; row < 6; row++)
            {
                if (targets[row] == -100) continue;
                double[] z = x[0].Values[(row * 4)..(row * 4 + 4)];
                double log = Math.Log(z.Sum(Math.Exp));
                for (int c = 0; c < 4; c++)
                {
                    double q = (c == targets[row] ? 1 - smoothing : 0) + smoothing / 4;
                    sum -= q * (weights?[c] ?? 1) * (z[c] - log);
                }

                share += weights?[(int)targets[row]] ?? 1;
            }

            return sum / share;
        }

        LossCheck.Same(x => x[0].CategoricalCrossEntropy(
            x[0].Graph.Longs(targets), 1, weights, ignores ? -100 : null, smoothing), Plain, [Random(-3, 3, 6, 4)]);
    }

    [Fact]
    public void Categorical_cross_entropy_of_distributions_along_any_axis()
    {
        // Rows x classes x places.
        static double Plain(Numbers[] x)
        {
            double sum = 0;
            for (int row = 0; row < 2; row++)
            {
                for (int at = 0; at < 3; at++)
                {
                    double log = Math.Log(Enumerable.Range(0, 4).Sum(c => Math.Exp(x[0][row, c, at])));
                    for (int c = 0; c < 4; c++) sum -= x[1][row, c, at] * (x[0][row, c, at] - log);
                }
            }

            return sum / 6;
        }

        LossCheck.Same(x => x[0].CategoricalCrossEntropy(x[1]), Plain,
            [Random(-3, 3, 2, 4, 3), Random(0, 1, 2, 4, 3)], 2);
    }

    [Fact]
    public void Focal_loss_weighs_what_is_hard()
    {
        static double Of(double z, double t, double gamma, double? alpha)
        {
            double p = Sigmoid(z), right = p * t + (1 - p) * (1 - t);
            double a = alpha is { } balance ? balance * t + (1 - balance) * (1 - t) : 1;
            return a * Math.Pow(1 - right, gamma) * Entropy(z, t);
        }

        var targets = new Numbers([1, 0, 0, 1, 0, 1], [6]);
        LossCheck.Same(x => x[0].Focal(x[1]), x => x[0].Values.Zip(x[1].Values, (z, t) => Of(z, t, 2, 0.25)).Average(),
            [Random(-4, 4, 6), targets]);
        LossCheck.Same(x => x[0].Focal(x[1], 1.5f, null, Reduction.Sum),
            x => x[0].Values.Zip(x[1].Values, (z, t) => Of(z, t, 1.5, null)).Sum(), [Random(-4, 4, 6), targets]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.3f)]
    [InlineData(0)]
    public void Smooth_L1_is_round_at_the_bottom(float beta)
    {
        double Of(double a, double b)
        {
            double d = Math.Abs(a - b);
            return d < beta ? d * d / (2 * beta) : d - beta / 2;
        }

        LossCheck.Same(x => x[0].SmoothL1(x[1], beta), x => x[0].Values.Zip(x[1].Values, Of).Average(),
            [Random(-2, 2, 5, 4), Random(-2, 2, 5, 4)], 2);
    }

    [Fact]
    public void Boxes_overlap_by_the_area_they_share()
    {
        var a = Random(0, 5, 6, 4);
        var b = Random(0, 5, 6, 4);
        foreach (var boxes in new[] { a, b })
        {
            for (int i = 0; i < 24; i++)
                if (i % 4 >= 2) boxes.Values[i] += boxes.Values[i - 2] * 0.5 + 1;
        }

        // One pair apart from each other: only the generalised measure tells how far.
        (a.Values[0], a.Values[2], b.Values[0], b.Values[2]) = (0, 1.25, 3, 4.5);
        LossCheck.Same(x => (1 - x[0].Iou(x[1])).Sum(), x => Pairs(x, false), [a, b], 2);
        LossCheck.Same(x => (1 - x[0].Giou(x[1])).Sum(), x => Pairs(x, true), [a, b], 2);
    }

    static double Pairs(Numbers[] x, bool generalised) => Enumerable.Range(0, x[0].Rows).Sum(i =>
    {
        double[] p = x[0].Values[(i * 4)..(i * 4 + 4)], q = x[1].Values[(i * 4)..(i * 4 + 4)];
        double shared = Math.Max(0, Math.Min(p[2], q[2]) - Math.Max(p[0], q[0]))
            * Math.Max(0, Math.Min(p[3], q[3]) - Math.Max(p[1], q[1]));
        double union = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared;
        double hull = (Math.Max(p[2], q[2]) - Math.Min(p[0], q[0])) * (Math.Max(p[3], q[3]) - Math.Min(p[1], q[1]));
        return 1 - shared / union + (generalised ? (hull - union) / hull : 0);
    });

    [Fact]
    public void Boxes_of_no_area_have_no_overlap_and_no_NaN()
    {
        var graph = new GraphBuilder();
        var (a, b) = (graph.Input("x0", ElementType.Float, 1, 4), graph.Input("x1", ElementType.Float, 1, 4));
        graph.Output("iou", a.Iou(b));
        graph.Output("giou", a.Giou(b));
        var point = new Numbers([3, 3, 3, 3], [1, 4]);
        float[][] found = LossCheck.Run(graph.Model, [("x0", point), ("x1", point)]);
        Assert.Equal(0, found[0][0]);
        Assert.True(float.IsFinite(found[1][0]));
    }

    [Fact]
    public void Kullback_Leibler_divergence_of_two_answers()
    {
        static double[] Log(Numbers z, int row, double t)
        {
            double[] scaled = [.. Enumerable.Range(0, z.Columns).Select(c => z[row, c] / t)];
            double log = Math.Log(scaled.Sum(Math.Exp));
            return [.. scaled.Select(s => s - log)];
        }

        static double Plain(Numbers[] x, double t) => Enumerable.Range(0, x[0].Rows).Average(row =>
            t * t * Log(x[1], row, t).Zip(Log(x[0], row, t), (p, q) => Math.Exp(p) * (p - q)).Sum());

        LossCheck.Same(x => x[0].KullbackLeibler(x[1]), x => Plain(x, 1),
            [Random(-2, 2, 3, 5), Random(-2, 2, 3, 5)], 2);
        LossCheck.Same(x => x[0].KullbackLeibler(x[1], 4), x => Plain(x, 4),
            [Random(-2, 2, 3, 5), Random(-2, 2, 3, 5)], 2);
    }

    [Fact]
    public void Distances_of_features()
    {
        Numbers[] both = [Random(-2, 2, 3, 2, 4), Random(-2, 2, 3, 2, 4)];
        static double Square(Numbers[] x, int row) => Enumerable.Range(row * 8, 8)
            .Sum(i => (x[0].Values[i] - x[1].Values[i]) * (x[0].Values[i] - x[1].Values[i]));
        LossCheck.Same(x => x[0].SquaredError(x[1]),
            x => Enumerable.Range(0, 3).Sum(row => Square(x, row)) / 24, both, 2);
        LossCheck.Same(x => x[0].EmbeddingDistance(x[1]),
            x => Enumerable.Range(0, 3).Average(row => Math.Sqrt(Square(x, row))), both, 2);
        LossCheck.Same(x => x[0].FeatureDistance(x[1]), x => Enumerable.Range(0, 3).Average(row =>
            Square(x, row) / Enumerable.Range(row * 8, 8).Sum(i => x[1].Values[i] * x[1].Values[i])), both);
    }
}
