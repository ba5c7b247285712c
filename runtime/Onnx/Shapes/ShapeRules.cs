using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Shapes;

/// <summary>One row an operator.</summary>
static class ShapeRules
{
    public delegate IReadOnlyList<ValueFacts> Rule(ShapeCase c);

    static readonly string[] SameShape =
    [
        "Relu", "LeakyRelu", "PRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Exp", "Log",
        "Sqrt", "Abs", "Erf", "Gelu", "Softplus", "Softsign", "Softmax", "LogSoftmax", "Neg", "Reciprocal", "Floor",
        "Ceil", "Round", "Sign", "Not", "Elu", "Selu", "Celu", "Mish", "ThresholdedRelu", "Sin", "Cos", "CumSum",
        "InstanceNormalization", "GroupNormalization", "LRN", "ScatterElements", "ScatterND", "Trilu", "Hardmax",
        "Swish", "Sinh", "Cosh", "Tan", "Atan", "Asin", "Acos", "LpNormalization", "MeanVarianceNormalization",
    ];

    static readonly string[] Arithmetic = ["Add", "Sub", "Mul", "Div", "Pow", "Mod", "BitShift"];

    static readonly string[] Comparisons =
        ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor"];

    static readonly string[] Variadic = ["Min", "Max", "Sum", "Mean"];

    static readonly string[] Reductions =
    [
        "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
        "ReduceLogSumExp", "ReduceSumSquare",
    ];

    /// <summary>After the lists it is made of: static fields get their values in the order of the text.</summary>
    public static readonly Dictionary<string, Rule> All = Make();

    static Dictionary<string, Rule> Make()
    {
        var rules = new Dictionary<string, Rule>(StringComparer.Ordinal)
        {
            ["Shape"] = OfShape,
            ["Size"] = c => [ValueFacts.OfContents([Dim.Product(c.Dims(0))], isScalar: true)],
            ["Constant"] = OfConstant,
            ["ConstantOfShape"] = OfConstantOfShape,
            ["Cast"] = c => ShapeCase.One((ElementType)c.Node.Int("to", 0), c.Shape, c.In(0).Contents),
            ["CastLike"] = c => ShapeCase.One(c.In(1).Type, c.Shape),
            ["Where"] = c => ShapeCase.One(c.In(1).Type,
                Sizes.Broadcast(Sizes.Broadcast(c.Shape, c.In(1).Shape), c.In(2).Shape)),
            ["Dropout"] = c => [new(c.Type, c.Shape), new(ElementType.Bool, c.Shape)],
            ["BatchNormalization"] = c =>
                [new(c.Type, c.Shape), new(c.In(3).Type, c.In(3).Shape), new(c.In(4).Type, c.In(4).Shape)],
            ["LayerNormalization"] = OfLayerNormalization,
            ["Conv"] = OfConv,
            ["ConvInteger"] = c => [OfConv(c)[0] with { Type = ElementType.Int32 }],
            ["ConvTranspose"] = OfConvTranspose,
            ["MaxPool"] = OfPool,
            ["AveragePool"] = OfPool,
            ["LpPool"] = OfPool,
            ["GlobalAveragePool"] = c => c.One(Global(c.Shape)),
            ["GlobalMaxPool"] = c => c.One(Global(c.Shape)),
            ["Resize"] = OfResize,
            ["Upsample"] = OfResize,
            ["DepthToSpace"] = c => OfBlocks(c, deepens: false),
            ["SpaceToDepth"] = c => OfBlocks(c, deepens: true),
            ["MatMul"] = c => c.One(Sizes.MatMul(c.Shape, c.In(1).Shape)),
            ["Gemm"] = c => c.One(
                [c.Dims(0)[c.Node.Int("transA", 0) == 0 ? 0 : 1], c.Dims(1)[c.Node.Int("transB", 0) == 0 ? 1 : 0]]),
            ["Einsum"] = OfEinsum,
            ["IsNaN"] = c => ShapeCase.One(ElementType.Bool, c.Shape),
            ["IsInf"] = c => ShapeCase.One(ElementType.Bool, c.Shape),
            ["ArgMax"] = c => ShapeCase.One(ElementType.Int64, OfArg(c)),
            ["ArgMin"] = c => ShapeCase.One(ElementType.Int64, OfArg(c)),
            ["TopK"] = OfTopK,
            ["NonZero"] = c => ShapeCase.One(ElementType.Int64, [c.Rank, Dim.Named($"nonzero({c.Node.Outputs[0]})")]),
            ["OneHot"] = OfOneHot,
            ["Range"] = OfRange,
            ["DynamicQuantizeLinear"] = c =>
                [new(ElementType.UInt8, c.Shape), new(ElementType.Float, []), new(ElementType.UInt8, [])],
            ["QuantizeLinear"] = c =>
                ShapeCase.One(c.Node.Input(2) is null ? ElementType.UInt8 : c.In(2).Type, c.Shape),
            ["DequantizeLinear"] = c => ShapeCase.One(c.In(1).Type, c.Shape),
        };
        foreach (var (op, rule) in MovementRules.All) rules[op] = rule;
        foreach (string op in SameShape) rules[op] = c => c.One(c.Shape);
        rules["Identity"] = c => [c.In(0) with { Constant = null }];
        foreach (string op in Arithmetic) rules[op] = OfArithmetic;
        foreach (string op in Comparisons)
            rules[op] = c => ShapeCase.One(ElementType.Bool, Sizes.Broadcast(c.Shape, c.In(1).Shape));
        foreach (string op in Variadic)
            rules[op] = c => c.One(c.Inputs.Select(i => i?.Shape).Aggregate(Sizes.Broadcast));
        foreach (string op in Reductions) rules[op] = OfReduction;
        return rules;
    }

