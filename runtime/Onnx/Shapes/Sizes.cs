using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Shapes;

/// <summary>Arithmetic of shapes that several operators share. Null stands for a shape that is not known.</summary>
static class Sizes
{
    /// <summary>A negative axis counts from the end.</summary>
    public static int Axis(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);

    /// <summary>The shape two shapes have together, as numpy and ONNX broadcast them.</summary>
    public static Dim[]? Broadcast(IReadOnlyList<Dim>? a, IReadOnlyList<Dim>? b)
    {
        if (a is null || b is null) return null;
        var shape = new Dim[Math.Max(a.Count, b.Count)];
        for (int i = 1; i <= shape.Length; i++)
        {
            Dim x = i <= a.Count ? a[^i] : 1, y = i <= b.Count ? b[^i] : 1;
            shape[^i] = x.Is(1) ? y : y.Is(1) || x == y ? x : Together(x, y);
        }

        return shape;
    }

    /// <summary>
    /// A size with a name beside a number above 1 is that number in every run that works. Of two names either may turn
    /// out
    /// to be 1: what comes out is a size of its own.
    /// </summary>
    static Dim Together(Dim x, Dim y)
    {
        if (x.Known is not null) return x;
        if (y.Known is not null) return y;
        string a = x.ToString(), b = y.ToString();
        return Dim.Named(string.CompareOrdinal(a, b) < 0 ? $"max({a},{b})" : $"max({b},{a})");
    }

    /// <summary>A window's sizes along the spatial axes, defaults filled in.</summary>
    public sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Pads)
    {
        public int Axes => Kernel.Length;

        /// <summary>What a kernel spans with its holes.</summary>
        public long Span(int axis) => Dilations[axis] * (Kernel[axis] - 1) + 1;
    }

    /// <summary>Reads a window from Conv, ConvTranspose or a pool; auto_pad is worked out from the input.</summary>
    /// <param name="input">sizes of the spatial axes; needed only for auto_pad</param>
    public static Window WindowOf(OnnxNode node, IReadOnlyList<long> kernel, IReadOnlyList<Dim>? input)
    {
        int axes = kernel.Count;
        long[] strides = [.. node.Ints("strides") ?? Enumerable.Repeat(1L, axes)];
        long[] dilations = [.. node.Ints("dilations") ?? Enumerable.Repeat(1L, axes)];
        long[] pads = [.. node.Ints("pads") ?? Enumerable.Repeat(0L, 2 * axes)];
        string auto = node.Text("auto_pad", "NOTSET");
        var window = new Window([.. kernel], strides, dilations, pads);
        if (auto is not ("SAME_UPPER" or "SAME_LOWER")) return window;
        for (int i = 0; i < axes; i++)
        {
            if (input?[i].Known is not { } size)
            {
                // At stride 1 the sum does not depend on the size.
                if (strides[i] != 1) throw new NotSupportedException($"{node.Label}: {auto} with an open size");
                size = strides[i];
            }

            long outputs = (size + strides[i] - 1) / strides[i];
            long total = Math.Max(0, (outputs - 1) * strides[i] + window.Span(i) - size);
            long less = total / 2, more = total - less;
            (pads[i], pads[axes + i]) = auto == "SAME_UPPER" ? (less, more) : (more, less);
        }

        return window;
    }

    /// <summary>Sizes after a window has run over an input.</summary>
    public static Dim[] Slid(IReadOnlyList<Dim> spatial, Window window, bool ceil) =>
        [.. spatial.Select((size, i) =>
        {
            var room = size + window.Pads[i] + window.Pads[window.Axes + i] - window.Span(i);
            if (!ceil) return Dim.FloorDiv(room, window.Strides[i]) + 1;
            var count = Dim.CeilDiv(room, window.Strides[i]) + 1;
            // A last window that would begin in the padding after the input is left out.
            return count.Known is { } n && size.Known is { } s && (n - 1) * window.Strides[i] >= s + window.Pads[i]
                ? n - 1 : count;
        })];

    /// <summary>A shape with some axes taken out, or left with size 1.</summary>
    public static Dim[]? Reduced(IReadOnlyList<Dim>? shape, IReadOnlyList<long>? axes, bool keep)
    {
        if (shape is null) return null;
        if (axes is null) return keep ? [.. shape.Select(_ => Dim.Of(1))] : [];
        var gone = axes.Select(a => Axis(a, shape.Count)).ToHashSet();
        return keep ? [.. shape.Select((d, i) => gone.Contains(i) ? 1 : d)]
            : [.. shape.Where((_, i) => !gone.Contains(i))];
    }

    /// <summary>The shape of a matrix product, batch axes broadcast.</summary>
    public static Dim[]? MatMul(IReadOnlyList<Dim>? a, IReadOnlyList<Dim>? b)
    {
        if (a is null || b is null || a.Count == 0 || b.Count == 0) return null;
        if (a.Count == 1 && b.Count == 1) return [];
        if (a.Count == 1) return [.. b.SkipLast(2), b[^1]];
        if (b.Count == 1) return [.. a.SkipLast(1)];
        return [.. Broadcast([.. a.SkipLast(2)], [.. b.SkipLast(2)])!, a[^2], b[^1]];
    }
}
