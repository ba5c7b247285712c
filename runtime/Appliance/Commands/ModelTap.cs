using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What <c>model tap</c> tells.</summary>
sealed record TapReport(string File, string Out, IReadOnlyList<string> Taps, long Bytes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(TapReport))]
sealed partial class TapReportJson : JsonSerializerContext;

/// <summary><c>model tap</c>: values in the middle of a model as outputs too.</summary>
static class ModelTap
{
    /// <summary>
    /// For an expression that backtracks without end; the names of a model are matched in well under 1 ms.
    /// </summary>
    static readonly TimeSpan MatchMost = TimeSpan.FromSeconds(1);

    public static Command Create(TextWriter output)
    {
        var command = new Command("tap", "Writes the model with values in the middle as outputs too.");
        var file = new Argument<string>("FILE") { Description = "an ONNX file, or a model's folder" };
        var names = new Option<string[]>("--name")
        {
            Description = "a value; may be given again",
            DefaultValueFactory = _ => [],
        };
        var match = new Option<string?>("--match")
        {
            Description = "values whose name or operator matches this regular expression",
        };
        var all = new Option<bool>("--all") { Description = "every value of a float type" };
        var to = new Option<string>("--out") { Description = "the model to write", Required = true };
        var shared = new ModelWords();
        foreach (Symbol symbol in (Symbol[])[file, names, match, all, to])
        {
            if (symbol is Argument argument) command.Add(argument);
            else command.Add((Option)symbol);
        }

        shared.AddTo(command, runs: false);
        command.Validators.Add(words =>
        {
            if (words.GetResult(names) is null or { Implicit: true } && words.GetResult(match) is null
                && !words.GetValue(all))
                words.AddError("say what to tap: --name VALUE, --match EXPRESSION or --all");
        });
        command.SetAction(words =>
        {
            string path = ModelWords.FileOf(words.GetValue(file)!), into = words.GetValue(to)!;
            var model = shared.Load(words, path);
            string[] taps = ModelWords.Told(
                path, () => Chosen(model, words.GetValue(names)!, words.GetValue(match), words.GetValue(all)));
            var tapped = ModelWords.Told(path, () => Taps.Add(model, taps));
            using (TensorRun.Open(into, tapped, shared.Wishes(words, "cpu"))) { } // it loads, or this says why not
            tapped.Save(into);
            var report = new TapReport(path, into, taps, new FileInfo(into).Length);
            if (words.GetValue(shared.Json))
                output.WriteLine(JsonSerializer.Serialize(report, TapReportJson.Default.TapReport));
            else Write(report, tapped, output);
            return ExitStatus.Ok;
        });
        return command;
    }

    static string[] Chosen(OnnxModel model, string[] names, string? match, bool isAll)
    {
        var facts = ShapeInference.Infer(model);
        var outputs = model.Graph.Outputs.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        var values = model.Graph.Nodes.Where(n => n.Op != "Constant").SelectMany(n => n.Outputs.Where(o => o.Length > 0)
            .Select(o => (Name: o, n.Op))).Where(v => !outputs.Contains(v.Name)
                && facts.GetValueOrDefault(v.Name)?.Type.IsReal() == true).ToList();
        var expression = match is null ? null : new Regex(match, RegexOptions.CultureInvariant, MatchMost);
        string[] chosen = [.. names.Concat(values.Where(v => isAll || expression?.IsMatch(v.Name) == true
            || expression?.IsMatch(v.Op) == true).Select(v => v.Name)).Distinct(StringComparer.Ordinal)];
        return chosen.Length > 0 ? chosen : throw new ArgumentException($"no value of a float type matches '{match}'");
    }

    static void Write(TapReport report, OnnxModel tapped, TextWriter to)
    {
        var shapes = tapped.Graph.Outputs.ToDictionary(o => o.Name, o => o.Shape, StringComparer.Ordinal);
        foreach (string tap in report.Taps)
            to.WriteLine($"  {tap}  {(shapes.GetValueOrDefault(tap) is { } s ? string.Join('x', s) : "?")}");
        to.WriteLine($"{report.Out}: {report.Taps.Count} outputs more, {Scaled.Bytes(report.Bytes)}");
    }
}
