using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Sessions;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What <c>model gradient</c> tells. Times are medians in milliseconds; null: not measured.</summary>
/// <param name="Target">what is differentiated</param>
sealed record GradientReport(
    string File, string Out, string Target, IReadOnlyList<string> RespectTo, int ForwardNodes, int Nodes,
    long ForwardBytes,
    long Bytes, string Provider, int Threads, double? ForwardMs, double? GradientMs, double? Ratio);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(GradientReport))]
sealed partial class GradientReportJson : JsonSerializerContext;

/// <summary><c>model gradient</c>: writes the model that gives a utility and its gradients.</summary>
static class ModelGradient
{
    sealed class Words
    {
        public Argument<string> File { get; } = new("FILE") { Description = "an ONNX file, or a model's folder" };

        public Option<string> Out { get; } = new("--out")
        {
            Description = "the gradient model to write",
            Required = true,
        };

        public Option<string[]> RespectTo { get; } = new("--respect-to")
        {
            Description = "an input or a constant; may be given again (none: every input)",
            DefaultValueFactory = _ => [],
        };

        public Option<string?> Target { get; } = new("--target")
        {
            Description = "the value whose sum is differentiated; else the utility of the model's card",
        };

        public Option<float?> Threshold { get; } = new("--threshold")
        {
            Description = "of the utility; else the card's",
        };

        public Option<float> Slope { get; } = new("--slope")
        {
            Description = "of the utility",
            DefaultValueFactory = _ => 20,
        };

        public Option<string[]> Class { get; } = new("--class")
        {
            Description = "only this class counts, by its name on the card; may be given again",
            DefaultValueFactory = _ => [],
        };

        public Option<int> Runs { get; } = new("--runs")
        {
            Description = "runs measured; 0: none",
            DefaultValueFactory = _ => 5,
        };
    }

    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command("gradient", "Writes the model that gives a utility and its gradients.");
        var own = new Words();
        var shared = new ModelWords();
        command.Add(own.File);
        Option[] options =
            [own.Out, own.RespectTo, own.Target, own.Threshold, own.Slope, own.Class, own.Runs];
        foreach (var option in options)
            command.Add(option);
        shared.AddTo(command);
        command.SetAction((words, stop) =>
        {
            var report = Make(words, own, shared, errors, stop);
            if (words.GetValue(shared.Json))
                output.WriteLine(JsonSerializer.Serialize(report, GradientReportJson.Default.GradientReport));
            else Write(report, output);
            return Task.FromResult(ExitStatus.Ok);
        });
        return command;
    }

    static GradientReport Make(
        ParseResult words, Words own, ModelWords shared, TextWriter errors, CancellationToken stop)
    {
        string path = ModelWords.FileOf(words.GetValue(own.File)!), into = words.GetValue(own.Out)!, doing = "reading";
        using var progress = new Progress(errors, TimeSpan.FromSeconds(5), () => $"{Path.GetFileName(path)}: {doing}");
        var model = shared.Load(words, path);
        var (target, utility) = Utility(words, own, model);
        doing = "differentiating";
        var gradient = ModelWords.Told(path, () => GradientGraph.Of(model, utility,
            new GradientWishes
            {
                RespectTo = words.GetValue(own.RespectTo)!,
                UsesInside = words.GetValue(own.Target) is not null,
            }));
        doing = "opening";
        var wishes = shared.Wishes(words);
        using var backward = TensorRun.Open(into, gradient, wishes);
        gradient.Save(into);
        int runs = words.GetValue(own.Runs);
        double? forwardMs = null, gradientMs = null;
        if (runs > 0 && ModelWords.Inputs(model).All(i => i.Shape?.All(d => d.Known is not null) == true))
        {
            doing = "measuring";
            var inputs = DrawnInputs.Of(model, seed: 1);
            using var forward = TensorRun.Open(path, model, wishes);
            (forwardMs, gradientMs) = Measure(forward, backward, inputs, runs, stop);
        }

        return new GradientReport(path, into, target,
            [.. gradient.Graph.Outputs.Select(o => o.Name).Where(IsGradient)
                .Select(n => n[GradientGraph.GradientOf("").Length..])],
            model.Graph.Nodes.Count, gradient.Graph.Nodes.Count, new FileInfo(path).Length, new FileInfo(into).Length,
            backward.Provider.InSettings(), wishes.ThreadsHere, forwardMs, gradientMs,
            forwardMs is { } there and > 0 && gradientMs is { } back ? Math.Round(back / there, 2) : null);
    }

    static bool IsGradient(string output) => output.StartsWith(GradientGraph.GradientOf(""), StringComparison.Ordinal);

    static (string Text, Func<GraphBuilder, Value> Make) Utility(ParseResult words, Words own, OnnxModel model)
    {
        if (words.GetValue(own.Target) is { } target)
            return ($"sum of {target}", graph => graph[target]);
        var card = ModelFolder.Load(words.GetValue(own.File)!).Card;
        float threshold = words.GetValue(own.Threshold) ?? card.Thresholds.Score, slope = words.GetValue(own.Slope);
        string[] names = words.GetValue(own.Class)!;
        int[] classes = [.. names.Select(n => card.Classes.IndexOf(n) is var at and >= 0 ? at
            : throw new InvalidDataException($"--class {n}: {card.Name} knows {string.Join(", ", card.Classes)}"))];
        string of = classes.Length == 0 ? "" : $" of {string.Join(", ", names)}";
        return (Table.Invariant($"sum of sigmoid({slope} (score - {threshold})){of}, head {card.Output.Head}"),
            ScoreGraph.Utility(card, threshold, classes.Length == 0 ? null : classes, slope));
    }

    /// <summary>One after the other in turns, so that a machine that grows warm or busy favours neither.</summary>
    static (double Forward, double Gradient) Measure(
        TensorRun forward, TensorRun backward, IReadOnlyList<OnnxTensor> inputs, int runs, CancellationToken stop)
    {
        List<double> there = [], back = [];
        for (int i = 0; i <= runs; i++)
        {
            stop.ThrowIfCancellationRequested();
            forward.Run(inputs);
            backward.Run(inputs);
            if (i == 0) continue;
            there.Add(forward.LastRun.TotalMilliseconds);
            back.Add(backward.LastRun.TotalMilliseconds);
        }

        there.Sort();
        back.Sort();
        return (Math.Round(there[runs / 2], 3), Math.Round(back[runs / 2], 3));
    }

    static void Write(GradientReport report, TextWriter to)
    {
        to.WriteLine($"{report.Out}: ONNX Runtime opens it");
        var table = new Table()
            .Add("target", $"{report.Target}")
            .Add("gradient of", $"{string.Join(", ", report.RespectTo)}")
            .Add("nodes", $"{report.ForwardNodes} -> {report.Nodes}")
            .Add("size", $"{Scaled.Bytes(report.ForwardBytes)} -> {Scaled.Bytes(report.Bytes)}");
        if (report.Ratio is { } ratio)
        {
            string where = Table.Invariant($"{report.Provider}, {report.Threads} threads");
            table.Add("a run",
                $"{report.ForwardMs:F2} ms -> {report.GradientMs:F2} ms ({ratio:F2} x, forward included), {where}");
        }

        table.Write(to);
    }
}
