using System.CommandLine;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What one check came to.</summary>
/// <param name="State"><c>ok</c>, <c>fault</c>, or <c>not set</c>: nothing is configured, nothing is wrong</param>
/// <param name="Remedy">what to do about a fault; null without one</param>
sealed record Finding(string Name, string State, string Text, string? Remedy)
{
    public static Finding Ok(string name, string text) => new(name, "ok", text, null);

    public static Finding Fault(string name, string text, string remedy) => new(name, "fault", text, remedy);

    public static Finding NotSet(string name, string text) => new(name, "not set", text, null);

    [JsonIgnore]
    public bool IsFault => State == "fault";
}

/// <summary>All checks, as <c>doctor --json</c> prints them.</summary>
sealed record Diagnosis(string Version, bool Ok, ImmutableArray<Finding> Findings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Diagnosis))]
sealed partial class DoctorJson : JsonSerializerContext;

/// <summary><c>doctor</c>: whether everything a run needs is there, a line a check, with the remedy.</summary>
static class DoctorCommand
{
    public static Command Create(TextWriter output)
    {
        var command = new Command("doctor", "Checks everything a run needs: each line ok or fault, with the remedy.");
        var settings = new SettingsOptions();
        settings.AddTo(command);
        var json = new Option<bool>("--json") { Description = "as JSON" };
        command.Add(json);
        command.SetAction(async (words, stop) =>
        {
            var findings = await Checkup.RunAsync(settings.Read(words), stop);
            bool isOk = !findings.Any(finding => finding.IsFault);
            if (words.GetValue(json))
            {
                output.WriteLine(JsonSerializer.Serialize(
                    new Diagnosis(ProgramVersion.Text, isOk, [.. findings]), DoctorJson.Default.Diagnosis));
            }
            else Write(findings, output);
            return isOk ? ExitStatus.Ok : ExitStatus.Failed;
        });
        return command;
    }

    static void Write(IReadOnlyList<Finding> findings, TextWriter to)
    {
        int width = findings.Max(finding => finding.Name.Length);
        foreach (var finding in findings)
        {
            to.WriteLine($"{finding.State.PadRight(7)}  {finding.Name.PadRight(width)}  {finding.Text}");
            if (finding.Remedy is { } remedy) to.WriteLine($"{new string(' ', 9 + width)}  -> {remedy}");
        }
    }
}