    static ValueFacts[] OfShape(ShapeCase c)
    {
        int from = Sizes.Axis(c.Node.Int("start", 0), c.Rank), to = Sizes.Axis(c.Node.Int("end", c.Rank), c.Rank);
        if (c.Node.Find("end") is null) to = c.Rank;
        return [ValueFacts.OfContents([.. c.Dims(0).Take(to).Skip(from)])];
    }

    static ValueFacts[] OfConstant(ShapeCase c)
    {
        if (c.Node.Find("value")?.Tensor is { } tensor) return [ValueFacts.Of(tensor)];
        if (c.Node.Find("value_float") is { } number) return [ValueFacts.Of(OnnxTensor.Of("", [number.Float]))];
        if (c.Node.Find("value_int") is { } integer) return [ValueFacts.Of(OnnxTensor.Of("", [integer.Int]))];
        if (c.Node.Find("value_floats") is { } many)
            return [ValueFacts.Of(OnnxTensor.Of("", [.. many.Floats], many.Floats.Count))];
        return c.Node.Ints("value_ints") is { } integers
            ? [ValueFacts.Of(OnnxTensor.Of("", [.. integers], integers.Count))] : [ValueFacts.Unknown];
    }

    static ValueFacts[] OfConstantOfShape(ShapeCase c)
    {
        var fill = c.Node.Find("value")?.Tensor;
        var shape = c.In(0).Contents;
        var type = fill?.Type ?? ElementType.Float;
        bool counts = type == ElementType.Int64 && shape is { Count: 1 } && shape[0].Known is <= 64;
        return ShapeCase.One(type, shape,
            counts ? [.. Enumerable.Repeat(Dim.Of(fill!.Longs()[0]), (int)shape![0].Known!)] : null);
    }

    static ValueFacts[] OfArithmetic(ShapeCase c)
    {
        var (a, b) = (c.In(0), c.In(1));
        var shape = Sizes.Broadcast(a.Shape, b.Shape);
        IReadOnlyList<Dim>? contents = null;
        // Lists are gone through side by side, so neither may be spread over the other's further axes.
        if (a.Contents is { } x && b.Contents is { } y && shape is not null && shape.Length <= 1)
        {
            int count = Math.Max(x.Count, y.Count);
            contents = c.Node.Op switch
            {
                "Add" => Each((p, q) => p + q),
                "Sub" => Each((p, q) => p - q),
                "Mul" => Each((p, q) => p * q),
                "Div" when !a.Type.IsReal() => Each(Quotient),
                _ => null,
            };

            Dim[] Each(Func<Dim, Dim, Dim> of) =>
                [.. Enumerable.Range(0, count).Select(i => of(x[x.Count == 1 ? 0 : i], y[y.Count == 1 ? 0 : i]))];
        }

        return ShapeCase.One(a.Type == ElementType.None ? b.Type : a.Type, shape, contents);
    }

