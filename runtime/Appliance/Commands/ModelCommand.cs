using System.CommandLine;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>model</c>: what is in a model, what it costs, its gradients, and where two models part.</summary>
static class ModelCommand
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command("model", "Looks into ONNX models: costs, gradients, layers (docs/model-tool.md).");
        command.Add(ModelInspect.Create(output, errors));
        command.Add(ModelGradient.Create(output, errors));
        command.Add(ModelTap.Create(output));
        command.Add(ModelDiff.Create(output, errors));
        return command;
    }
}
