using System.Text.Json;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Gradients that PyTorch computed in double (golden/gradients), of inputs and weights.</summary>
public sealed class TorchGradientTests
{
    const double Allowed = 1e-4;

    /// <summary>
    /// Elements smaller than this part of a tensor's largest are compared on its scale: float32 holds 7 digits.
    /// </summary>
    const double Small = 1e-2;

    [Theory]
    [InlineData("pyramid", "pyramid")]
    [InlineData("attention", "attention")]
    [InlineData("attention-17", "attention")]
    public void Gradients_are_what_torch_says(string network, string fixture)
    {
        string folder = Path.Combine(SharedData.Root, "tests", "Tests", "Unit", "golden", "gradients");
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, fixture + ".json")));
        var told = file.RootElement;
        var graph = new GraphBuilder(Upgrade.To17(OnnxModel.Load(Path.Combine(folder, network + ".onnx"))));
        Value? loss = null;
        foreach (var (name, coefficient) in Tensors(told, "coefficients"))
        {
            var part = (graph[name] * graph.Floats([.. coefficient.Values.Select(v => (float)v)],
                coefficient.Dims)).Sum();
            loss = loss is null ? part : loss + part;
        }

        (string Name, Numbers Wanted)[] wanted = [.. Tensors(told, "inputGradients"), .. Tensors(told,
            "weightGradients")];
        var gradients = graph.Gradients(loss!, [.. wanted.Select(w => w.Name)]);
        for (int i = 0; i < wanted.Length; i++) graph.Output($"gradient{i}", gradients[wanted[i].Name]);
        graph.Output("loss", loss!);
        using var cpu = new HeldModel(graph.Model);
        foreach (var (name, numbers) in Tensors(told, "inputs")) cpu.Set(name, numbers.Values, numbers.Dims);

        double was = told.GetProperty("loss").GetDouble();
        Assert.Equal(was, cpu.Run("loss")[0].Values[0], 1e-4 * Math.Abs(was));
        var found = cpu.Run([.. wanted.Select((_, i) => $"gradient{i}")]);
        for (int i = 0; i < wanted.Length; i++)
        {
            Assert.Equal(wanted[i].Wanted.Dims, found[i].Dims);
            double largest = wanted[i].Wanted.Values.Max(Math.Abs);
            double worst = wanted[i].Wanted.Values.Zip(found[i].Values,
                (torch, ours) => RuleCheck.Relative(ours, torch, largest, Small)).Max();
            Assert.True(worst < Allowed, $"{wanted[i].Name}: {worst:g3}");
        }
    }

    static IEnumerable<(string Name, Numbers Numbers)> Tensors(JsonElement told, string group) =>
        told.GetProperty(group).EnumerateObject().Select(t => (t.Name, new Numbers(
            [.. t.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())],
            [.. t.Value.GetProperty("data").EnumerateArray().Select(d => d.GetDouble())])));
}
