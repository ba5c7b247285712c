using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// The gradient of a convolution's weights: each kernel position sees the input through a window of its own, and a
/// matrix product of that window with the gradient sums over places. The input is laid out so that a window is one run
/// of memory: rows of input and gradient are made equally wide, with zeros where the gradient has no place, and what a
/// stride steps over is sorted into phases first. Cutting windows row by row, or element by element where strides are,
/// took more time than the products (measured).
/// </summary>
sealed class WeightGradients
{
    /// <summary>Fewer channels than this make products too thin to be fast: their windows are joined first.</summary>
    const long ThinMax = 16;

    readonly GradientCase _case;
    readonly Sizes.Window _window;
    readonly long _group;
    readonly long[] _sizes;

    /// <summary>How far the last kernel position of each axis lies from the first, in strides.</summary>
    readonly long[] _reach;

    /// <summary>Rows of one phase along each axis.</summary>
    readonly long[] _rows;

    WeightGradients(GradientCase c, Value g, Sizes.Window window, long group)
    {
        _case = c;
        _window = window;
        _group = group;
        _sizes = [.. g.Shape.Skip(2).Select((d, i) => c.Known(d, $"axis {i + 2}"))];
        _reach = [.. window.Kernel.Select((k, i) => (k - 1) * window.Dilations[i] / window.Strides[i])];
        _rows = [.. _sizes.Zip(_reach, (size, reach) => size + reach)];
        // The last window runs over the end of the last row by as much as it begins after a row's start.
        if (_reach.Skip(1).Any(r => r > 0)) _rows[0]++;
    }

    public static Value Of(GradientCase c, Value x, Value g, Value w, Sizes.Window window, long group)
    {
        long channels = c.Known(x.Shape[1], "the number of channels") / group;
        long outputs = c.Known(g.Shape[1], "the number of channels") / group;
        var one = new WeightGradients(c, g, window, group);
        var phases = one.Phases(x);
        var slopes = one.Widened(g).Reshape(0, group, outputs, -1);
        var windows = one.Windows(phases).Select(v => v.Reshape(-1, group, channels, one.Length)).ToArray();
        if (windows.Length == 1) return Product(slopes, windows[0]).ReshapeLike(w);
        if (channels >= ThinMax)
            return c.Graph.Concat(3, [.. windows.Select(v => Product(slopes, v).Unsqueeze(3))]).ReshapeLike(w);
        return Product(slopes, c.Graph.Concat(2, windows)).Reshape(group * outputs, windows.Length, channels)
            .Transpose(0, 2, 1).ReshapeLike(w);
    }

    /// <summary>How long a window is, rows as wide as a phase's.</summary>
    long Length => _sizes[0] * _rows.Skip(1).Aggregate(1L, (a, b) => a * b);

    /// <summary>group x outputs x channels, summed over places and the batch.</summary>
    static Value Product(Value slopes, Value window) => slopes.MatMul(window.Transpose(0, 1, 3, 2)).Sum([0]);

    /// <summary>
    /// Padded, and sorted by what the strides leave over: phases of the last axis x N x C x phases of the other axes x
    /// places of one phase.
    /// </summary>
    Value Phases(Value x)
    {
        int axes = _window.Axes;
        var strides = _window.Strides;
        long[] sizes = [.. x.Shape.Skip(2).Select((d, i) => _case.Known(d, $"axis {i + 2}"))];
        long[] after = [.. _rows.Select((rows, i) => rows * strides[i] - sizes[i] - _window.Pads[i])];
        var sorted = x.Pad([0, 0, .. _window.Pads.Take(axes), 0, 0, .. after]);
        // The last axis in one turn of the whole as a matrix, the others by runs of memory that change places: 1 ns a
        // number. Turned all at once ONNX Runtime's processor provider takes 12 ns, and 22 for many small matrices
        // (measured).
        if (strides[^1] > 1) sorted = sorted.Reshape(-1, strides[^1]).Transpose(1, 0);
        long within = 1, run = _rows[^1];
        for (int i = axes - 2; i >= 0; i--)
        {
            within *= strides[i];
            sorted = sorted.Reshape(-1, _rows[i], within, run).Transpose(0, 2, 1, 3);
            run *= _rows[i];
        }

        return sorted.Reshape(strides[^1], -1, _case.Known(x.Shape[1], "the number of channels"), within, run);
    }

    /// <summary>The gradient with rows as wide as a phase's; zeros where it has no place.</summary>
    Value Widened(Value g) => g.Pad([.. new long[_window.Axes + 4],
        .. _rows.Select((rows, i) => i == 0 ? 0 : rows - _sizes[i])]);

    /// <summary>What each kernel position sees, positions row by row.</summary>
    IEnumerable<Value> Windows(Value phases)
    {
        var graph = phases.Graph;
        int axes = _window.Axes;
        long count = _window.Kernel.Aggregate(1L, (a, b) => a * b);
        bool isAll = count == 1 && _window.Strides.All(stride => stride == 1);
        for (long k = 0; k < count; k++)
        {
            long phase = 0, last = 0, from = 0;
            for (int i = 0; i < axes; i++)
            {
                long inner = _window.Kernel.Skip(i + 1).Aggregate(1L, (a, b) => a * b);
                long at = k / inner % _window.Kernel[i] * _window.Dilations[i];
                (at, last) = Math.DivRem(at, _window.Strides[i]);
                if (i < axes - 1) phase = phase * _window.Strides[i] + last;
                from = from * _rows[i] + at;
            }

            yield return isAll ? phases : graph.Op("Slice", phases, graph.Longs(last, phase, from),
                graph.Longs(last + 1, phase + 1, from + Length), graph.Longs(0, 3, 4));
        }
    }
}
