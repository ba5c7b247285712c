using System.Text.Json;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>Three steps of SGD and of AdamW, with norms that learn, against PyTorch's: golden/gradients.</summary>
public sealed class TorchTrainingTests
{
    static string Golden(string name) =>
        Path.Combine(SharedData.Root, "tests", "Tests", "Unit", "golden", "gradients", name);

    [Theory]
    [InlineData("sgd")]
    [InlineData("adamw")]
    public void Steps_are_those_of_PyTorch(string how)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Golden("bn_train.json")));
        var rule = json.RootElement.GetProperty(how).GetProperty("rule");
        double Number(string name) => rule.GetProperty(name).GetDouble();
        var step = TrainingStep.Make(OnnxModel.Load(Golden("bn_train.onnx")), SmallModels.Classes, new()
        {
            Optimiser = how == "sgd"
                ? new Sgd { Momentum = Number("momentum") }
                : new Adam { Beta1 = Number("beta1"), Beta2 = Number("beta2"), Epsilon = Number("epsilon") },
            WeightDecay = Number("weightDecay"),
            Decays = _ => true,
            InputShapes = SmallModels.Batch("image", 4, 2, 6, 6),
        });
        using var trainer = Trainer.Open(step, LearningRates.Constant(Number("rate")), SmallModels.OneThread);
        var batches = json.RootElement.GetProperty("batches").EnumerateArray().ToArray();
        var steps = json.RootElement.GetProperty(how).GetProperty("steps").EnumerateArray().ToArray();
        for (int i = 0; i < steps.Length; i++)
        {
            Tensor(batches[i].GetProperty("images")).Select(v => (float)v).ToArray().CopyTo(trainer.Floats("image"));
            Tensor(batches[i].GetProperty("labels")).Select(v => (long)v).ToArray().CopyTo(trainer.Integers("labels"));
            var result = trainer.Step();
            double loss = steps[i].GetProperty("loss").GetDouble();
            Assert.True(Math.Abs(result.Loss - loss) < 1e-5 * loss, $"step {i}: {result.Loss} is not {loss}");
            var found = trainer.Export().Graph;
            foreach (string part in new[] { "weights", "statistics" })
            {
                foreach (var tensor in steps[i].GetProperty(part).EnumerateObject())
                    Near($"step {i} {tensor.Name}", found.Initializer(tensor.Name)!.Floats(), Tensor(tensor.Value));
            }
        }
    }

    static double[] Tensor(JsonElement tensor) =>
        [.. tensor.GetProperty("data").EnumerateArray().Select(v => v.GetDouble())];

    static void Near(string what, float[] found, double[] expected)
    {
        double largest = expected.Max(Math.Abs), worst = found.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
        Assert.True(worst < 1e-4 * largest, $"{what}: off by {worst / largest:E1} of the largest");
    }
}
