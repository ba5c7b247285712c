using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Cases of operators that compute each element by itself.</summary>
static class ElementwiseRows
{
    public static readonly RuleRow[] All =
    [
        One("Identity") with { IsDouble = true },
        One("Neg") with { IsDouble = true },
        One("Exp") with { IsDouble = true },
        One("Sin") with { IsDouble = true },
        One("Cos") with { IsDouble = true },
        One("Erf"),
        One("Tanh") with { IsDouble = true },
        One("Sigmoid") with { IsDouble = true },
        One("Softplus"),
        One("Mish") with { Opsets = [18, 22] },
        One("Softsign", d => d.ClearOf(0)),
        One("Log", d => d.Uniform(0.3, 4)) with { IsDouble = true },
        One("Sqrt", d => d.Uniform(0.3, 4)) with { IsDouble = true },
        One("Reciprocal", d => d.Uniform(0.5, 3)) with { IsDouble = true },
        One("Abs", d => d.ClearOf(0)) with { IsDouble = true },
        One("Relu", d => d.ClearOf(0)) with { IsDouble = true },
        One("HardSwish", d => () => 2 * d.ClearOf(-1.5, 1.5)()),
        new("LeakyRelu", d => d.Out("LeakyRelu", [d.In(d.Shape(0, 4), d.ClearOf(0))], d.Maybe(Number("alpha", 0.2f)))),
        new("Elu", d => d.Out("Elu", [d.In(d.Shape(0, 4), d.ClearOf(0))], d.Maybe(Number("alpha", 0.7f)))),
        new("Selu", d => d.Out("Selu", [d.In(d.Shape(0, 4), d.ClearOf(0))],
            [.. d.Maybe(Number("alpha", 1.5f)), .. d.Maybe(Number("gamma", 0.8f))])),
        new("HardSigmoid", HardSigmoid),
        new("PRelu", PRelu),
        new("Gelu", d => d.Out("Gelu", [d.In(d.Shape(0, 4))], d.OneOf<OnnxAttribute[]>(
            [], [OnnxAttribute.Of("approximate", "none")], [OnnxAttribute.Of("approximate", "tanh")])))
            { Opsets = [20, 22] },
        new("Clip", Clip) { IsDouble = true },
        new("Cast", Cast) { IsDouble = true },
        new("Dropout", d => d.Out("Dropout", [d.In(d.Shape(1, 4)), d.Flip() ? d.Graph.Scalar(0.3f) : null])),
        Two("Add"),
        Two("Sub"),
        Two("Mul"),
        Two("Div", d => d.Uniform(0.5, 3)),
        new("Pow", Pow) { IsDouble = true, Cases = 40 },
        Several("Sum") with { IsDouble = true },
        Several("Mean"),
        Several("Max", d => d.Apart()) with { IsDouble = true },
        Several("Min", d => d.Apart()) with { IsDouble = true },
        new("Where", Where) { IsDouble = true },
    ];

    static OnnxAttribute Number(string name, float value) => OnnxAttribute.Of(name, value);

    static RuleRow One(string op, Func<Draw, Func<double>>? number = null) =>
        new(op, d => d.Out(op, [d.In(d.Shape(0, 4), number?.Invoke(d))]));

    static RuleRow Two(string op, Func<Draw, Func<double>>? second = null) => new(op, d =>
    {
        long[][] shapes = d.Shapes(2);
        // The same value twice now and then.
        var first = d.In(shapes[0], second?.Invoke(d));
        d.Out(op, [first, d.Number % 8 == 7 ? first : d.In(shapes[1], second?.Invoke(d))]);
    })
    { IsDouble = true };

    static RuleRow Several(string op, Func<Draw, Func<double>>? number = null) => new(op, d =>
        d.Out(op, [.. d.Shapes(d.Int(1, 4)).Select(shape => d.In(shape, number?.Invoke(d)))]));

    static void HardSigmoid(Draw d)
    {
        bool isDefault = d.Flip();
        float alpha = isDefault ? 0.2f : 0.5f, beta = isDefault ? 0.5f : 0.25f;
        var x = d.In(d.Shape(0, 4), d.ClearOf(-beta / alpha, (1 - beta) / alpha));
        d.Out("HardSigmoid", [x], isDefault ? [] : [Number("alpha", alpha), Number("beta", beta)]);
    }

    static void PRelu(Draw d)
    {
        long[] whole = d.Shape(2, 4);
        long[] slope = d.OneOf<long[]>([], [1], whole, [whole[1], .. whole.Skip(2).Select(_ => 1L)], [whole[^1]]);
        d.Out("PRelu", [d.In(whole, d.ClearOf(0)), d.In(slope)]);
    }

    static void Clip(Draw d)
    {
        var x = d.In(d.Shape(0, 4), d.ClearOf(-1, 1));
        d.Out("Clip", [x, d.Flip() ? x.Alike(-1) : null, d.Flip() ? x.Alike(1) : null]);
    }

    /// <summary>There and back: rounded to less on the way, differences would see the steps.</summary>
    static void Cast(Draw d)
    {
        var x = d.In(d.Shape(0, 4));
        d.Out(d.OneOf(x.Cast(ElementType.Double), x.Cast(ElementType.Double).Cast(ElementType.Float).Cast(x.Type),
            (x.Cast(ElementType.Double) * x.Cast(ElementType.Double)).Cast(x.Type)));
    }

    static void Pow(Draw d)
    {
        long[][] shapes = d.Shapes(2);
        switch (d.Number % 5)
        {
            case 0:
                d.Out("Pow", [d.In(shapes[0], d.Uniform(0.3, 2.5)), d.In(shapes[1], d.Uniform(-2, 3))]);
                break;
            case 1:
                d.Out("Pow", [d.In(shapes[0], d.Uniform(0.4, 2.5)), d.In([], () => d.OneOf(-2, -0.5, 0.5, 1, 1.5, 2,
                    3))]);
                break;
            case 2:
                var x = d.In(shapes[0], d.ClearOf(0));
                d.Out("Pow", [x, x.Alike(d.OneOf(1, 2, 3, 4, -1))]);
                break;
            case 3:
                d.Out("Pow", [d.In(shapes[0], d.ClearOf(0)), d.Longs([], [d.OneOf(1, 2, 3, -2)])]);
                break;
            default:
                var same = d.In(shapes[0], d.Uniform(0.5, 2));
                d.Out("Pow", [same, same]);
                break;
        }
    }

    static void Where(Draw d)
    {
        long[][] shapes = d.Shapes(3);
        d.Out("Where", [d.Truths(shapes[0]), d.In(shapes[1]), d.In(shapes[2])]);
    }
}
