using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests;

/// <summary>Small models in a line or two: values and nodes by name, spaces between the names of a list.</summary>
static class MadeModel
{
    /// <param name="inputs">as <c>x: n 3 h w</c>, several with commas between; 32-bit floats</param>
    /// <param name="outputs">names with spaces between; their types are left open</param>
    public static OnnxModel Of(
        long opset, string inputs, string outputs, OnnxNode[] nodes, params OnnxTensor[] constants)
    {
        var graph = new OnnxGraph { Name = "made", Nodes = [.. nodes], Initializers = [.. constants] };
        foreach (string input in inputs.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = input.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries);
            graph.Inputs.Add(new TypedValue(parts[0], ElementType.Float, [.. parts.Skip(1).Select(Size)]));
        }

        foreach (string output in outputs.Split(' ')) graph.Outputs.Add(new TypedValue(output, ElementType.None, null));
        return new OnnxModel { Graph = graph, IrVersion = 7, Opsets = { [""] = opset } };
    }

    public static OnnxNode Node(string op, string inputs, string outputs, params OnnxAttribute[] attributes) => new()
    {
        Op = op,
        Name = "node_" + outputs.Split(' ')[0],
        // "-" is an input left out.
        Inputs = [.. inputs.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(i => i == "-" ? "" : i)],
        Outputs = [.. outputs.Split(' ')],
        Attributes = [.. attributes],
    };

    /// <summary>A constant of floats that count through a small range, never twice the same side by side.</summary>
    public static OnnxTensor Floats(string name, params long[] dims)
    {
        float[] values = new float[dims.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++) values[i] = (i * 7 % 11 - 5) / 8f;
        return OnnxTensor.Of(name, values, dims);
    }

    public static OnnxTensor Longs(string name, params long[] values) => OnnxTensor.Of(name, values, values.Length);

    static Dim Size(string text) => long.TryParse(text, out long size) ? size : Dim.Named(text);
}
