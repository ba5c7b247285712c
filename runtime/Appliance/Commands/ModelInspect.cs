using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Sessions;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What <c>model inspect</c> tells. What is not known, as a cost with an open size, is null.</summary>
/// <param name="Macs">of convolutions and matrix products</param>
/// <param name="Flops">twice that, and one for each of <paramref name="Elements"/></param>
/// <param name="Elements">computed one by one by all other operators</param>
/// <param name="WithoutRule">nodes through which no gradient can be taken</param>
/// <param name="OpenSizes">nodes whose sizes are open</param>
sealed record ModelReport(
    string File, long Bytes, string Producer, long Opset, ImmutableArray<string> Inputs, ImmutableArray<string> Outputs,
    long Parameters, long ParameterBytes, long? Macs, long? Flops, long? Elements, long? ActivationBytes,
    long? PeakBytes,
    ImmutableArray<OperatorReport> Operators, ImmutableArray<string> WithoutRule, ImmutableArray<string> OpenSizes,
    TimesReport? Times);

/// <summary>All nodes of one operator.</summary>
sealed record OperatorReport(string Op, int Count, long Macs, long Elements);

/// <summary>
/// Where the time goes, in milliseconds a run. Nodes are those of the graph as it runs, where some are fused.
/// </summary>
sealed record TimesReport(
    string Provider, int Threads, int Runs, double RunMs, ImmutableArray<LayerReport> ByOperator,
    ImmutableArray<LayerReport> ByNode);

sealed record LayerReport(string Name, string Op, int Count, double Ms, double Part);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ModelReport))]
sealed partial class ModelReportJson : JsonSerializerContext;

