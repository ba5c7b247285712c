using System.Text.Json;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Runtime.Commands;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>The commands for models, on the detector that is shipped.</summary>
public sealed class ModelCommandTests : IDisposable
{
    static readonly string Twin = Path.Combine(SharedData.Root, "runtime", "models", "twin");

    readonly string _folder = Directory.CreateTempSubdirectory("model-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    string At(string name) => Path.Combine(_folder, name);

    static async Task<(int Status, string Output, string Errors)> RunAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int status = await CommandLine.RunAsync(["model", .. words], output, errors);
        return (status, output.ToString(), errors.ToString());
    }

    static async Task<JsonElement> JsonAsync(params string[] words)
    {
        var (status, output, errors) = await RunAsync([.. words, "--json"]);
        Assert.True(status == ExitStatus.Ok, errors);
        return JsonDocument.Parse(output).RootElement;
    }

    [Fact]
    public async Task Inspect_tells_costs_rules_and_where_the_time_goes()
    {
        var report = await JsonAsync("inspect", Twin, "--size", "448x256", "--runs", "1", "--threads", "1");
        Assert.Equal("model.onnx", report.GetProperty("file").GetString());
        Assert.Equal((2 * report.GetProperty("macs").GetInt64()) + report.GetProperty("elements").GetInt64(),
            report.GetProperty("flops").GetInt64());
        Assert.Empty(report.GetProperty("withoutRule").EnumerateArray());
        Assert.Contains(report.GetProperty("operators").EnumerateArray(), o =>
            o.GetProperty("op").GetString() == "Conv");
        var times = report.GetProperty("times");
        Assert.Equal("cpu", times.GetProperty("provider").GetString());
        double parts = times.GetProperty("byOperator").EnumerateArray().Sum(o => o.GetProperty("part").GetDouble());
        Assert.InRange(parts, .99, 1.01);

        var (status, output, _) = await RunAsync("inspect", Twin, "--size", "448x256", "--runs", "0");
        Assert.Equal(ExitStatus.Ok, status);
        Assert.Contains("every operator has a rule", output, StringComparison.Ordinal);
        Assert.Contains(" MAC + ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tapped_model_gives_the_outputs_it_gave_and_the_taps()
    {
        string tapped = At("tapped.onnx");
        var report = await JsonAsync("tap", Twin, "--size", "448x256", "--match", "^Conv$", "--out", tapped);
        int taps = report.GetProperty("taps").GetArrayLength();
        Assert.True(taps > 5);
        var plain = InputSizes.Set(OnnxModel.Load(Path.Combine(Twin, "model.onnx")), "images", 1, 3, 256, 448);
        var before = OrtRun.Run(plain, 3);
        var after = OrtRun.Run(OnnxModel.Load(tapped), 3);
        Assert.Equal(before.Count + taps, after.Count);
        Assert.All(before, b => Assert.True(b.Value.Data.Span.SequenceEqual(after[b.Key].Data.Span)));
    }

    [Fact]
    public async Task A_model_is_equal_to_itself_and_differs_where_a_weight_was_moved()
    {
        string file = Path.Combine(Twin, "model.onnx"), other = At("other.onnx");
        var (same, output, _) = await RunAsync("diff", file, file, "--size", "448x256");
        Assert.Equal(ExitStatus.Ok, same);
        Assert.Contains("all equal", output, StringComparison.Ordinal);

        var model = OnnxModel.Load(file);
        var node = model.Graph.Nodes.Where(n => n.Op == "Conv").ElementAt(4);
        var weights = model.Graph.Initializer(node.Inputs[1])!;
        Initializers.Replace(model,
            [OnnxTensor.Of(weights.Name, [.. weights.Floats().Select((w, i) => i % 2 == 0 ? -w : w)],
            [.. weights.Dims])]).Save(other);
        var (status, told, _) = await RunAsync("diff", file, other, "--size", "448x256", "--json");
        Assert.Equal(ExitStatus.Failed, status);
        var report = JsonDocument.Parse(told).RootElement;
        Assert.Equal(node.Outputs[0], report.GetProperty("firstAbove").GetProperty("name").GetString());
        var layers = report.GetProperty("layers").EnumerateArray().ToList();
        int at = layers.FindIndex(l => l.GetProperty("name").GetString() == node.Outputs[0]);
        Assert.All(layers.Take(at), l => Assert.Equal(0, l.GetProperty("absoluteMax").GetDouble()));
    }

    [Fact]
    public async Task A_model_run_fused_is_the_same_within_rounding()
    {
        var (status, output, errors) =
            await RunAsync("diff", Twin, "--size", "448x256", "--other-optimised", "--threshold", "1e-4");
        Assert.True(status == ExitStatus.Ok, output + errors);
        Assert.Contains("model.onnx on cpu, fused", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gradient_written_is_the_slope_of_the_utility()
    {
        string file = At("gradient.onnx");
        var report = await JsonAsync("gradient", Twin, "--size", "448x256", "--out", file, "--threshold", "0.02",
            "--runs", "1", "--threads", "1");
        Assert.True(report.GetProperty("nodes").GetInt32() > report.GetProperty("forwardNodes").GetInt32());
        Assert.True(report.GetProperty("ratio").GetDouble() > 1);

        var gradient = OnnxModel.Load(file);
        var drawn = DrawnInputs.Of(gradient, seed: 5, 0, 255)[0];
        var wishes = new SessionWishes { Providers = [], Threads = 1 };
        using var run = TensorRun.Open("gradient", gradient, wishes);
        var slopes = run.Run([drawn]).Single(o => o.Key == "gradient/images").Value.Floats();
        var plain = InputSizes.Set(OnnxModel.Load(Path.Combine(Twin, "model.onnx")), "images", 1, 3, 256, 448);
        using var forward = TensorRun.Open("forward", plain, wishes);
        float[] numbers = drawn.Floats();
        int right = 0;
        foreach (int pixel in Enumerable.Range(0, slopes.Length).OrderByDescending(i => MathF.Abs(slopes[i])).Take(5))
        {
            double up = UtilityAt(pixel, 0.5f), down = UtilityAt(pixel, -0.5f);
            if (Math.Abs(up - down - slopes[pixel]) <= 0.05 * Math.Abs(slopes[pixel])) right++;
        }

        // One of the five may stand at a kink.
        Assert.True(right >= 4, $"{right} of 5");

        double UtilityAt(int pixel, float step)
        {
            float[] moved = [.. numbers];
            moved[pixel] += step;
            var output = forward.Run([OnnxTensor.Of("images", moved, 1, 3, 256, 448)])["output"];
            float[] rows = output.Floats();
            int width = (int)output.Dims[2];
            double sum = 0;
            for (int row = 0; row < rows.Length; row += width)
            {
                for (int c = 5; c < width; c++)
                    sum += 1 / (1 + Math.Exp(-20 * ((rows[row + 4] * (double)rows[row + c]) - 0.02)));
            }

            return sum;
        }
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_with_the_file_and_the_status_it_has_elsewhere()
    {
        string text = At("text.onnx"), card = At("x.onnx");
        await File.WriteAllTextAsync(text, "no model");
        File.Copy(Path.Combine(Twin, "model.onnx"), card);
        var cases = new (string[] Words, int Status, string Said)[]
        {
            (["inspect", At("none.onnx")], ExitStatus.NoInput, "none.onnx: no such model file"),
            (["inspect", text], ExitStatus.Unusable, "text.onnx"),
            (["inspect"], ExitStatus.Usage, "Required argument missing"),
            (["inspect", Twin, "--size", "abc"], ExitStatus.Unusable, "--size abc"),
            (["inspect", Twin, "--provider", "gpu", "--size", "448x256"], ExitStatus.Unusable, "--provider gpu"),
            (["tap", Twin, "--out", At("y.onnx")], ExitStatus.Usage, "say what to tap"),
            (["tap", Twin, "--name", "nowhere", "--out", At("y.onnx")], ExitStatus.Unusable, "'nowhere'"),
            (["gradient", card, "--out", At("y.onnx")], ExitStatus.NoInput, "no card"),
            (["gradient", Twin, "--class", "unicorn", "--out", At("y.onnx")], ExitStatus.Unusable, "--class unicorn"),
            (["gradient", Twin, "--target", "nowhere", "--out", At("y.onnx")], ExitStatus.Unusable, "'nowhere'"),
        };
        foreach (var (words, status, said) in cases)
        {
            var (ended, _, errors) = await RunAsync(words);
            Assert.True(ended == status, $"{string.Join(' ', words)}: {ended}: {errors}");
            Assert.Contains(said, errors, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(At("y.onnx")));
    }

    [Fact]
    public void The_shipped_detector_opens_at_other_sizes()
    {
        var model = ModelFolder.Load(Twin);
        foreach (var (width, height) in new[] { (320, 192), (224, 128) })
        {
            var sized = model.At(width, height);
            using var detector = Detector.Load(
                sized, new() { Threads = 1 }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            Assert.Equal((width, height), (detector.Facts.InputWidth, detector.Facts.InputHeight));
            Assert.Equal(model.ShortHash, sized.ShortHash);
        }
    }
}
