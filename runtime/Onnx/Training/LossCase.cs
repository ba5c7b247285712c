using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Training;

/// <summary>Writes the loss into a graph: one number, smaller when the model does better.</summary>
public delegate Value LossOf(LossCase c);

/// <summary>The model's answer, and what it should have been, as who writes a loss sees them.</summary>
public sealed class LossCase
{
    readonly IReadOnlyList<string> _outputs;
    readonly Dictionary<string, Value> _told = new(StringComparer.Ordinal);

    internal LossCase(GraphBuilder graph, IReadOnlyList<string> outputs)
    {
        Graph = graph;
        _outputs = outputs;
    }

    public GraphBuilder Graph { get; }

    /// <summary>One of the model's outputs.</summary>
    public Value this[int output] => Graph[_outputs[output]];

    /// <summary>Any of the model's values, inputs and hidden ones included.</summary>
    public Value this[string name] => Graph[name];

    /// <summary>Something that comes with each batch beside the model's inputs.</summary>
    public Value Target(string name, ElementType type, params Dim[] shape) => Graph.Input(name, type, shape);

    /// <summary>Has a number told at every step beside the loss: a part of it, or a measure.</summary>
    public void Tell(string name, Value number) => _told.Add(name, number.Reshape([]));

    internal IReadOnlyDictionary<string, Value> Told => _told;
}
