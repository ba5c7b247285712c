using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for operators that are a fixed linear map along each axis by itself: Resize and Pad.</summary>
static class ResizeRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["Resize"] = OfResize,
        ["Pad"] = c => [c.If(0, () => OfPad(c)), null, c.If(2, () => OfFill(c))],
    };

    static Value?[] OfResize(GradientCase c)
    {
        var (from, to) = (c.X().Shape, c.Y().Shape);
        // ONNX Runtime copies where no size changes, whatever the scales say (2 x 1.3 is 2): so does the gradient.
        if (Movement.Same(from, to)) return [c.G];
        var map = ResizeMap.Of(c);
        if (map.Repeats() is { } times) return [OfRepeats(c, times)];
        var g = c.G;
        for (int axis = 0; axis < from.Count; axis++)
        {
            if (from[axis] == to[axis] && map.ScaleAt(axis) is null or 1) continue;
            long small = c.Known(from[axis], $"axis {axis}"), large = c.Known(to[axis], $"axis {axis}");
            g = Along(g, axis, map.Matrix(axis, small, large), small);
        }

        return [g];
    }

    /// <summary>Every element was repeated a whole number of times: the repeats are summed.</summary>
    static Value OfRepeats(GradientCase c, long[] times)
    {
        var shape = c.X().Shape;
        // A convolution of each channel by itself with ones does the same sum in the layout its neighbours are in.
        if (shape.Count == 4 && times[0] == 1 && times[1] == 1 && shape[1].Known is { } channels
            && c.G.Type == ElementType.Float)
        {
            return c.Graph.Op("Conv", [c.G, c.Graph.Filled(1, [channels, 1, .. times[2..]])],
                OnnxAttribute.Of("group", channels), OnnxAttribute.Of("kernel_shape", times[2..]),
                OnnxAttribute.Of("strides", times[2..]));
        }

        List<Dim> split = [];
        List<long> repeats = [];
        for (int i = 0; i < shape.Count; i++)
        {
            split.Add(shape[i]);
            if (times[i] == 1) continue;
            repeats.Add(split.Count);
            split.Add(times[i]);
        }

        return c.G.ReshapeTo(split).Sum([.. repeats]);
    }

    /// <summary>What goes to none of the input's elements goes to the number they were surrounded with.</summary>
    static Value OfFill(GradientCase c) => c.G.Sum() - OfPad(c).Sum();

    static Value OfPad(GradientCase c)
    {
        var pads = c.ConstantLongs(1);
        string mode = c.Node.Text("mode", "constant");
        int rank = c.X().Rank;
        var axes = c.Optional(3) is null ? [.. Enumerable.Range(0, rank).Select(i => (long)i)] : c.ConstantLongs(3);
        long[] back = new long[2 * rank];
        var g = c.G;
        for (int i = 0; i < axes.Count; i++)
        {
            int axis = Shapes.Sizes.Axis(axes[i], rank);
            (long before, long after) = (pads[i], pads[axes.Count + i]);
            if (before == 0 && after == 0) continue;
            if (mode == "constant")
            {
                (back[axis], back[rank + axis]) = (-before, -after);
                continue;
            }

            long size = c.Known(c.X().Shape[axis], $"axis {axis}");
            float[] matrix = new float[(size + before + after) * size];
            for (long at = 0; at < size + before + after; at++) matrix[at * size + Source(c, at - before, size,
                mode)]++;
            g = Along(g, axis, matrix, size);
        }

        return g.Pad(back);
    }

    /// <summary>Where an element of the padding was copied from.</summary>
    static long Source(GradientCase c, long at, long size, string mode)
    {
        switch (mode)
        {
            case "edge": return Math.Clamp(at, 0, size - 1);
            case "wrap": return (at % size + size) % size;
            case "reflect":
                if (size == 1) return 0;
                long period = 2 * (size - 1), within = (at % period + period) % period;
                return within < size ? within : period - within;
            default: throw c.Fault($"mode '{mode}' is not known");
        }
    }

    /// <summary>The transposed map along one axis.</summary>
    /// <param name="matrix">large x small, row-major: how each element was made</param>
    static Value Along(Value g, int axis, float[] matrix, long small)
    {
        long large = matrix.Length / small;
        if (axis == g.Rank - 1) return g.MatMul(g.Graph.Floats(matrix, large, small).Cast(g.Type));
        float[] turned = new float[matrix.Length];
        for (int i = 0; i < large; i++)
        {
            for (int j = 0; j < small; j++) turned[j * large + i] = matrix[i * small + j];
        }

        var transposed = g.Graph.Floats(turned, small, large).Cast(g.Type);
        if (axis == g.Rank - 2) return transposed.MatMul(g);
        // The axis becomes the last but one for a moment.
        long[] order = [.. Enumerable.Range(0, g.Rank).Select(i => (long)i)];
        (order[axis], order[^2]) = (order[^2], order[axis]);
        return transposed.MatMul(g.Transpose(order)).Transpose(order);
    }
}
