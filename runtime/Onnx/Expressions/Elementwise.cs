using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Expressions;

/// <summary>What is computed for each element by itself.</summary>
public static class Elementwise
{
    public static Value Sigmoid(this Value x) => x.Graph.Op("Sigmoid", x);

    public static Value Tanh(this Value x) => x.Graph.Op("Tanh", x);

    public static Value Relu(this Value x) => x.Graph.Op("Relu", x);

    public static Value Exp(this Value x) => x.Graph.Op("Exp", x);

    public static Value Log(this Value x) => x.Graph.Op("Log", x);

    public static Value Sqrt(this Value x) => x.Graph.Op("Sqrt", x);

    public static Value Abs(this Value x) => x.Graph.Op("Abs", x);

    public static Value Sign(this Value x) => x.Graph.Op("Sign", x);

    /// <summary>log(1 + exp(x)), without overflow.</summary>
    public static Value Softplus(this Value x) => x.Graph.Op("Softplus", x);

    public static Value Pow(this Value x, float power) => x.Graph.Op("Pow", x, x.Alike(power));

    public static Value Square(this Value x) => x * x;

    public static Value Max(this Value a, Value b) => a.Graph.Op("Max", a, b);

    public static Value Max(this Value a, float b) => a.Max(a.Alike(b));

    public static Value Min(this Value a, Value b) => a.Graph.Op("Min", a, b);

    public static Value Min(this Value a, float b) => a.Min(a.Alike(b));

    public static Value Clip(this Value x, float min, float max) => x.Graph.Op("Clip", x, x.Alike(min), x.Alike(max));

    public static Value SameAs(this Value a, Value b) => a.Graph.Op("Equal", a, b);

    public static Value Where(this Value condition, Value then, Value otherwise) =>
        condition.Graph.Op("Where", condition, then, otherwise);

    public static Value Cast(this Value x, ElementType type) =>
        x.Type == type ? x : x.Graph.Op("Cast", [x], OnnxAttribute.Of("to", (long)type));

    /// <summary>1 where a truth value holds, 0 elsewhere, in the type of another value.</summary>
    public static Value As(this Value condition, Value like) => condition.Cast(like.Type);

    /// <summary>The same number, through which no gradient flows.</summary>
    public static Value Detach(this Value x) => x.Graph.Stop(x);
}
