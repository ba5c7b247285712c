using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for pools. Shapes N x C x spatial axes.</summary>
static class PoolRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["MaxPool"] = c => [OfMax(c)],
        ["AveragePool"] = c => [OfAverage(c)],
        ["GlobalAveragePool"] = c => [(c.G / Area(c)).ExpandLike(c.X())],
        ["GlobalMaxPool"] = c => [OfGlobalMax(c)],
    };

    static Value Area(GradientCase c)
    {
        var sizes = c.X().Shape.Skip(2).ToArray();
        if (sizes.All(d => d.Known is not null)) return c.G.Alike(sizes.Aggregate(1L, (a, d) => a * d.Known!.Value));
        return Enumerable.Range(2, sizes.Length).Select(i => c.X().SizeAt(i)).Aggregate((a, b) => a * b)
            .Reshape([]).Cast(c.G.Type);
    }

    static Value OfGlobalMax(GradientCase c)
    {
        long[] axes = [.. Enumerable.Range(2, c.X().Rank - 2).Select(i => (long)i)];
        var isIt = c.X().SameAs(c.Y()).As(c.G);
        return isIt * (c.G / isIt.Sum(axes, keep: true));
    }

    /// <summary>
    /// Every output goes back to where its largest element was; those who tie share. A window is taken as one along
    /// each
    /// axis in turn of what the one before found, and each is looked at place by place. The pool's own indices would
    /// do,
    /// but ONNX Runtime needs 5 ns a look for them and 11 ns to scatter an element (measured): three times as long.
    /// </summary>
    static Value OfMax(GradientCase c)
    {
        var x = c.X();
        if (x.Shape.Skip(2).Any(d => d.Known is null)) return OfMaxByIndex(c);
        var window = Sizes.WindowOf(c.Node, c.Node.Ints("kernel_shape")!, [.. x.Shape.Skip(2)]);
        long[] outputs = [.. c.Y().Shape.Skip(2).Select(d => c.Known(d, "its output"))];
        var lines = new List<MaxLine>();
        for (int axis = 0; axis < window.Axes; axis++)
        {
            if (window.Kernel[axis] == 1 && window.Strides[axis] == 1) continue;
            lines.Add(new MaxLine(x, axis, window, outputs[axis]));
            x = lines[^1].Largest;
        }

        var g = c.G;
        for (int i = lines.Count - 1; i >= 0; i--) g = lines[i].Back(g);
        return g;
    }

    /// <summary>
    /// By the indices the pool itself can tell, flat over N x C x spatial: open sizes do not matter to them.
    /// </summary>
    static Value OfMaxByIndex(GradientCase c)
    {
        if (c.Node.Int("storage_order", 0) != 0) throw c.Fault("its indices run column by column");
        var at = c.Graph.ExtraOutput(c.Node, 1).Reshape(-1);
        var flat = c.Graph.Op("ScatterElements", [c.X().Reshape(-1).ZerosLike(), at, c.G.Reshape(-1)],
            OnnxAttribute.Of("axis", 0), OnnxAttribute.Of("reduction", "add"));
        return flat.ReshapeLike(c.X());
    }

    /// <summary>
    /// A convolution of each channel by itself with equal weights, backwards; windows that reach into the padding
    /// divide by
    /// fewer elements unless the pool counts the padding.
    /// </summary>
    static Value OfAverage(GradientCase c)
    {
        var spatial = c.X().Shape.Skip(2).ToArray();
        var window = Sizes.WindowOf(c.Node, c.Node.Ints("kernel_shape")!, spatial);
        long channels = c.Known(c.X().Shape[1], "the number of channels");
        bool isCeil = c.Node.Int("ceil_mode", 0) != 0;
        bool countsPadding = c.Node.Int("count_include_pad", 0) != 0 && !isCeil;
        long area = window.Kernel.Aggregate(1L, (a, b) => a * b);
        bool isEven = countsPadding || window.Pads.All(p => p == 0) && !isCeil;
        var g = isEven ? c.G : c.G / Counts(c, spatial, window);
        var weights = c.Graph.Filled(isEven ? 1f / area : 1, [channels, 1, .. window.Kernel]);
        return ConvolutionRules.InputGradient(c, c.X(), g, weights, window, channels);
    }

    /// <summary>How many elements each window averages, 1 x 1 x spatial.</summary>
    static Value Counts(GradientCase c, Dim[] spatial, Sizes.Window window)
    {
        bool countsPadding = c.Node.Int("count_include_pad", 0) != 0;
        var sizes = c.Y().Shape.Skip(2).Select((d, i) => c.Known(d, $"axis {i + 2}")).ToArray();
        float[] counts = [.. Enumerable.Repeat(1f, (int)sizes.Aggregate(1L, (a, b) => a * b))];
        for (int axis = 0, inner = counts.Length; axis < sizes.Length; axis++)
        {
            inner /= (int)sizes[axis];
            long size = c.Known(spatial[axis], $"axis {axis + 2}");
            for (int i = 0; i < counts.Length; i++)
            {
                long from = i / inner % sizes[axis] * window.Strides[axis] - window.Pads[axis];
                counts[i] *= Enumerable.Range(0, (int)window.Kernel[axis])
                    .Select(k => from + k * window.Dilations[axis])
                    .Count(at => countsPadding ? at < size + window.Pads[window.Axes + axis] : at >= 0 && at < size);
            }
        }

        return c.Graph.Floats(counts, [1, 1, .. sizes]);
    }
}
