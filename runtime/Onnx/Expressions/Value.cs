using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Expressions;

/// <summary>
/// A value of a graph under construction. Arithmetic on values writes operators into the graph: <c>a * b + 1</c> is two
/// nodes and a constant. Shapes broadcast as in ONNX.
/// </summary>
public sealed class Value
{
    internal Value(GraphBuilder graph, string name, ValueFacts facts)
    {
        Graph = graph;
        Name = name;
        Facts = facts;
    }

    public GraphBuilder Graph { get; }

    public string Name { get; }

    public ValueFacts Facts { get; }

    public ElementType Type => Facts.Type;

    /// <summary>Sizes; open ones have a name.</summary>
    /// <exception cref="NotSupportedException">nobody knows them</exception>
    public IReadOnlyList<Dim> Shape => Facts.Shape
        ?? throw new NotSupportedException($"the shape of '{Name}' is not known: give the model's inputs their sizes");

    public int Rank => Shape.Count;

    /// <summary>Whether its numbers are part of the model.</summary>
    public bool IsConstant => Facts.Constant is not null;

    public static Value operator +(Value a, Value b) => a.Graph.Op("Add", a, b);

    public static Value operator -(Value a, Value b) => a.Graph.Op("Sub", a, b);

    public static Value operator *(Value a, Value b) => a.Graph.Op("Mul", a, b);

    public static Value operator /(Value a, Value b) => a.Graph.Op("Div", a, b);

    public static Value operator -(Value a) => a.Graph.Op("Neg", a);

    public static Value operator +(Value a, float b) => b == 0 ? a : a + a.Alike(b);

    public static Value operator +(float a, Value b) => b + a;

    public static Value operator -(Value a, float b) => b == 0 ? a : a - a.Alike(b);

    public static Value operator -(float a, Value b) => b.Alike(a) - b;

    public static Value operator *(Value a, float b) => b == 1 ? a : a * a.Alike(b);

    public static Value operator *(float a, Value b) => b * a;

    public static Value operator /(Value a, float b) => b == 1 ? a : a / a.Alike(b);

    public static Value operator /(float a, Value b) => b.Alike(a) / b;

    /// <summary>A truth value for each element.</summary>
    public static Value operator >(Value a, Value b) => a.Graph.Op("Greater", a, b);

    public static Value operator <(Value a, Value b) => a.Graph.Op("Less", a, b);

    public static Value operator >(Value a, float b) => a > a.Alike(b);

    public static Value operator <(Value a, float b) => a < a.Alike(b);

    public static Value operator &(Value a, Value b) => a.Graph.Op("And", a, b);

    /// <summary>A scalar of this value's type.</summary>
    public Value Alike(float number) => Graph.Scalar(number, Type);

    public override string ToString() => $"{Name}: {Facts}";
}
