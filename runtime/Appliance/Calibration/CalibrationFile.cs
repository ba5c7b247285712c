using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>A file a part of the calibration was worked out from.</summary>
sealed record CalibrationInput(string Name, long Bytes, string Sha256)
{
    public static CalibrationInput Of(string path)
    {
        using var stream = File.OpenRead(path);
        return new CalibrationInput(
            Path.GetFileName(path), stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }
}

/// <summary>One part of a calibration: what was found, how well it fits, of what and when.</summary>
/// <param name="Name">camera, anchors, pathLoss or clock</param>
/// <param name="Figures">how well it fits, by name with the unit: rmsPx, medianPx, rmsM</param>
/// <param name="Values">what was found; each part's own, docs/calibration.md</param>
sealed record CalibrationPart(
    string Name, DateTimeOffset At, string Program, ImmutableArray<CalibrationInput> Inputs,
    ImmutableSortedDictionary<string, double> Figures, JsonObject Values);

/// <summary>
/// The one file of a site's calibration: JSON, version 1, a part a step. Written whole beside its place and moved
/// there, so that no reader ever sees half of it.
/// </summary>
sealed class CalibrationFile
{
    static readonly JsonWriterOptions Indented = new() { Indented = true };

    readonly SortedDictionary<string, CalibrationPart> _parts = new(StringComparer.Ordinal);

    /// <summary>By name, in order.</summary>
    public IReadOnlyDictionary<string, CalibrationPart> Parts => _parts;

    public void Put(CalibrationPart part) => _parts[part.Name] = part;

    /// <summary>Null when there are faults: one line each, with the file and the key's path.</summary>
    public static CalibrationFile? TryLoad(string path, out ImmutableArray<string> faults)
    {
        var file = new CalibrationFile();
        var found = Fusion.JsonFields.Read(path, root =>
        {
            var parts = root.Object("parts");
            foreach (string name in PartNames) if (parts.Has(name)) file.Put(ReadPart(parts.Object(name), name));
            parts.Done();
            return file;
        }, out var told);
        faults = [.. told.Select(fault => $"{path}: {fault}")];
        return found;
    }

    /// <summary>The parts there may be.</summary>
    public static ImmutableArray<string> PartNames { get; } = ["anchors", "camera", "clock", "pathLoss"];

    /// <summary>
    /// Writes the file. One that is there already is kept beside it as <c>.1</c>, unless it may be replaced.
    /// </summary>
    /// <exception cref="IOException">the folder cannot be written</exception>
    public void Save(string path, bool replaces)
    {
        string full = Path.GetFullPath(path), beside = full + ".new";
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        using (var stream = File.Create(beside))
        {
            using (var writer = new Utf8JsonWriter(stream, Indented)) ToJson().WriteTo(writer);
            stream.Write("\n"u8);
            stream.Flush(flushToDisk: true);
        }

        if (File.Exists(full) && !replaces) File.Copy(full, full + ".1", overwrite: true);
        File.Move(beside, full, overwrite: true);
    }

    JsonObject ToJson()
    {
        var parts = new JsonObject();
        foreach (var (name, part) in _parts)
        {
            var inputs = new JsonArray();
            foreach (var input in part.Inputs)
            {
                inputs.Add((JsonNode)new JsonObject
                {
                    ["file"] = input.Name,
                    ["bytes"] = input.Bytes,
                    ["sha256"] = input.Sha256,
                });
            }

            var figures = new JsonObject();
            foreach (var (figure, value) in part.Figures) figures[figure] = Math.Round(value, 6);
            parts[name] = new JsonObject
            {
                ["at"] = part.At.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                ["program"] = part.Program,
                ["inputs"] = inputs,
                ["residuals"] = figures,
                ["values"] = part.Values.DeepClone(),
            };
        }

        return new JsonObject { ["version"] = 1, ["parts"] = parts };
    }

    static CalibrationPart ReadPart(Fusion.JsonFields part, string name)
    {
        string at = part.Text("at");
        if (!DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            && at.Length > 0) part.Fault(part.Path("at"), $"is '{at}': an instant as 2026-01-31T12:00:00Z");
        var inputs = ImmutableArray.CreateBuilder<CalibrationInput>();
        foreach (var input in part.Objects("inputs", isOptional: true))
        {
            inputs.Add(new CalibrationInput(
                input.Text("file"), (long)input.Number("bytes", 0, 1e15), input.Text("sha256")));
            input.Done();
        }

        string program = part.Text("program");
        return new CalibrationPart(
            name, instant, program, inputs.DrainToImmutable(), part.Figures("residuals"), part.Node("values"));
    }
}
