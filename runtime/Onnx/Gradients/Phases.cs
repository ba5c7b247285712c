using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// What a stride takes apart, put together: the elements at every s-th place of an axis are a phase, and s phases laid
/// between one another are the axis.
/// </summary>
static class Phases
{
    /// <summary>Lays parts of one shape between one another along an axis.</summary>
    public static Value Interleave(int axis, params Value[] parts)
    {
        if (parts.Length == 1) return parts[0];
        var shape = parts[0].Shape.ToArray();
        shape[axis] *= parts.Length;
        return parts[0].Graph.Concat(axis + 1, [.. parts.Select(p => p.Unsqueeze(axis + 1))]).ReshapeTo(shape);
    }

    /// <summary>
    /// Adds up what every place of a window gives back: element o of a part belongs at o x stride + start, counted from
    /// the padding before the axis.
    /// </summary>
    /// <param name="size">of the axis, without padding</param>
    public static Value Scatter(int axis, long size, long stride, long padding, (long Start, Value Part)[] parts)
    {
        long count = parts[0].Part.Shape[axis].Known!.Value;
        long length = Math.Max((size + padding + stride - 1) / stride, count + parts.Max(p => p.Start) / stride);
        var phases = new Value[stride];
        for (long r = 0; r < stride; r++)
        {
            var there = parts.Where(p => p.Start % stride == r)
                .Select(p => Placed(p.Part, axis, p.Start / stride, length)).ToArray();
            phases[r] = there.Length > 0 ? there.Aggregate((a, b) => a + b)
                : Placed(parts[0].Part, axis, 0, length).ZerosLike();
        }

        var whole = Interleave(axis, phases);
        return length * stride == size ? whole : whole.Slice(axis, padding, padding + size);
    }

    static Value Placed(Value part, int axis, long before, long length)
    {
        long[] pads = new long[2 * part.Rank];
        (pads[axis], pads[part.Rank + axis]) = (before, length - before - part.Shape[axis].Known!.Value);
        return part.Pad(pads);
    }

    /// <summary>
    /// The input gradient of a strided convolution of images, phase by phase: each is a convolution with stride 1 whose
    /// kernel is every s-th place of the turned one. No multiplication is with a zero that was put in, and none is
    /// scattered. Null where the window does not allow it.
    /// </summary>
    /// <param name="turned">C x M/group x kernel, each kernel turned round</param>
    public static Value? OfConvolution(Value x, Value g, Value turned, Sizes.Window window, Func<Value, Value,
        long[], Value> convolve)
    {
        if (window.Axes != 2 || window.Dilations.Any(d => d != 1)) return null;
        if (x.Shape.Concat(g.Shape).Skip(1).Any(d => d.Known is null && !d.Equals(x.Shape[0]))) return null;
        var rows = Plan(x, g, window, 0);
        var columns = Plan(x, g, window, 1);
        if (rows is null || columns is null) return null;
        var lines = rows.Select(row => Interleave(3, [.. columns.Select(column => convolve(g,
            Part(turned, row, column, window.Strides), [row.Before, column.Before, row.After,
                column.After]))])).ToArray();
        var whole = Interleave(2, lines);
        var (height, width) = (x.Shape[2].Known!.Value, x.Shape[3].Known!.Value);
        if (!whole.Shape[2].Is(height)) whole = whole.Slice(2, 0, height);
        return whole.Shape[3].Is(width) ? whole : whole.Slice(3, 0, width);
    }

    static Value Part(Value turned, Phase row, Phase column, long[] strides)
    {
        if (!turned.IsConstant)
        {
            long width = turned.Shape[3].Known!.Value;
            long[] down = [.. Enumerable.Range(0, (int)row.Taps).Select(i => row.First + i * strides[0])];
            long[] across = [.. Enumerable.Range(0, (int)column.Taps).Select(i => column.First + i * strides[1])];
            return ConvolutionRules.Picked(turned, [row.Taps, column.Taps],
                [.. down.SelectMany(y => across.Select(x => y * width + x))]);
        }

        var graph = turned.Graph;
        long End(Phase phase, long stride) => phase.First + (phase.Taps - 1) * stride + 1;
        return graph.Op("Slice", turned, graph.Longs(row.First, column.First),
            graph.Longs(End(row, strides[0]), End(column, strides[1])), graph.Longs(2, 3), graph.Longs(strides));
    }

    /// <summary>
    /// One phase of an axis: where its taps begin in the turned kernel, how many, and the padding it needs.
    /// </summary>
    sealed record Phase(long First, long Taps, long Before, long After);

    /// <summary>Null when a phase has no tap, or would have to begin after the gradient does.</summary>
    static Phase[]? Plan(Value x, Value g, Sizes.Window window, int axis)
    {
        long size = x.Shape[axis + 2].Known!.Value, have = g.Shape[axis + 2].Known!.Value;
        long stride = window.Strides[axis], kernel = window.Kernel[axis], pad = window.Pads[axis];
        long length = (size + stride - 1) / stride;
        var phases = new Phase[stride];
        for (long a = 0; a < stride; a++)
        {
            // Element Q s + a of the input stands at place P s + r of the padded one.
            long r = (a + pad) % stride, shift = (a + pad) / stride;
            long taps = (kernel - r + stride - 1) / stride;
            long before = taps - 1 - shift, after = length + taps - 1 - have - before;
            if (taps < 1 || before < 0 || after < 0) return null;
            phases[a] = new Phase(kernel - 1 - r - stride * (taps - 1), taps, before, after);
        }

        return phases;
    }
}
