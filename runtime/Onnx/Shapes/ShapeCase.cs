using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Shapes;

/// <summary>One node and what is known of its inputs, as a row of <see cref="ShapeRules"/> sees them.</summary>
sealed record ShapeCase(OnnxNode Node, IReadOnlyList<ValueFacts?> Inputs)
{
    public ElementType Type => In(0).Type;

    /// <summary>Of the first input; null when it is not known.</summary>
    public IReadOnlyList<Dim>? Shape => In(0).Shape;

    public int Rank => Dims(0).Count;

    public ValueFacts In(int index) => (index < Inputs.Count ? Inputs[index] : null) ?? ValueFacts.Unknown;

    /// <summary>An input's sizes; the rule ends here when nobody knows them.</summary>
    public IReadOnlyList<Dim> Dims(int index) => In(index).Shape ?? throw new NotKnownException();

    /// <summary>An input's integers; the rule ends here when nobody knows them.</summary>
    public IReadOnlyList<Dim> Contents(int index) => In(index).Contents ?? throw new NotKnownException();

    /// <summary>Integers that newer operator sets take as an input and older ones as an attribute.</summary>
    public IReadOnlyList<long>? Longs(int input, string attribute) => Node.Ints(attribute) ?? In(input).Longs;

    /// <summary>The same; the rule ends here when nobody knows them.</summary>
    public IReadOnlyList<long> NeedLongs(int input, string attribute) =>
        Longs(input, attribute) ?? throw new NotKnownException();

    /// <summary>Whether integers were given at all, known or not.</summary>
    public bool Gives(int input, string attribute) => Node.Find(attribute) is not null || Node.Input(input) is not null;

    /// <summary>
    /// Of Resize; Upsample, and Resize before operator set 11, take them second, Upsample 7 as an attribute.
    /// </summary>
    public IReadOnlyList<float> Scales() =>
        Node.Find("scales")?.Floats ?? (In(2).Constant ?? In(1).Constant)?.Floats() ?? throw new NotKnownException();

    public ValueFacts[] One(IReadOnlyList<Dim>? shape) => [new ValueFacts(Type, shape)];

    public static ValueFacts[] One(ElementType type, IReadOnlyList<Dim>? shape, IReadOnlyList<Dim>? contents = null) =>
        [new ValueFacts(type, shape, contents)];
}

/// <summary>A rule came to something that only a run tells.</summary>
sealed class NotKnownException : Exception
{
    public NotKnownException() { }

    public NotKnownException(string message) : base(message) { }

    public NotKnownException(string message, Exception inner) : base(message, inner) { }
}
