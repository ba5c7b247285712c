using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>The size of a model's input, where it is fixed and another one is wanted: a detector for smaller pictures.</summary>
public static class InputSizes
{
    /// <summary>
    /// The model for an input of other sizes. Numbers in the graph that follow from the input's size are worked out anew:
    /// the targets of Reshape, Expand and Resize, and constants that hold the places or strides of grid cells.
    /// </summary>
    /// <exception cref="ArgumentException">no such input, or another number of sizes than it has</exception>
    /// <exception cref="NotSupportedException">a constant forbids it: the message names node and constant</exception>
    public static OnnxModel Set(OnnxModel model, string input, params long[] sizes)
    {
        var stated = model.Graph.Inputs.FirstOrDefault(i => i.Name == input) ?? throw new ArgumentException(
            $"the model has no input '{input}': it has {string.Join(", ", model.Graph.Inputs.Select(i => i.Name))}");
        if (stated.Shape is { } shape && shape.Count != sizes.Length)
            throw new ArgumentException($"'{input}' has {shape.Count} sizes, not {sizes.Length}");
        if (sizes.Any(s => s < 1)) throw new ArgumentException($"'{input}' cannot be {string.Join('x', sizes)}");
        var before = ShapeInference.Infer(model);
        var sized = model.Copy();
        var graph = sized.Graph;
        graph.Values.Clear();
        for (int i = 0; i < graph.Inputs.Count; i++)
        {
            if (graph.Inputs[i].Name == input)
                graph.Inputs[i] = new TypedValue(input, stated.Type, [.. sizes.Select(Dim.Of)]);
        }

        var now = Follow(graph, before, input);
        for (int i = 0; i < graph.Outputs.Count; i++)
        {
            var output = graph.Outputs[i];
            var facts = now.GetValueOrDefault(output.Name, ValueFacts.Unknown);
            if (output.Type != ElementType.None || facts.Type != ElementType.None)
            {
                graph.Outputs[i] = new TypedValue(
                    output.Name, output.Type == ElementType.None ? facts.Type : output.Type, facts.Shape);
            }
        }

        Unused.DropConstants(graph);
        return sized;
    }

    /// <summary>Works out every value's new shape in order, mending nodes on the way.</summary>
    static Dictionary<string, ValueFacts> Follow(
        OnnxGraph graph, Dictionary<string, ValueFacts> before, string input)
    {
        var now = new Dictionary<string, ValueFacts>(StringComparer.Ordinal);
        foreach (var value in graph.Inputs) now[value.Name] = new ValueFacts(value.Type, value.Shape);
        foreach (var tensor in graph.Initializers) now[tensor.Name] = ValueFacts.Of(tensor);
        var resizing = new Resizing(graph, before, now, input);
        foreach (var node in graph.Nodes)
        {
            resizing.Mend(node);
            resizing.Check(node);
            var facts = ShapeInference.Infer(node, [.. node.Inputs.Select(i => now.GetValueOrDefault(i))]);
            for (int i = 0; i < node.Outputs.Count && i < facts.Count; i++)
                if (node.Outputs[i].Length > 0) now[node.Outputs[i]] = facts[i];
            resizing.Note(node);
        }

        return now;
    }
}
