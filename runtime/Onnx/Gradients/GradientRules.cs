using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// What each operator does to a gradient: one row an operator. A row takes the gradient that arrives at the node's
/// output
/// and gives one for each input (null: none flows, or nobody wants it). A row may give a gradient of a broadcast
/// shape: the
/// loop sums it back, once, for all rows. An operator without a row ends the work with its name.
/// </summary>
static class GradientRules
{
    public delegate Value?[] Rule(GradientCase c);

    // Stands before the table, which is made with it: statics are set in the order they are written.
    /// <summary>Operators whose result does not move with a small change of what goes in.</summary>
    public static readonly string[] Flat =
    [
        "Shape", "Size", "Floor", "Ceil", "Round", "Sign", "Not", "And", "Or", "Xor", "Equal", "Greater",
            "GreaterOrEqual",
        "Less", "LessOrEqual", "ArgMax", "ArgMin", "NonZero", "IsNaN", "IsInf", "ConstantOfShape", "OneHot", "Range",
    ];

    /// <summary>Rows that stand in files of their own.</summary>
    static readonly Dictionary<string, Rule>[] Tables =
    [
        ActivationRules.All, ReductionRules.All, ProductRules.All, ConvolutionRules.All, PoolRules.All, LayoutRules.All,
        IndexRules.All, NormalizationRules.All, ResizeRules.All,
    ];

    public static readonly IReadOnlyDictionary<string, Rule> All = Make();

    /// <summary>The row of an operator, or null.</summary>
    public static Rule? Find(string op) => All.GetValueOrDefault(op);

    static Dictionary<string, Rule> Make()
    {
        var rules = new Dictionary<string, Rule>(StringComparer.Ordinal)
        {
            ["Identity"] = c => [c.G],
            ["Dropout"] = OfDropout,
            ["Cast"] = c => [c.X().Type.IsReal() ? c.G.Cast(c.X().Type) : null],
            ["Add"] = c => [c.G, c.G],
            ["Sub"] = c => [c.G, c.If(1, () => -c.G)],
            ["Mul"] = OfMul,
            ["Div"] = c => [c.If(0, () => c.G / c.X(1)), c.If(1, () => -(c.G * c.Y() / c.X(1)))],
            ["Pow"] = c => [c.If(0, () => c.G * OfBase(c.X(0), c.X(1))), c.If(1, () => c.G * OfExponent(c))],
            ["Sum"] = c => Each(c, _ => c.G),
            ["Mean"] = c => Each(c, _ => c.G / c.Inputs),
            ["Max"] = OfExtreme,
            ["Min"] = OfExtreme,
            ["Where"] = c => [null, c.If(1, () => c.G * c.X(0).As(c.G)), c.If(2, () => c.G * (1 - c.X(0).As(c.G)))],
            ["Neg"] = c => [-c.G],
            ["Reciprocal"] = c => [-(c.G * c.Y().Square())],
            ["Exp"] = c => [c.G * c.Y()],
            ["Log"] = c => [c.G / c.X()],
            ["Sqrt"] = c => [c.G * 0.5f / c.Y()],
            ["Abs"] = c => [c.G * c.X().Sign()],
            ["Sin"] = c => [c.G * c.Graph.Op("Cos", c.X())],
            ["Cos"] = c => [-(c.G * c.Graph.Op("Sin", c.X()))],
            ["Softmax"] = OfSoftmax,
            ["LogSoftmax"] = OfLogSoftmax,
        };
        foreach (var (op, rule) in Tables.SelectMany(table => table)) rules[op] = rule;
        foreach (string op in Flat) rules[op] = c => new Value?[c.Inputs];
        rules["OneHot"] = c => c.Needs(2) ? throw c.Fault("the gradient of its values is not made") : [];
        rules["Range"] = c => c.X().Type.IsReal() ? throw c.Fault("the gradient of its ends is not made") : [];
        return rules;
    }

    static Value?[] OfDropout(GradientCase c) =>
        c.Optional(2) is not { } training || training.Facts.Constant?.Longs()[0] == 0 ? [c.G]
            : throw c.Fault("it drops at random, as in training");

    static Value?[] Each(GradientCase c, Func<int, Value> make) =>
        [.. Enumerable.Range(0, c.Inputs).Select(i => c.If(i, () => make(i)))];

    static Value?[] OfMul(GradientCase c)
    {
        for (int i = 0; i < 2; i++)
        {
            // x sigmoid(x), an activation that exporters write as two nodes: one gradient in place of two that meet
            // again.
            var (x, s) = (c.X(i), c.X(1 - i));
            if (c.Needs(i) && c.Producer(s) is { Op: "Sigmoid" } node && node.Inputs[0] == x.Name)
            {
                var g = c.G * Passes.SwishSlope(x, s, c.Y());
                return i == 0 ? [g, null] : [null, g];
            }
        }

        return [c.If(0, () => c.G * c.X(1)), c.If(1, () => c.G * c.X(0))];
    }

    static Value OfBase(Value x, Value power)
    {
        if (power.Facts.Constant is { Count: 1 } constant && constant.Type.IsReal())
        {
            float p = constant.Floats()[0];
            return p == 2 ? x * 2 : x.Pow(p - 1) * p;
        }

        var p1 = power.Cast(x.Type);
        return p1 * x.Graph.Op("Pow", x, p1 - 1);
    }

    /// <summary>y log x; nothing where the base is 0, as the limit is.</summary>
    static Value OfExponent(GradientCase c) => (c.X() > 0).Where(c.Y() * c.X().Max(1e-30f).Log(), c.X().Alike(0));

    /// <summary>To who is largest (or smallest); those who tie share.</summary>
    static Value?[] OfExtreme(GradientCase c)
    {
        var shares = Enumerable.Range(0, c.Inputs).Select(i => c.X(i).SameAs(c.Y()).As(c.G)).ToArray();
        var each = c.Inputs == 1 ? c.G : c.G / shares.Aggregate((a, b) => a + b);
        return Each(c, i => each * shares[i]);
    }

    static Value?[] OfSoftmax(GradientCase c)
    {
        var (gy, axis) = (c.G * c.Y(), c.Node.Int("axis", -1));
        return [gy - c.Y() * gy.Sum([axis], keep: true)];
    }

    static Value?[] OfLogSoftmax(GradientCase c) =>
        [c.G - c.Y().Exp() * c.G.Sum([c.Node.Int("axis", -1)], keep: true)];
}
