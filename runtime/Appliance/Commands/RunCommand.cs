using System.CommandLine;
using System.Globalization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>run</c>: the appliance on a camera or a recording.</summary>
static class RunCommand
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command("run", "Runs the appliance: until its recording ends, or until it is told to stop.");
        var settings = new SettingsOptions();
        settings.AddTo(command);
        var folder = new Option<string?>("--out")
        {
            Description = "folder for detections.csv, labels.csv, drawn frames, summary.json and the spool",
        };
        var untilEnd = new Option<bool>("--until-end")
        {
            Description = "ends with the camera's stream instead of waiting for it to come back",
        };
        var noPage = new Option<bool>("--no-page") { Description = "serves no status page" };
        command.Add(folder);
        command.Add(untilEnd);
        command.Add(noPage);
        command.SetAction((words, stop) => RunAsync(
            For(settings.Read(words), words.GetValue(folder), words.GetValue(noPage)), words.GetValue(folder),
            words.GetValue(untilEnd), output, errors, stop));
        return command;
    }

    static async Task<int> RunAsync(
        ApplianceSettings settings, string? folder, bool untilEnd, TextWriter output, TextWriter errors,
        CancellationToken stop)
    {
        using var logs = ConsoleLog.Create(LogLevel.Information);
        await using var outfit = await Outfit.OpenAsync(
            settings, folder, untilEnd, logs.CreateLogger("edge-appliance"), stop);
        await outfit.ServeAsync();
        if (outfit.StatusUrl is { } url) output.WriteLine($"status page: {url}");
        if (outfit.Uplink is null) output.WriteLine($"no broker set: samples stay in {settings.Spool.Folder}");
        string Line() => LineOf(outfit.Snapshot());
        using (new Progress(errors, TimeSpan.FromSeconds(5), Line)) await outfit.RunAsync(stop);
        Summaries.Finish(outfit, folder, output);
        return ExitStatus.Ok;
    }

    static ApplianceSettings For(ApplianceSettings settings, string? folder, bool hasNoPage)
    {
        if (settings.Camera.Uri is null) throw new SettingsException(["camera.uri is missing: or say --camera URI"]);
        if (hasNoPage) settings = settings with { Status = settings.Status with { Enabled = false } };
        return folder is null
            ? settings
            : settings with { Spool = settings.Spool with { Folder = Path.Combine(folder, "spool") } };
    }

    public static string LineOf(Snapshot now) => string.Create(CultureInfo.InvariantCulture,
        $"{now.UptimeS:F0} s  {now.Links[1].Taken} frames  {now.Stages[1].PerSecond ?? 0:F1}/s  {now.Tracks} tracks  "
        + $"{now.Samples.Labels} labels  {now.Samples.Stored} spooled  {now.Samples.Acknowledged ?? 0} acknowledged");
}
