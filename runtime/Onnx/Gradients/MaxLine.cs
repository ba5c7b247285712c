using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>A max pool along one spatial axis, forward and back.</summary>
sealed class MaxLine
{
    readonly Value _x;
    readonly int _axis;
    readonly long _stride;
    readonly long _padding;
    readonly long _outputs;
    readonly long[] _starts;

    /// <param name="x">N x C x spatial axes</param>
    /// <param name="axis">which spatial axis, from 0</param>
    /// <param name="outputs">how many windows there are along it</param>
    public MaxLine(Value x, int axis, Sizes.Window window, long outputs)
    {
        (_x, _axis, _outputs) = (x, axis + 2, outputs);
        (_stride, _padding) = (window.Strides[axis], window.Pads[axis]);
        _starts = [.. Enumerable.Range(0, (int)window.Kernel[axis]).Select(k => k * window.Dilations[axis])];
        Largest = Pooled(axis, window);
    }

    /// <summary>What the windows found.</summary>
    public Value Largest { get; }

    long Size => _x.Shape[_axis].Known!.Value;

    /// <summary>The pool itself; windows that a rounded-up count lets begin at the end get padding to end in.</summary>
    Value Pooled(int axis, Sizes.Window window)
    {
        int axes = window.Axes;
        long[] Ones() => [.. Enumerable.Repeat(1L, axes)];
        long[] kernel = Ones(), strides = Ones(), dilations = Ones(), pads = new long[2 * axes];
        (kernel[axis], strides[axis], dilations[axis]) = (window.Kernel[axis], _stride, window.Dilations[axis]);
        long after = (_outputs - 1) * _stride + window.Span(axis) - Size - _padding;
        (pads[axis], pads[axes + axis]) = (_padding, Math.Clamp(after, 0, window.Span(axis) - 1));
        return _x.Graph.Op("MaxPool", [_x], OnnxAttribute.Of("kernel_shape", kernel),
            OnnxAttribute.Of("strides", strides), OnnxAttribute.Of("dilations", dilations),
            OnnxAttribute.Of("pads", pads));
    }

    /// <summary>The gradient of what went in.</summary>
    public Value Back(Value g)
    {
        var shares = Seen().Select(seen => seen.SameAs(Largest).As(g)).ToArray();
        var each = g / shares.Aggregate((a, b) => a + b);
        return Phases.Scatter(_axis, Size, _stride, _padding,
            [.. shares.Select((share, k) => (_starts[k], each * share))]);
    }

    /// <summary>What each place of the windows sees; nothing is as small as the padding.</summary>
    IEnumerable<Value> Seen()
    {
        long last = (_outputs - 1) * _stride + _starts[^1] + 1;
        long[] pads = new long[2 * _x.Rank];
        (pads[_axis], pads[_x.Rank + _axis]) = (_padding, Math.Max(0, last - Size - _padding));
        var padded = pads.All(p => p == 0) ? _x
            : _x.Graph.Op("Pad", _x, _x.Graph.Longs(pads), _x.Alike(float.MinValue));
        if (_stride == 1 || _axis < _x.Rank - 1)
            return _starts.Select(start => padded.Slice(_axis, start, start + (_outputs - 1) * _stride + 1, _stride));
        // Along the last axis a stride takes single numbers, which is slow: once a phase, not once a place.
        return _starts.Select(start => padded.Slice(_axis, start % _stride, int.MaxValue, _stride)
            .Slice(_axis, start / _stride, start / _stride + _outputs));
    }
}
