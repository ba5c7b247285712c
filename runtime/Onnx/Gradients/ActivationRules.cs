using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for functions that layers end in.</summary>
static class ActivationRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
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
    };

    /// <summary>1 above 0, the slope below.</summary>
    static Value Bent(Value x, Value slope) => (x > 0).Where(x.Alike(1), slope);

    /// <summary>1 strictly between two numbers, 0 elsewhere.</summary>
    static Value Between(Value x, float low, float high) => ((x > low) & (x < high)).As(x);

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
}
