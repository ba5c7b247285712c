using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>One node of the forward graph, as a row of <see cref="GradientRules"/> sees it.</summary>
sealed class GradientCase(
    GraphBuilder graph, OnnxNode node, Value?[] arriving, bool[] needed, IReadOnlyDictionary<string,
        OnnxNode> producers)
{
    public GraphBuilder Graph => graph;

    public OnnxNode Node => node;

    public int Inputs => node.Inputs.Count;

    /// <summary>The gradient that arrives at the first output.</summary>
    public Value G => arriving[0] ?? throw Fault("no gradient arrives at its first output");

    /// <summary>The gradient that arrives at an output; null where none does.</summary>
    public Value? GradientAt(int output) => output < arriving.Length ? arriving[output] : null;

    public Value X(int index = 0) => Optional(index) ?? throw Fault($"input {index} was left out");

    /// <summary>An input; null when it was left out.</summary>
    public Value? Optional(int index) => node.Input(index) is { } name ? graph[name] : null;

    public Value Y(int index = 0) => graph[node.Outputs[index]];

    /// <summary>The node that makes a value; null for inputs and constants.</summary>
    public OnnxNode? Producer(Value value) => producers.GetValueOrDefault(value.Name);

    /// <summary>Whether somebody wants this input's gradient. A rule gives null for those nobody wants.</summary>
    public bool Needs(int index) => index < needed.Length && needed[index];

    /// <summary>A gradient made only when it is wanted.</summary>
    public Value? If(int index, Func<Value> make) => Needs(index) ? make() : null;

    /// <summary>Integers that newer operator sets take as an input and older ones as an attribute.</summary>
    public IReadOnlyList<long>? Longs(int input, string attribute) =>
        node.Ints(attribute) ?? Optional(input)?.Facts.Longs;

    /// <summary>The integers of an input that has to be a constant.</summary>
    public IReadOnlyList<long> ConstantLongs(int input) =>
        X(input).Facts.Longs ?? throw Fault($"'{X(input).Name}' is not constant");

    public int Axis(string attribute, long otherwise, int rank) => Sizes.Axis(node.Int(attribute, otherwise), rank);

    /// <summary>A size that has to be known.</summary>
    public long Known(Dim size, string what) => size.Known
        ?? throw Fault($"{what} is {size}: the gradient needs a number, so fix the model's input sizes");

    public NotSupportedException Fault(string why) => new($"no gradient through {node.Label}: {why}");
}
