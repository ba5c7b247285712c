using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json.Nodes;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>calibrate</c>: where anchors and camera are, worked out and written into one file.</summary>
static class CalibrateCommand
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command(
            "calibrate", "Works out where anchors and camera are (docs/calibration.md), a part of one file a step.");
        command.Add(CalibrateAnchors.Create(output));
        command.Add(CalibrateCamera.Create(output, errors));
        command.Add(CalibrateClock.Create(output));
        command.Add(CalibratePower.PathLoss(output));
        command.Add(CalibratePower.Fingerprints(output));
        command.Add(CalibrateCheck.Create(output));
        return command;
    }
}

/// <summary>Where a part of the calibration goes.</summary>
sealed class CalibrationWords
{
    readonly Option<string> _out = new("--out")
    {
        Description = "the calibration; other parts of it stay as they are",
        DefaultValueFactory = _ => "calibration.json",
    };

    readonly Option<bool> _replace = new("--replace") { Description = "keeps no copy (.1) of what was there before" };

    readonly Option<string?> _plot = new("--plot") { Description = "an SVG of the residuals" };

    public void AddTo(Command command)
    {
        command.Add(_out);
        command.Add(_replace);
        command.Add(_plot);
    }

    public string File(ParseResult words) => words.GetValue(_out)!;

    public string? Plot(ParseResult words) => words.GetValue(_plot);

    /// <summary>What is there already, or an empty one; its faults are told before any work is done.</summary>
    public CalibrationFile Open(ParseResult words, List<string> faults)
    {
        string path = words.GetValue(_out)!;
        if (!System.IO.File.Exists(path)) return new CalibrationFile();
        if (CalibrationFile.TryLoad(path, out var found) is { } file) return file;
        faults.AddRange(found);
        return new CalibrationFile();
    }

    public void Save(
        ParseResult words, CalibrationFile file, string name, IEnumerable<string> inputs,
        IEnumerable<(string Name, double Value)> figures, JsonObject values, TextWriter output)
    {
        var sorted = figures.ToImmutableSortedDictionary(
            figure => figure.Name, figure => figure.Value, StringComparer.Ordinal);
        file.Put(new CalibrationPart(
            name, DateTimeOffset.UtcNow, $"edge-appliance {ProgramVersion.Text}",
            [.. inputs.Select(CalibrationInput.Of)], sorted, values));
        string path = words.GetValue(_out)!;
        file.Save(path, words.GetValue(_replace));
        output.WriteLine($"{name} written to {Path.GetFullPath(path)}");
    }

    /// <exception cref="SettingsException">every fault at once</exception>
    public static void Tell(List<string> faults)
    {
        if (faults.Count > 0) throw new SettingsException(faults);
    }
}
