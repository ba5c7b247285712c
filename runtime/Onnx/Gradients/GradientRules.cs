using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// What each operator does to a gradient: one row an operator. A row takes the gradient that arrives at the node's output
/// and gives one for each input (null: none flows, or nobody wants it). A row may give a gradient of a broadcast shape: the
/// loop sums it back, once, for all rows. An operator without a row ends the work with its name.
/// </summary>
static class GradientRules
{
    public delegate Value?[] Rule(GradientCase c);

    // Stands before the table, which is made with it: statics are set in the order they are written.
    /// <summary>Operators whose result does not move with a small change of what goes in.</summary>
    static readonly string[] Flat =
    [
        "Shape", "Size", "Floor", "Ceil", "Round", "Sign", "Not", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual",
        "Less", "LessOrEqual", "ArgMax", "ArgMin", "NonZero", "IsNaN", "IsInf", "ConstantOfShape", "OneHot", "Range",
    ];

    public static readonly IReadOnlyDictionary<string, Rule> All = Make();

    /// <summary>The row of an operator, or null.</summary>
    public static Rule? Find(string op) => All.GetValueOrDefault(op);

    static Dictionary<string, Rule> Make()
    {
        var rules = new Dictionary<string, Rule>(StringComparer.Ordinal)
        {
            ["Identity"] = c => [c.G],
            ["Dropout"] = c => [c.G],
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
            // 2 / sqrt(pi), the derivative of the error function at 0.
            ["Erf"] = c => [c.G * (-c.X().Square()).Exp() * 1.1283791671f],
            ["Tanh"] = c => [c.G - c.G * c.Y().Square()],
            ["Sigmoid"] = c => [c.G * (c.Y() - c.Y().Square())],
            ["Softplus"] = c => [c.G * c.X().Sigmoid()],
            ["Softsign"] = c => [c.G / (c.X().Abs() + 1).Square()],
            ["Relu"] = c => [c.G * Passes.Step(c.Y(), 0)],
            ["LeakyRelu"] = c => [c.G * Passes.Step(c.X(), c.Node.Float("alpha", 0.01f))],
            ["PRelu"] = c => [c.If(0, () => c.G * Bent(c.X(), c.X(1))), c.If(1, () => c.G * c.X().Min(0))],
            ["Elu"] = c => [c.G * (c.X() > 0).Where(c.X().Alike(1), c.Y() + c.Node.Float("alpha", 1))],
            ["Selu"] = OfSelu,
            // Inside its ends a Clip leaves numbers as they are.
            ["Clip"] = OfClip,
            ["HardSigmoid"] = c => [c.G * Between(c.Y(), 0, 1) * c.Node.Float("alpha", 0.2f)],
            ["HardSwish"] = c => [c.G * OfHardSwish(c.X())],
            ["Mish"] = c => [c.G * OfMish(c.X())],
            ["Gelu"] = c => [c.G * OfGelu(c.X(), c.Node.Text("approximate", "none") == "tanh")],
            ["Softmax"] = OfSoftmax,
            ["LogSoftmax"] = OfLogSoftmax,
        };
        foreach (var table in new[]
        {
            ReductionRules.All, ProductRules.All, ConvolutionRules.All, PoolRules.All, LayoutRules.All, IndexRules.All,
            NormalizationRules.All, ResizeRules.All,
        })
        {
            foreach (var (op, rule) in table) rules[op] = rule;
        }

        foreach (string op in Flat) rules[op] = c => new Value?[c.Inputs];
        return rules;
    }

    static Value?[] Each(GradientCase c, Func<int, Value> make) =>
        [.. Enumerable.Range(0, c.Inputs).Select(i => c.If(i, () => make(i)))];

    static Value?[] OfMul(GradientCase c)
    {
        for (int i = 0; i < 2; i++)
        {
            // x sigmoid(x), an activation that exporters write as two nodes: one gradient in place of two that meet again.
            var (x, s) = (c.X(i), c.X(1 - i));
            if (c.Needs(i) && c.Producer(s) is { Op: "Sigmoid" } node && node.Inputs[0] == x.Name)
            {
                var g = c.G * Passes.SwishSlope(x, s, c.Y());
                return i == 0 ? [g, null] : [null, g];
            }
        }

        return [c.If(0, () => c.G * c.X(1)), c.If(1, () => c.G * c.X(0))];
    }

    /// <summary>1 above 0, the slope below.</summary>
    static Value Bent(Value x, Value slope) => (x > 0).Where(x.Alike(1), slope);

    /// <summary>1 strictly between two numbers, 0 elsewhere.</summary>
    static Value Between(Value x, float low, float high) => ((x > low) & (x < high)).As(x);

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

    static Value?[] OfClip(GradientCase c)
    {
        if (c.Needs(1) || c.Needs(2)) throw c.Fault("the gradient of its ends is not made");
        return [c.G * c.X().SameAs(c.Y()).As(c.G)];
    }

    static Value?[] OfSelu(GradientCase c)
    {
        float alpha = c.Node.Float("alpha", 1.67326319f), gamma = c.Node.Float("gamma", 1.05070102f);
        return [c.G * (c.X() > 0).Where(c.X().Alike(gamma), c.Y() + alpha * gamma)];
    }

    /// <summary>x clip(x / 6 + 1/2, 0, 1): its slope is the clip, and x / 6 more where the clip moves.</summary>
    static Value OfHardSwish(Value x) => (x * (1f / 6) + 0.5f).Clip(0, 1) + x * (1f / 6) * Between(x, -3, 3);

    static Value OfMish(Value x)
    {
        var t = x.Softplus().Tanh();
        return t + x * x.Sigmoid() * (1 - t.Square());
    }

    static Value OfGelu(Value x, bool approximate)
    {
        if (approximate)
        {
            // sqrt(2 / pi) (x + 0.044715 x^3), Hendrycks and Gimpel 2016.
            var t = ((x + x.Square() * x * 0.044715f) * 0.7978845608f).Tanh();
            var inner = (x.Square() * (3 * 0.044715f) + 1) * 0.7978845608f;
            return (t + 1) * 0.5f + x * 0.5f * (1 - t.Square()) * inner;
        }

        var below = (x.Graph.Op("Erf", x * 0.7071067812f) + 1) * 0.5f;
        var density = (x.Square() * -0.5f).Exp() * 0.3989422804f;
        return below + x * density;
    }

    static Value?[] OfSoftmax(GradientCase c)
    {
        var (gy, axis) = (c.G * c.Y(), c.Node.Int("axis", -1));
        return [gy - c.Y() * gy.Sum([axis], keep: true)];
    }

    static Value?[] OfLogSoftmax(GradientCase c) =>
        [c.G - c.Y().Exp() * c.G.Sum([c.Node.Int("axis", -1)], keep: true)];
}
