using System.Text;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests;

/// <summary>Everything a model says, as text: two models with the same text are the same.</summary>
static class ModelText
{
    public static string Of(OnnxModel model)
    {
        var text = new StringBuilder();
        text.AppendLine(
            $"ir {model.IrVersion} by '{model.Producer}' '{model.ProducerVersion}'");
        foreach (var (domain, version) in model.Opsets) text.AppendLine($"opset '{domain}' {version}");
        foreach (var (key, value) in model.Metadata) text.AppendLine($"'{key}' = '{value}'");
        Add(text, model.Graph);
        return text.ToString();
    }

    static void Add(StringBuilder text, OnnxGraph graph)
    {
        text.AppendLine($"graph '{graph.Name}'");
        foreach (var (kind, values) in new[] { ("in", graph.Inputs), ("out", graph.Outputs), ("value", graph.Values) })
        {
            foreach (var value in values)
            {
                string shape = value.Shape is null ? "of any shape" : "[" + string.Join(',', value.Shape) + "]";
                text.AppendLine($"{kind} '{value.Name}' {value.Type} {shape}");
            }
        }

        foreach (var tensor in graph.Initializers) text.AppendLine(Of(tensor));
        foreach (var node in graph.Nodes)
        {
            text.AppendLine($"{node.Domain}:{node.Op} '{node.Name}' {string.Join(',', node.Inputs)} -> "
                + string.Join(',', node.Outputs));
            foreach (var attribute in node.Attributes) Add(text, attribute);
        }
    }

    static void Add(StringBuilder text, OnnxAttribute a)
    {
        text.AppendLine(string.Join(' ', (object[])[a.Name, a.Kind, a.Int, a.Float, Convert.ToHexString(a.Bytes.Span),
            string.Join(',', a.Ints), string.Join(',', a.Floats),
            string.Join(',', a.Strings.Select(s => Convert.ToHexString(s.Span)))]));
        if (a.Tensor is { } tensor) text.AppendLine("  " + Of(tensor));
        if (a.Graph is { } graph) Add(text, graph);
    }

    static string Of(OnnxTensor tensor) => $"tensor '{tensor.Name}' {tensor.Type} {string.Join('x', tensor.Dims)} "
        + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(tensor.Data.Span));
}