    /// <summary>Whole numbers are divided towards zero; sizes are never below it.</summary>
    static Dim Quotient(Dim a, Dim b) => a.Known is { } x && b.Known is { } y ? x / y : Dim.FloorDiv(a, b);

    static ValueFacts[] OfReduction(ShapeCase c)
    {
        bool keep = c.Node.Int("keepdims", 1) == 1;
        var axes = c.Longs(1, "axes");
        if (axes is null && c.Gives(1, "axes")) return c.One(null);
        if (axes is null or { Count: 0 } && c.Node.Int("noop_with_empty_axes", 0) == 1) return c.One(c.Shape);
        return c.One(Sizes.Reduced(c.Shape, axes is { Count: 0 } ? null : axes, keep));
    }

    static ValueFacts[] OfLayerNormalization(ShapeCase c)
    {
        int axis = Sizes.Axis(c.Node.Int("axis", -1), c.Rank);
        Dim[] rows = [.. c.Dims(0).Select((d, i) => i < axis ? d : 1)];
        return [new(c.Type, c.Shape), new(ElementType.Float, rows), new(ElementType.Float, rows)];
    }

    static ValueFacts[] OfConv(ShapeCase c)
    {
        var weights = c.Dims(1);
        Dim[] spatial = [.. c.Dims(0).Skip(2)];
        long[] kernel = [.. c.Node.Ints("kernel_shape") ?? weights.Skip(2).Select(d => d.Known!.Value)];
        var window = Sizes.WindowOf(c.Node, kernel, spatial);
        return c.One([c.Dims(0)[0], weights[0], .. Sizes.Slid(spatial, window, ceil: false)]);
    }

    static ValueFacts[] OfConvTranspose(ShapeCase c)
    {
        var weights = c.Dims(1);
        Dim[] spatial = [.. c.Dims(0).Skip(2)];
        var channels = weights[1] * c.Node.Int("group", 1);
        var stated = c.Node.Ints("output_shape");
        if (stated is null && c.Node.Text("auto_pad", "NOTSET").StartsWith("SAME", StringComparison.Ordinal))
            return c.One([c.Dims(0)[0], channels, .. spatial.Zip(Strides(c), (size, stride) => size * stride)]);
        long[] kernel = [.. c.Node.Ints("kernel_shape") ?? weights.Skip(2).Select(d => d.Known!.Value)];
        var window = Sizes.WindowOf(c.Node, kernel, spatial);
        var extra = c.Node.Ints("output_padding");
        var sizes = spatial.Select((size, i) => stated is not null ? stated[stated.Count - window.Axes + i]
            : (size - 1) * window.Strides[i] + window.Span(i) + (extra?[i] ?? 0)
                - window.Pads[i] - window.Pads[window.Axes + i]);
        return c.One([c.Dims(0)[0], channels, .. sizes]);
    }

    static IEnumerable<long> Strides(ShapeCase c) => c.Node.Ints("strides") ?? Enumerable.Repeat(1L, c.Rank);

    static ValueFacts[] OfPool(ShapeCase c)
    {
        Dim[] spatial = [.. c.Dims(0).Skip(2)];
        var window = Sizes.WindowOf(c.Node, c.NeedLongs(9, "kernel_shape"), spatial);
        Dim[] shape = [c.Dims(0)[0], c.Dims(0)[1], .. Sizes.Slid(spatial, window, c.Node.Int("ceil_mode", 0) == 1)];
        return [new(c.Type, shape), new(ElementType.Int64, shape)];
    }

    static Dim[]? Global(IReadOnlyList<Dim>? shape) =>
        shape is null ? null : [.. shape.Select((d, i) => i < 2 ? d : 1)];

