using System.Runtime.InteropServices;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Tests.Replay;

/// <summary>
/// A network of fixed sizes in 64 bits, so that differences can be taken with steps too small to meet a kink. ONNX
/// Runtime
/// has no convolution, mean pool or Resize in double on the CPU: they are written as matrix products, sums and gathers,
/// none of which is shared with the gradient rules.
/// </summary>
sealed class DoubleTwin
{
    readonly GraphBuilder _graph = new();
    readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);

    DoubleTwin() { }

    public static OnnxModel Of(OnnxModel model)
    {
        var twin = new DoubleTwin();
        foreach (var tensor in model.Graph.Initializers) twin._values[tensor.Name] = twin._graph.Constant(Wide(tensor));
        foreach (var input in model.Graph.Inputs.Where(i => !twin._values.ContainsKey(i.Name)))
            twin._values[input.Name] = twin._graph.Input(input.Name, Wide(input.Type), [.. input.Shape!]);
        foreach (var node in model.Graph.Nodes)
        {
            foreach (var (name, value) in node.Outputs.Zip(twin.Write(node))) twin._values[name] = value;
        }

        foreach (var output in model.Graph.Outputs) twin._graph.Output(output.Name, twin._values[output.Name]);
        return twin._graph.Model;
    }

    static ElementType Wide(ElementType type) => type == ElementType.Float ? ElementType.Double : type;

    static OnnxTensor Wide(OnnxTensor tensor) => tensor.Type != ElementType.Float ? tensor : OnnxTensor.Raw(tensor.Name,
        ElementType.Double, [.. tensor.Dims],
        MemoryMarshal.AsBytes<double>([.. tensor.Floats().Select(f => (double)f)]).ToArray());

    Value[] Write(OnnxNode node)
    {
        Value?[] x = [.. node.Inputs.Select(i => i.Length > 0 ? _values[i] : null)];
        switch (node.Op)
        {
            case "Conv": return [Conv(node, x[0]!, x[1]!, x.Length > 2 ? x[2] : null)];
            case "AveragePool": return [AveragePool(node, x[0]!)];
            case "GlobalAveragePool": return [x[0]!.Mean([2, 3], keep: true)];
            case "Resize": return [Repeated(node, x)];
            case "Constant" when node.Find("value")?.Tensor is { } tensor:
                return [_graph.Constant(Wide(tensor.Named(node.Outputs[0])))];
            case "Cast": return [x[0]!.Cast(Wide((ElementType)node.Int("to", 0)))];
            default: return _graph.Op(node.Op, x, [.. node.Attributes], node.Outputs.Count);
        }
    }

    Value Conv(OnnxNode node, Value x, Value w, Value? bias)
    {
        long[] kernel = [.. w.Shape.Skip(2).Select(d => d.Known!.Value)];
        long group = node.Int("group", 1), inputs = w.Shape[1].Known!.Value, outputs = w.Shape[0].Known!.Value;
        var (cuts, sizes) = Cuts(node, x, kernel, ceil: false);
        var columns = _graph.Concat(3, [.. cuts.Select(cut => cut.Reshape(1, group, inputs, 1, -1))]);
        var made = w.Reshape(1, group, outputs / group, -1)
            .MatMul(columns.Reshape(1, group, inputs * cuts.Length, -1)).Reshape([1, outputs, .. sizes]);
        return bias is null ? made : made + bias.Reshape(1, -1, 1, 1);
    }

    static Value AveragePool(OnnxNode node, Value x)
    {
        long[] kernel = [.. node.Ints("kernel_shape")!];
        bool ceil = node.Int("ceil_mode", 0) == 1;
        var sum = Cuts(node, x, kernel, ceil).Cuts.Aggregate((a, b) => a + b);
        if (node.Int("count_include_pad", 0) == 1 && !ceil) return sum / (kernel[0] * kernel[1]);
        return sum / Cuts(node, x * 0 + 1, kernel, ceil).Cuts.Aggregate((a, b) => a + b);
    }

    /// <summary>What each place of the window sees.</summary>
    static (Value[] Cuts, long[] Sizes) Cuts(OnnxNode node, Value x, long[] kernel, bool ceil)
    {
        Dim[] spatial = [.. x.Shape.Skip(2)];
        var window = Sizes.WindowOf(node, kernel, spatial);
        long[] sizes = [.. Sizes.Slid(spatial, window, ceil).Select(d => d.Known!.Value)], pads = window.Pads;
        // A last window that is rounded up reaches beyond the padding.
        long Beyond(int i) => Math.Max(0, (sizes[i] - 1) * window.Strides[i] + window.Span(i)
            - spatial[i].Known!.Value - pads[i] - pads[2 + i]);
        var padded = x.Pad(0, 0, pads[0], pads[1], 0, 0, pads[2] + Beyond(0), pads[3] + Beyond(1));
        List<Value> cuts = [];
        for (long k = 0; k < kernel[0] * kernel[1]; k++)
        {
            long row = k / kernel[1] * window.Dilations[0], column = k % kernel[1] * window.Dilations[1];
            cuts.Add(padded
                .Slice(2, row, row + (sizes[0] - 1) * window.Strides[0] + 1, window.Strides[0])
                .Slice(3, column, column + (sizes[1] - 1) * window.Strides[1] + 1, window.Strides[1]));
        }

        return ([.. cuts], sizes);
    }

    Value Repeated(OnnxNode node, Value?[] x)
    {
        var scales = x.Length > 2 ? x[2]?.Facts.Constant : null;
        Assert.Equal("nearest", node.Text("mode", "nearest"));
        var y = x[0]!;
        for (int axis = 2; axis < 4; axis++)
        {
            long size = y.Shape[axis].Known!.Value;
            long times = scales is { Count: 4 } ? (long)scales.Floats()[axis] : x[3]!.Facts.Longs![axis] / size;
            y = y.Gather(_graph.Longs([.. Enumerable.Range(0, (int)(size * times)).Select(i => i / times)]), axis);
        }

        return y;
    }
}
