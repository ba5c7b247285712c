using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>What one node costs in a run.</summary>
/// <param name="Macs">multiplications with an addition, of convolutions and matrix products; exact</param>
/// <param name="Elements">elements computed or compared by every other operator; 0 where numbers are only moved</param>
/// <param name="OutputBytes">of what it gives</param>
public sealed record NodeCost(string Name, string Op, long Macs, long Elements, long OutputBytes);

/// <summary>What a model costs in a run, worked out from its shapes. Everything is null where a size is open.</summary>
/// <param name="Parameters">numbers in constants of a float type, and in quantised weights</param>
/// <param name="ParameterBytes">of all constants, as the file holds them</param>
/// <param name="ActivationBytes">of all values computed</param>
/// <param name="PeakBytes">most of those needed at once, when nodes run in the file's order</param>
/// <param name="Unknown">nodes whose sizes are open</param>
public sealed record ModelCost(
    IReadOnlyList<NodeCost> Nodes, long Parameters, long ParameterBytes, long? Macs, long? Elements,
    long? ActivationBytes,
    long? PeakBytes, IReadOnlyList<string> Unknown)
{
    /// <summary>Two for each multiplication with its addition, one for each element of every other operator.</summary>
    public long? Flops => (2 * Macs) + Elements;

    /// <summary>Operators that move numbers or only look at shapes.</summary>
    static readonly HashSet<string> Moving = new(StringComparer.Ordinal)
    {
        "Reshape", "Transpose", "Concat", "Slice", "Split", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Gather",
        "GatherND", "GatherElements", "Expand", "Tile", "Pad", "Shape", "Size", "Constant", "ConstantOfShape", "Cast",
        "Dropout", "DepthToSpace", "SpaceToDepth", "Range", "NonZero", "ScatterND", "ScatterElements",
    };

    public static ModelCost Of(OnnxModel model)
    {
        var facts = ShapeInference.Infer(model);
        var graph = model.Graph;
        List<NodeCost> nodes = [];
        List<string> unknown = [];
        foreach (var node in graph.Nodes)
        {
            if (CostOf(node, facts) is { } cost) nodes.Add(cost);
            else unknown.Add(node.Label);
        }

        bool isKnown = unknown.Count == 0;
        return new ModelCost(nodes,
            graph.Initializers.Concat(ConstantsOf(graph)).Where(t => IsNumber(t.Type)).Sum(t => t.Count),
            graph.Initializers.Concat(ConstantsOf(graph)).Sum(t => t.Count * (long)(t.Type.Bytes() ?? 0)),
            isKnown ? nodes.Sum(n => n.Macs) : null, isKnown ? nodes.Sum(n => n.Elements) : null,
            isKnown ? nodes.Sum(n => n.OutputBytes) : null, isKnown ? Peak(graph, facts) : null, unknown);
    }

    static IEnumerable<OnnxTensor> ConstantsOf(OnnxGraph graph) =>
        graph.Nodes.Where(n => n.Op == "Constant").Select(n => n.Find("value")?.Tensor).OfType<OnnxTensor>();

    static bool IsNumber(ElementType type) => type.IsReal() || type is ElementType.Int8 or ElementType.UInt8;

    static NodeCost? CostOf(OnnxNode node, Dictionary<string, ValueFacts> facts)
    {
        long bytes = 0, outputs = 0;
        foreach (string output in node.Outputs.Where(o => o.Length > 0))
        {
            if (facts.GetValueOrDefault(output) is not { } of || Count(of) is not { } count) return null;
            outputs += count;
            bytes += count * (of.Type.Bytes() ?? 0);
        }

        if (node.Op is "Constant") bytes = 0;
        long? macs = MacsOf(node, outputs, facts);
        if (macs is null) return null;
        long? elements = macs > 0 || Moving.Contains(node.Op) ? 0 : ElementsOf(node, outputs, facts);
        string name = node.Name.Length > 0 ? node.Name : node.Outputs.FirstOrDefault() ?? "";
        return elements is { } each ? new NodeCost(name, node.Op, macs.Value, each, bytes) : null;
    }

    /// <summary>0 for operators that are no products of matrices; null where a size is open.</summary>
    static long? MacsOf(OnnxNode node, long outputs, Dictionary<string, ValueFacts> facts)
    {
        return node.Op switch
        {
            // A filter's numbers, but for how many filters there are.
            "Conv" or "ConvInteger" => outputs * Rest(1),
            "QLinearConv" => outputs * Rest(3),
            "ConvTranspose" => Whole(0) * Rest(1),
            "Gemm" => outputs * Size(0, node.Int("transA", 0) == 1 ? 0 : 1),
            "MatMul" or "MatMulInteger" or "QLinearMatMul" => outputs * Size(0, -1),
            _ => 0,
        };

        IReadOnlyList<Dim>? Shape(int input) =>
            node.Input(input) is { } name ? facts.GetValueOrDefault(name)?.Shape : null;

        long? Whole(int input) => Shape(input) is { } shape ? Count(shape) : null;

        long? Rest(int input) => Shape(input) is { } shape ? Count(shape.Skip(1)) : null;

        long? Size(int input, int axis) =>
            Shape(input) is { Count: > 0 } shape ? shape[axis < 0 ? axis + shape.Count : axis].Known : null;
    }

    /// <summary>Reductions and pools look at more than they give.</summary>
    static long? ElementsOf(OnnxNode node, long outputs, Dictionary<string, ValueFacts> facts)
    {
        if (node.Op is "MaxPool" or "AveragePool" && node.Ints("kernel_shape") is { } kernel)
            return outputs * kernel.Aggregate(1L, (a, b) => a * b);
        if (!node.Op.StartsWith("Reduce", StringComparison.Ordinal)
            && !node.Op.StartsWith("Global", StringComparison.Ordinal))
            return outputs;
        return facts.GetValueOrDefault(node.Inputs[0]) is { } x ? Count(x) : null;
    }

    static long? Count(ValueFacts facts) => facts.Shape is { } shape ? Count(shape) : null;

    static long? Count(IEnumerable<Dim> dims) => Dim.Product(dims).Known;

    static long? Peak(OnnxGraph graph, Dictionary<string, ValueFacts> facts)
    {
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < graph.Nodes.Count; i++)
            foreach (string input in graph.Nodes[i].Inputs) last[input] = i;
        foreach (var output in graph.Outputs) last[output.Name] = graph.Nodes.Count;
        var constants = graph.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        long now = graph.Inputs.Where(i => !constants.Contains(i.Name)).Sum(i => Bytes(i.Name)), peak = now;
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            var node = graph.Nodes[i];
            if (node.Op != "Constant") now += node.Outputs.Sum(Bytes);
            peak = Math.Max(peak, now);
            foreach (string done in node.Inputs.Concat(node.Outputs).Distinct()
                .Where(n => n.Length > 0 && !constants.Contains(n)))
                if (last.GetValueOrDefault(done, i) == i) now -= Bytes(done);
        }

        return peak;

        long Bytes(string name) => facts.GetValueOrDefault(name) is { Constant: null } of && Count(of) is { } count
            ? count * (of.Type.Bytes() ?? 0) : 0;
    }
}