    static ValueFacts[] OfResize(ShapeCase c)
    {
        if (c.In(3).Contents is { } sizes)
        {
            if (c.Node.Ints("axes") is not { } some) return c.One(sizes);
            Dim[] shape = [.. c.Dims(0)];
            for (int i = 0; i < some.Count; i++) shape[Sizes.Axis(some[i], c.Rank)] = sizes[i];
            return c.One(shape);
        }

        // Upsample, and Resize before operator set 11, take the scales second.
        var scales = c.Scales();
        var axes = c.Node.Ints("axes") ?? [.. Enumerable.Range(0, c.Rank).Select(i => (long)i)];
        Dim[] scaled = [.. c.Dims(0)];
        for (int i = 0; i < axes.Count; i++) scaled[axes[i]] = Scaled(scaled[axes[i]], scales[i]);
        return c.One(scaled);
    }

    /// <summary>In 32 bits, as ONNX Runtime does: 20 times 2.05 is 41 there and 40.99... in 64.</summary>
    static Dim Scaled(Dim size, float scale) => size.Known is { } known ? (long)MathF.Floor(known * scale)
        : scale == MathF.Round(scale) ? size * (long)scale
        : Dim.Named($"floor(({size})*{scale.ToString(System.Globalization.CultureInfo.InvariantCulture)})");

    static ValueFacts[] OfBlocks(ShapeCase c, bool deepens)
    {
        long b = c.Node.Int("blocksize", 1);
        var s = c.Dims(0);
        return c.One(deepens
            ? [s[0], s[1] * (b * b), Dim.FloorDiv(s[2], b), Dim.FloorDiv(s[3], b)]
            : [s[0], Dim.FloorDiv(s[1], b * b), s[2] * b, s[3] * b]);
    }

    static ValueFacts[] OfEinsum(ShapeCase c)
    {
        string[] sides = c.Node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->");
        string[] terms = sides[0].Split(',');
        if (sides.Length != 2 || sides[0].Contains('.', StringComparison.Ordinal)) return [new(c.Type, null)];
        var sizes = new Dictionary<char, Dim>();
        for (int t = 0; t < terms.Length; t++)
        {
            for (int i = 0; i < terms[t].Length; i++) sizes[terms[t][i]] = c.Dims(t)[i];
        }

        return c.One([.. sides[1].Select(letter => sizes[letter])]);
    }

    static Dim[]? OfArg(ShapeCase c) =>
        Sizes.Reduced(c.Shape, [c.Node.Int("axis", 0)], c.Node.Int("keepdims", 1) == 1);

    static ValueFacts[] OfTopK(ShapeCase c)
    {
        int axis = Sizes.Axis(c.Node.Int("axis", -1), c.Rank);
        // Before operator set 10 an attribute.
        var k = c.Node.Find("k") is { } count ? count.Int
            : c.In(1).Contents?[0] ?? Dim.Named($"k({c.Node.Outputs[0]})");
        Dim[] shape = [.. c.Dims(0).Select((d, i) => i == axis ? k : d)];
        return [new(c.Type, shape), new(ElementType.Int64, shape)];
    }

    static ValueFacts[] OfOneHot(ShapeCase c)
    {
        List<Dim> shape = [.. c.Dims(0)];
        shape.Insert(Sizes.Axis(c.Node.Int("axis", -1), c.Rank + 1), c.Contents(1)[0]);
        return ShapeCase.One(c.In(2).Type, shape);
    }

    static ValueFacts[] OfRange(ShapeCase c)
    {
        if (c.In(0).Contents is not { } from || c.In(1).Contents is not { } to || c.In(2).Contents is not { } by)
            return c.One([Dim.Named($"range({c.Node.Outputs[0]})")]);
        if (from[0].Known is { } first && to[0].Known is { } last && by[0].Known is { } step)
        {
            long steps = Math.Max(0, (long)Math.Ceiling((decimal)(last - first) / step));
            return ShapeCase.One(c.Type, [steps], steps <= 64
                ? [.. Enumerable.Range(0, (int)steps).Select(i => Dim.Of(first + step * i))] : null);
        }

        var count = Dim.FloorDiv(to[0] - from[0] + (by[0] - 1), by[0]);
        return ShapeCase.One(c.Type, [count]);
    }
}
