using System.Security.Cryptography;
using System.Text.Json;
using EdgeAppliance.Bench;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>A small classifier, from the weights and batches PyTorch began with: golden/training.</summary>
public sealed class LearningCurveTests
{
    /// <summary>
    /// Steps that are compared one by one; sums in another order drift apart after that (the fixture's README).
    /// </summary>
    const int Steps = 25;

    /// <summary>Set to 1: drawing the 6000 crops takes minutes, the 25 steps seconds.</summary>
    const string Asked = "EDGE_APPLIANCE_LONG_TESTS";

    [SkippableFact]
    public void The_first_steps_have_the_losses_that_PyTorch_had()
    {
        Skip.If(Environment.GetEnvironmentVariable(Asked) != "1", $"draws for minutes: set {Asked}=1");
        string folder = Path.Combine(SharedData.Root, "tests", "Tests", "Unit", "golden", "training");
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "curve.json")));
        var curve = json.RootElement;
        int count = curve.GetProperty("data").GetProperty("train").GetInt32();
        int batch = curve.GetProperty("batch").GetInt32();
        var (pixels, labels) = TwinCrops.Make(300, count);
        Assert.Equal(curve.GetProperty("data").GetProperty("trainSha256").GetString(),
            Convert.ToHexStringLower(SHA256.HashData(pixels)));

        var rule = curve.GetProperty("optimiser");
        int per = curve.GetProperty("stepsPerEpoch").GetInt32();
        var step = TrainingStep.Make(OnnxModel.Load(Path.Combine(folder, "initial.onnx")), SmallModels.Classes, new()
        {
            Optimiser = new Sgd { Momentum = rule.GetProperty("momentum").GetDouble() },
            WeightDecay = rule.GetProperty("weightDecay").GetDouble(),
            InputShapes = SmallModels.Batch("images", batch, 3, TwinCrops.Side, TwinCrops.Side),
        });
        using var trainer = Trainer.Open(step, LearningRates.Cosine(rule.GetProperty("peakRate").GetDouble(),
            rule.GetProperty("warmUpSteps").GetInt64(), (long)per * curve.GetProperty("epochCount").GetInt32()),
            SmallModels.OneThread);
        int[] order = new SplitMix64(curve.GetProperty("order").GetProperty("seed").GetUInt64()).Shuffled(count);
        double[] expected = [.. curve.GetProperty("firstLosses").EnumerateArray().Select(v => v.GetDouble())];
        for (int i = 0; i < Steps; i++)
        {
            Fill(trainer, order.AsSpan(i * batch, batch), pixels, labels);
            double off = Math.Abs(trainer.Step().Loss - expected[i]);
            Assert.True(off < (i < 4 ? 1e-4 : i < 12 ? 2e-3 : 3e-2), $"step {i}: off by {off:E1}");
        }
    }

    static void Fill(Trainer trainer, ReadOnlySpan<int> picked, byte[] pixels, int[] labels)
    {
        var images = trainer.Floats("images");
        for (int i = 0; i < picked.Length; i++)
        {
            trainer.Integers("labels")[i] = labels[picked[i]];
            int from = picked[i] * TwinCrops.PixelBytes, to = i * TwinCrops.PixelBytes;
            for (int k = 0; k < TwinCrops.PixelBytes; k++) images[to + k] = (pixels[from + k] / 255f - 0.5f) / 0.25f;
        }
    }
}