/// <summary><c>model inspect</c>: what is in a model, what it costs, where its time goes.</summary>
static class ModelInspect
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command(
            "inspect", "Operators, parameters, costs, missing gradient rules, time of each layer.");
        var file = new Argument<string>("FILE") { Description = "an ONNX file, or a model's folder" };
        var runs = new Option<int>("--runs")
        {
            Description = "runs measured; 0: none",
            DefaultValueFactory = _ => 10,
        };
        var top = new Option<int>("--top") { Description = "nodes told by time", DefaultValueFactory = _ => 10 };
        var shared = new ModelWords();
        command.Add(file);
        command.Add(runs);
        command.Add(top);
        shared.AddTo(command);
        command.SetAction((words, stop) =>
        {
            string path = ModelWords.FileOf(words.GetValue(file)!);
            var model = shared.Load(words, path);
            var report = Report(path, model);
            if (words.GetValue(runs) > 0 && report.OpenSizes.IsEmpty)
            {
                var times = Times(path, model, shared.Wishes(words), words.GetValue(runs), errors, stop);
                report = report with { Times = Reported(times, shared.Wishes(words).ThreadsHere, words.GetValue(top)) };
            }

            if (words.GetValue(shared.Json))
                output.WriteLine(JsonSerializer.Serialize(report, ModelReportJson.Default.ModelReport));
            else Write(report, output);
            return Task.FromResult(ExitStatus.Ok);
        });
        return command;
    }

    static ModelReport Report(string path, OnnxModel model)
    {
        var cost = ModelCost.Of(model);
        var costs = cost.Nodes.ToLookup(n => n.Op, StringComparer.Ordinal);
        return new ModelReport(
            Path.GetFileName(path), new FileInfo(path).Length, $"{model.Producer} {model.ProducerVersion}".Trim(),
            model.Opset,
            [.. ModelWords.Inputs(model).Select(Text)], [.. model.Graph.Outputs.Select(Text)],
            cost.Parameters, cost.ParameterBytes, cost.Macs, cost.Flops, cost.Elements, cost.ActivationBytes,
            cost.PeakBytes,
            [.. model.Graph.Nodes.GroupBy(n => n.Op, StringComparer.Ordinal).OrderByDescending(g => g.Count())
                .ThenBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => new OperatorReport(
                    g.Key, g.Count(), costs[g.Key].Sum(c => c.Macs), costs[g.Key].Sum(c => c.Elements)))],
            [.. ModelWords.Told(path, () => GradientGraph.WithoutRule(model))], [.. cost.Unknown], null);
    }

    static string Text(TypedValue value) =>
        $"{value.Name} {value.Type} {(value.Shape is { } s ? string.Join('x', s) : "?")}";

    static LayerTimes Times(
        string path, OnnxModel model, SessionWishes wishes, int runs, TextWriter errors, CancellationToken stop)
    {
        int done = 0;
        using var progress = new Progress(
            errors, TimeSpan.FromSeconds(5), () => $"{Path.GetFileName(path)}: run {done} of {runs}");
        return LayerTimes.Measure(path, model, DrawnInputs.Of(model, seed: 1), wishes, runs, run => done = run, stop);
    }

    static TimesReport Reported(LayerTimes times, int threads, int top)
    {
        double all = times.Layers.Sum(l => l.Each.TotalMilliseconds);
        return new TimesReport(times.Provider.InSettings(), threads, times.Runs,
            Math.Round(times.Run.TotalMilliseconds, 3),
            [.. times.Layers.GroupBy(l => l.Op, StringComparer.Ordinal).Select(g => Reported("", g, all))
                .OrderByDescending(l => l.Ms)],
            [.. times.Layers.Select(l => Reported(l.Name, [l], all)).OrderByDescending(l => l.Ms).Take(top)]);
    }

    static LayerReport Reported(string name, IEnumerable<LayerTime> layers, double all)
    {
        LayerTime[] each = [.. layers];
        double ms = each.Sum(l => l.Each.TotalMilliseconds);
        return new LayerReport(name, each[0].Op, each.Length, Math.Round(ms, 3), all > 0 ? Math.Round(ms / all, 4) : 0);
    }

    static void Write(ModelReport report, TextWriter to)
    {
        to.WriteLine(Table.Invariant(
            $"{report.File}: {Scaled.Bytes(report.Bytes)}, operator set {report.Opset}, by {report.Producer}"));
        var table = new Table();
        foreach (string input in report.Inputs) table.Add("input", $"{input}");
        foreach (string output in report.Outputs) table.Add("output", $"{output}");
        table.Add("parameters", $"{Scaled.Count(report.Parameters)} in {Scaled.Bytes(report.ParameterBytes)}");
        if (report.Macs is { } macs)
        {
            string flops = Scaled.Count(report.Flops ?? 0), elements = Scaled.Count(report.Elements ?? 0);
            string all = Scaled.Bytes(report.ActivationBytes ?? 0), most = Scaled.Bytes(report.PeakBytes ?? 0);
            table.Add("a run costs", $"{flops} FLOP = 2 x {Scaled.Count(macs)} MAC + {elements} elements");
            table.Add("activations", $"{all}, at most {most} at once");
        }
        else table.Add("a run costs", $"not known: sizes are open at {report.OpenSizes[0]}: say --size");

        if (report.WithoutRule.IsEmpty) table.Add("gradient", $"every operator has a rule");
        else
        {
            var counted = report.WithoutRule.GroupBy(OpOf).Select(g => $"{g.Count()} {g.First()}");
            table.Add("gradient", $"no rule for {string.Join(", ", counted)}");
        }

        table.Write(to);
        to.WriteLine();
        to.WriteLine("  operator                 nodes        MAC   elements");
        foreach (var op in report.Operators)
            to.WriteLine(Table.Invariant(
                $"  {op.Op,-24} {op.Count,5} {Scaled.Count(op.Macs),10} {Scaled.Count(op.Elements),10}"));
        if (report.Times is { } times) Write(times, to);
    }

    /// <summary>A label begins with its operator.</summary>
    static string OpOf(string label) => label.Split(' ')[0];

    static void Write(TimesReport times, TextWriter to)
    {
        to.WriteLine();
        to.WriteLine(Table.Invariant(
            $"  a run on {times.Provider} with {times.Threads} threads: {times.RunMs:F2} ms (median of {times.Runs})"));
        to.WriteLine("  operator as it runs      nodes         ms   part");
        foreach (var op in times.ByOperator.Where(o => o.Part >= 0.001))
            to.WriteLine(Table.Invariant($"  {op.Op,-24} {op.Count,5} {op.Ms,10:F3} {100 * op.Part,5:F1}%"));
        to.WriteLine(Table.Invariant($"  slowest {times.ByNode.Length} nodes                     ms   part"));
        foreach (var node in times.ByNode)
            to.WriteLine(Table.Invariant(
                $"  {node.Op,-16} {Scaled.Ended(node.Name, 40),-40} {node.Ms,8:F3} {100 * node.Part,5:F1}%"));
    }
}
