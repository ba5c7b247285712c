using System.Text.Json;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Sessions;
using EdgeAppliance.Runtime.Commands;
using EdgeAppliance.Runtime.Inference;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>The model tool, other input sizes and scores as graphs, on real detectors.</summary>
public sealed class ModelToolReplayTests
{
    static readonly SessionWishes OnCpu = new() { Providers = [], Threads = 1, CountNodes = false, WarmUpRuns = 1 };

    static ModelFolder Model(string name) => ModelFolder.Load(
        SharedData.Path("detectors", name + ".onnx"), Path.Combine(SharedData.Root, "runtime", "models"));

    static Detected See(ModelFolder model)
    {
        string image = Directory.GetFiles(SharedData.Path("coco_val_mini", "images"), "*.jpg")
            .Order(StringComparer.Ordinal).First();
        using var detector = Detector.Load(model, new() { ScoreMin = 0.05 }, NullLogger.Instance, OnCpu);
        using var pool = new FramePool(1, new FrameFormat(1024, 1024, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        using var jpeg = new JpegCodec();
        var seen = detector.Detect(jpeg.Decode(File.ReadAllBytes(image), pool, MonoTime.Now));
        seen.Dispose();
        return seen;
    }

    /// <summary>
    /// Published: 0.91 M parameters, 1.08 GFLOP at 416 x 416 (YOLOX, Ge et al. 2021), two for a multiplication with its
    /// addition; there batch normalisation is counted, which is folded in the file, and activations are not.
    /// </summary>
    [SkippableFact]
    public async Task Inspect_counts_what_the_makers_of_yolox_nano_published()
    {
        using var output = new StringWriter();
        Assert.Equal(ExitStatus.Ok, await CommandLine.RunAsync(
            ["model", "inspect", SharedData.Path("detectors", "yolox_nano.onnx"), "--runs", "0", "--json"], output,
                TextWriter.Null));
        var report = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.InRange(report.GetProperty("flops").GetInt64() / 1.08e9, .97, 1.03);
        Assert.InRange(report.GetProperty("parameters").GetInt64() / 0.91e6, .99, 1.01);
        Assert.Empty(report.GetProperty("withoutRule").EnumerateArray());
    }

    /// <summary>A smaller picture shows less, but what is plainest in it stays where it is.</summary>
    [SkippableTheory]
    [InlineData("yolox_nano", 320)]
    [InlineData("yolox_nano", 192)]
    [InlineData("fastestdet", 320)]
    [InlineData("fastestdet", 192)]
    [InlineData("yolov8n_dequant_fp32", 320)]
    [InlineData("yolov8n_dequant_fp32", 192)]
    public void A_detector_exported_at_one_size_sees_at_another(string name, int size)
    {
        var model = Model(name);
        var best = See(model).Detections[0];
        var smaller = See(model.At(size, size)).Detections;
        Assert.Contains(smaller, d => d.Class == best.Class && d.Box.IouWith(best.Box) > 0.5f);
    }

    [SkippableFact]
    public void Anchors_that_are_constants_of_the_model_forbid_another_size()
    {
        var model = Model("ultraface_rfb_320");
        var fault = Assert.Throws<InvalidDataException>(() => model.At(160, 128));
        Assert.Contains("are no places or strides of grid cells", fault.Message, StringComparison.Ordinal);
        Assert.Contains("4420 numbers", fault.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("yolox_nano")]
    [InlineData("fastestdet")]
    [InlineData("yolov8n_dequant_fp32")]
    [InlineData("ultraface_rfb_320")]
    public void Scores_in_the_graph_are_those_that_the_head_reads(string name)
    {
        var model = Model(name);
        var onnx = OnnxModel.Read(model.Onnx, name);
        var graph = new GraphBuilder(Onnx.Editing.Upgrade.To17(onnx));
        graph.Output("score graph", ScoreGraph.Of(graph, model.Card));
        using var run = TensorRun.Open(name, graph.Model, OnCpu);
        var input = DrawnInputs.Of(onnx, seed: 2, 0, 255 * model.Card.Input.Scale)[0];
        var outputs = run.Run([input]);
        using var session = OnnxSession.Open(name, model.Onnx, OnCpu);
        var (head, indexes) = Heads.Create(model.Card, session.Outputs);
        float[][] raw = [.. indexes.Select(i => outputs[session.Outputs[i].Name].Floats())];
        var candidates = new Candidates(100_000);
        head.Read(new HeadTensors(raw[0], raw.Length > 1 ? raw[1] : default), new Reading(0.001f, EveryClass: true),
            candidates);
        float[] told = [.. candidates.Found.ToArray().Select(d => d.Score).OrderDescending()];
        float[] scores = [.. outputs["score graph"].Floats().Where(s => s >= 0.001f).OrderDescending()];
        // Scores at the limit itself may fall to either side.
        Assert.InRange(scores.Length, told.Length * 0.99 - 1, told.Length * 1.01 + 1);
        for (int i = 0; i < Math.Min(told.Length, scores.Length); i++) Assert.Equal(told[i], scores[i], 1e-4f);
    }

    [SkippableTheory]
    [InlineData("yolox_nano")]
    [InlineData("fastestdet")]
    public void A_probe_gives_the_slope_of_the_utility_beside_the_outputs(string name)
    {
        var model = Model(name).At(192, 192);
        var onnx = OnnxModel.Read(model.Onnx, name);
        string output = onnx.Graph.Outputs[0].Name;
        string folder = Directory.CreateTempSubdirectory("kept-").FullName;
        try
        {
            var wishes = new GradientWishes { Outputs = [output], Kept = (folder, "U of all at .05") };
            using var probe = GradientSession.Open(name, onnx, ScoreGraph.Utility(model.Card, 0.05f), wishes);
            using var plain = OnnxSession.Open(name, model.Onnx, OnCpu);
            var drawn = DrawnInputs.Of(onnx, 4, 0, 255 * model.Card.Input.Scale)[0].Floats();
            drawn.CopyTo(probe.Input());
            drawn.CopyTo(plain.Input(0));
            probe.RunAsync().GetAwaiter().GetResult();
            plain.Run();
            float largest = plain.Output(0).ToArray().Max(MathF.Abs);
            Assert.All(probe.Output(output).ToArray().Zip(plain.Output(0).ToArray()),
                p => Assert.Equal(p.Second, p.First, 1e-3f * largest));
            Assert.Contains(probe.Gradient().ToArray(), g => g != 0);
            Assert.All(probe.Gradient().ToArray(), g => Assert.True(float.IsFinite(g)));
            Assert.Single(Directory.GetFiles(folder));

            // The same wishes find the file; nothing else is written.
            using var again = GradientSession.Open(
                name, onnx, _ => throw new InvalidOperationException("made anew"), wishes);
            Assert.Equal(probe.Nodes, again.Nodes);
        }
        finally { Directory.Delete(folder, true); }
    }
}
