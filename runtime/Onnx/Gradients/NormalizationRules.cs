using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for operators that bring numbers to a common mean and deviation.</summary>
static class NormalizationRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["BatchNormalization"] = OfBatch,
        ["LayerNormalization"] = OfLayer,
        ["InstanceNormalization"] = OfInstance,
    };

    /// <summary>With the running mean and variance, as in inference: they are numbers like any others.</summary>
    static Value?[] OfBatch(GradientCase c)
    {
        if (c.Node.Int("training_mode", 0) != 0)
            throw c.Fault("it is in training mode: a training step writes it out in operators that have rows");
        if (c.Node.Name.StartsWith(GraphBuilder.OwnBatchPrefix, StringComparison.Ordinal)) return OfOwnBatch(c);
        var x = c.X();
        long[] others = [.. Enumerable.Range(0, x.Rank).Where(i => i != 1).Select(i => (long)i)];
        Value Wide(Value channel) => channel.Reshape([1, -1, .. Enumerable.Repeat(1L, x.Rank - 2)]);
        var scale = c.X(1) / (c.X(4) + c.Node.Float("epsilon", 1e-5f)).Sqrt();
        if (c.Needs(3) || c.Needs(4)) throw c.Fault("the gradient of its mean and variance is not made");
        return
        [
            c.If(0, () => c.G * Wide(scale)),
            c.If(1, () => (c.G * (x - Wide(c.X(3)))).Sum(others)
                / (c.X(4) + c.Node.Float("epsilon", 1e-5f)).Sqrt()),
            c.If(2, () => c.G.Sum(others)),
            null,
            null,
        ];
    }

    /// <summary>
    /// With mean and variance of the batch itself, all at once (Ioffe and Szegedy 2015, section 3): step by step the
    /// same
    /// takes twice as many passes over tensors that no cache holds.
    /// </summary>
    static Value?[] OfOwnBatch(GradientCase c)
    {
        var batch = new OwnBatch(c.X(), c.X(3), c.X(4), c.Node.Float("epsilon", 1e-5f));
        var (along, sum) = (batch.SumOfProduct(c.G), batch.Sum(c.G));
        return
        [
            c.If(0, () => batch.Back(c.G, c.X(1), along, sum)),
            c.If(1, () => along * batch.Inverse),
            c.If(2, () => sum),
            null,
            null,
        ];
    }

    static Value?[] OfLayer(GradientCase c)
    {
        var x = c.X();
        int axis = Sizes.Axis(c.Node.Int("axis", -1), x.Rank);
        long[] axes = [.. Enumerable.Range(axis, x.Rank - axis).Select(i => (long)i)];
        var (mean, inverse) = (c.Graph.ExtraOutput(c.Node, 1), c.Graph.ExtraOutput(c.Node, 2));
        var hat = (x - mean) * inverse;
        return
        [
            c.If(0, () => Centred(c.G * c.X(1), hat, axes) * inverse),
            c.If(1, () => c.G * hat),
            c.If(2, () => c.G),
        ];
    }

    static Value?[] OfInstance(GradientCase c)
    {
        var x = c.X();
        long[] axes = [.. Enumerable.Range(2, x.Rank - 2).Select(i => (long)i)];
        Value Wide(Value channel) => channel.Reshape([1, -1, .. Enumerable.Repeat(1L, x.Rank - 2)]);
        var centred = x - x.Mean(axes, keep: true);
        var inverse = 1 / (centred.Square().Mean(axes, keep: true) + c.Node.Float("epsilon", 1e-5f)).Sqrt();
        var hat = centred * inverse;
        long[] others = [0, .. axes];
        return
        [
            c.If(0, () => Centred(c.G * Wide(c.X(1)), hat, axes) * inverse),
            c.If(1, () => (c.G * hat).Sum(others)),
            c.If(2, () => c.G.Sum(others)),
        ];
    }

    /// <summary>
    /// A gradient without its parts along the mean and along the normalised numbers, which normalising takes away
    /// (Ioffe and Szegedy 2015, section 3).
    /// </summary>
    public static Value Centred(Value g, Value hat, long[] axes) =>
        g - g.Mean(axes, keep: true) - hat * (g * hat).Mean(axes, keep: true);
}
