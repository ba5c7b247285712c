using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Losses;

/// <summary>Losses of classifiers. Reductions and weights mean what they mean in PyTorch.</summary>
public static class CrossEntropies
{
    /// <summary>
    /// -t log s(z) - (1 - t) log(1 - s(z)), s the sigmoid, for each logit; written so that neither a large logit nor a
    /// nearly right one loses digits.
    /// </summary>
    /// <param name="targets">0 to 1, in the logits' shape</param>
    /// <param name="weights">of each element, broadcast; the mean still divides by the number of elements</param>
    public static Value BinaryCrossEntropyOfLogits(
        this Value logits, Value targets, Value? weights = null, Reduction reduction = Reduction.Mean)
    {
        // Max and not Relu: at 0 its gradient is a half, and so the sum of gradients is s(0) - t as it should be.
        var each = logits.Max(0) - logits * targets + (-logits.Abs()).Softplus();
        return (weights is null ? each : each * weights).By(reduction);
    }

    /// <summary>The same of probabilities; a logarithm is never below -100, as in PyTorch.</summary>
    public static Value BinaryCrossEntropy(
        this Value probabilities, Value targets, Value? weights = null, Reduction reduction = Reduction.Mean)
    {
        // Smallest normal number: its logarithm is -87.3, and a gradient stays finite.
        const float least = 1.17549435e-38f;
        var yes = probabilities.Max(least).Log().Max(-100);
        var no = (1 - probabilities).Max(least).Log().Max(-100);
        var each = -(targets * yes + (1 - targets) * no);
        return (weights is null ? each : each * weights).By(reduction);
    }

    /// <summary>
    /// -sum over classes of w t log softmax(z). The mean is over what is not ignored, weighted by the target's class;
    /// with targets that are distributions it is the plain mean.
    /// </summary>
    /// <param name="targets">integers, in the logits' shape without the class axis; or floats in the logits'
    /// shape</param>
    /// <param name="axis">along which the classes lie</param>
    /// <param name="weights">one for each class; null: all 1</param>
    /// <param name="ignored">integer targets of this number do not count</param>
    /// <param name="smoothing">this share of every target is spread over all classes</param>
    public static Value CategoricalCrossEntropy(
        this Value logits, Value targets, int axis = 1, IReadOnlyList<float>? weights = null, long? ignored = null,
        float smoothing = 0, Reduction reduction = Reduction.Mean)
    {
        var graph = logits.Graph;
        axis = Sizes.Axis(axis, logits.Rank);
        long[] along = Along(logits, axis);
        var w = weights is null ? null : graph.Floats([.. weights], along);
        bool isSoft = targets.Type.IsReal();
        var kinds = isSoft ? targets : OneHot(targets, graph, axis, along, logits);
        var smooth = smoothing == 0 ? kinds : kinds * (1 - smoothing) + smoothing / along[axis];
        var log = logits.LogSoftmax(axis);
        var each = -((w is null ? log : log * w) * smooth).Sum([axis]);
        if (isSoft) return each.By(reduction);

        var counts = ignored is { } number ? 1 - targets.SameAs(graph.Longs(number)).As(logits) : null;
        if (counts is not null) each *= counts;
        // What the mean divides by: 1 for what counts, or its class's weight where classes have one.
        var share = w is null ? counts : counts is null ? (kinds * w).Sum([axis]) : (kinds * w).Sum([axis]) * counts;
        bool isShared = reduction == Reduction.Mean && share is not null;
        return isShared ? each.Sum() / share!.Sum().Max(1e-12f) : each.By(reduction);
    }

    /// <summary>A shape in which only the classes have room.</summary>
    static long[] Along(Value logits, int axis)
    {
        long classes = logits.Shape[axis].Known
            ?? throw new NotSupportedException($"'{logits.Name}': the number of classes is open");
        return [.. Enumerable.Range(0, logits.Rank).Select(i => i == axis ? classes : 1)];
    }

    static Value OneHot(Value targets, GraphBuilder graph, int axis, long[] along, Value like) =>
        targets.Unsqueeze(axis).SameAs(graph.Constant(OnnxTensor.Of(graph.Prefix + "classes",
            [.. Enumerable.Range(0, (int)along[axis]).Select(i => (long)i)], along))).As(like);

    /// <summary>
    /// Focal loss of logits (Lin et al. 2017): the binary cross-entropy times a (1 - p)^gamma, p the probability given
    /// to the truth, a alpha for what is there and 1 - alpha for what is not.
    /// </summary>
    /// <param name="alpha">null: no balance</param>
    public static Value Focal(
        this Value logits, Value targets, float gamma = 2, float? alpha = 0.25f, Reduction reduction = Reduction.Mean)
    {
        var p = logits.Sigmoid();
        // 1 - p of the truth: p where the target is 0, 1 - p where it is 1.
        var wrong = p + targets - p * targets * 2;
        var each = logits.BinaryCrossEntropyOfLogits(targets, reduction: Reduction.Each) * wrong.Pow(gamma);
        if (alpha is { } a) each *= targets * (2 * a - 1) + (1 - a);
        return each.By(reduction);
    }
}
