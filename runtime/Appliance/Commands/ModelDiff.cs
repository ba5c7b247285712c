using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What <c>model diff</c> tells.</summary>
/// <param name="IsSame">no layer differs by more than the threshold</param>
/// <param name="IsEqual">every number of every layer is the same</param>
/// <param name="FirstAbove">
/// the first layer, in the first model's order, that differs by more; null when none does
/// </param>
/// <param name="Alone">layers of either without a counterpart</param>
sealed record DiffReport(
    string First, string Second, string Input, double Threshold, bool IsSame, bool IsEqual, LayerDifference? FirstAbove,
    IReadOnlyList<string> Alone, IReadOnlyList<LayerDifference> Layers);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DiffReport))]
sealed partial class DiffReportJson : JsonSerializerContext;

/// <summary><c>model diff</c>: two models, or one run in two ways, on the same input, layer by layer.</summary>
static class ModelDiff
{
    sealed class Words
    {
        public Argument<string> First { get; } = new("FILE") { Description = "an ONNX file, or a model's folder" };

        public Argument<string?> Second { get; } = new("OTHER")
        {
            Description = "another; none: the same one, run in another way",
            Arity = ArgumentArity.ZeroOrOne,
        };

        public Option<string?> OtherProvider { get; } = new("--other-provider")
        {
            Description = "for the second; else the same",
        };

        public Option<bool> Optimised { get; } = new("--optimised")
        {
            Description = "the first runs fused, not as written",
        };

        public Option<bool> OtherOptimised { get; } = new("--other-optimised")
        {
            Description = "the second runs fused, not as written",
        };

        public Option<double> Threshold { get; } = new("--threshold")
        {
            Description = "root mean square of the differences as a part of a layer's range: more is another model",
            DefaultValueFactory = _ => 0.1,
        };

        public Option<bool> All { get; } = new("--all") { Description = "tells every layer, not only the worst 10" };
    }

    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command("diff", "Compares two models' layers on an input; ends with 1 when they differ.");
        var own = new Words();
        var given = new GivenInputs();
        var shared = new ModelWords();
        command.Add(own.First);
        command.Add(own.Second);
        Option[] options =
            [own.OtherProvider, own.Optimised, own.OtherOptimised, own.Threshold, own.All];
        foreach (var option in options)
            command.Add(option);
        given.AddTo(command);
        shared.AddTo(command);
        command.SetAction((words, stop) =>
        {
            var report = Compare(words, own, given, shared, errors, stop);
            if (words.GetValue(shared.Json))
                output.WriteLine(JsonSerializer.Serialize(report, DiffReportJson.Default.DiffReport));
            else Write(report, words.GetValue(own.All), output);
            return Task.FromResult(report.IsSame ? ExitStatus.Ok : ExitStatus.Failed);
        });
        return command;
    }

    static DiffReport Compare(
        ParseResult words, Words own, GivenInputs given, ModelWords shared, TextWriter errors, CancellationToken stop)
    {
        string first = words.GetValue(own.First)!, second = words.GetValue(own.Second) ?? first, doing = "reading";
        using var progress = new Progress(errors, TimeSpan.FromSeconds(5), () => doing);
        var a = Compared(first, shared.Load(words, first), shared.Wishes(words), words.GetValue(own.Optimised));
        var wishes = words.GetValue(own.OtherProvider) is { } provider
            ? shared.Wishes(words, provider)
            : shared.Wishes(words);
        var b = Compared(second, shared.Load(words, second), wishes, words.GetValue(own.OtherOptimised));
        var (inputs, told) = given.Of(words, first, a.Model);
        var difference = ModelDifference.Compare(a, b, inputs, what => doing = what, stop);
        double threshold = words.GetValue(own.Threshold);
        var above = difference.FirstAbove(threshold);
        return new DiffReport(Text(a, difference.First), Text(b, difference.Second), told, threshold, above is null,
            difference.Layers.All(l => l.IsEqual), above, difference.Alone, difference.Layers);
    }

    static ComparedModel Compared(string file, OnnxModel model, SessionWishes wishes, bool optimises) =>
        new(Path.GetFileName(ModelWords.FileOf(file)), model, wishes with { Optimises = optimises });

    static string Text(ComparedModel model, Provider provider) =>
        $"{model.Name} on {provider.InSettings()}{(model.Wishes.Optimises ? ", fused" : "")}";

    static void Write(DiffReport report, bool isAll, TextWriter to)
    {
        to.WriteLine($"{report.First} and {report.Second}, input: {report.Input}");
        var shown = isAll ? report.Layers
            : report.Layers.Where(l => !l.IsEqual).OrderByDescending(l => l.Deviation ?? double.MaxValue).Take(10)
                .ToList();
        if (shown.Count > 0)
            to.WriteLine("  operator         value                                     absolute  relative  deviation");
        foreach (var layer in shown)
        {
            to.WriteLine(layer.Fault is { } fault
                ? $"  {layer.Op,-16} {Scaled.Ended(layer.Name, 40),-40} {fault}"
                : Table.Invariant($"  {layer.Op,-16} {Scaled.Ended(layer.Name, 40),-40} {layer.AbsoluteMax,9:G3} ")
                    + Table.Invariant($"{layer.RelativeMax,9:G3} {layer.Deviation,10:G3}"));
        }

        if (report.Alone.Count > 0)
        {
            to.WriteLine($"  {report.Alone.Count} layers have none beside them: "
                + string.Join(", ", report.Alone.Take(5)));
        }

        to.WriteLine(report switch
        {
            { IsEqual: true } => $"{report.Layers.Count} layers, all equal",
            { FirstAbove: { } above } =>
                Table.Invariant($"the first of {report.Layers.Count} layers above {report.Threshold}: ")
                + $"{above.Op} {above.Name} ({above.Fault ?? Table.Invariant($"{above.Deviation:G3}")})",
            _ => Table.Invariant($"{report.Layers.Count} layers, none above {report.Threshold}"),
        });
    }
}
