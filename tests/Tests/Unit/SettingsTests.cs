using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Tests.Unit;

public sealed class SettingsTests
{
    [Fact]
    public void Three_faults_are_told_at_once_with_their_keys()
    {
        SettingsFile.Parse("""
            {
              // a comment is fine
              "camera": { "uri": "ftp://x", "widthMax": "wide" },
              "statsu": { "port": 1 },
              "mqtt": { "port": 99999, },
            }
            """, out var faults);
        Assert.Equal(4, faults.Count);
        Assert.Contains(
            faults, f => f.StartsWith("camera.uri is ftp://x: unknown kind of camera", StringComparison.Ordinal));
        Assert.Contains("camera.widthMax is \"wide\": a whole number expected", faults);
        Assert.Contains(
            faults, f => f.StartsWith("statsu: no such key; there are device, camera", StringComparison.Ordinal));
        Assert.Contains("mqtt.port is 99999: 1 to 65535", faults);
    }

    [Fact]
    public void A_password_in_an_address_is_not_told()
    {
        SettingsFile.Parse("""{ "camera": { "uri": "http://me:secret@10.0.0.7/" } }""", out var faults);
        Assert.DoesNotContain("secret", Assert.Single(faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{ \"device\": ", "line 1")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{\n\"device\": \"a\",\n\"device\": \"b\" }", "device")]
    [InlineData("{ \"camera\": 5 }", "camera is 5: { … } expected")]
    [InlineData("{ \"camera\": null }", "camera is null")]
    [InlineData("{ \"camera\": { \"timeoutS\": true } }", "camera.timeoutS is true: a number expected")]
    [InlineData("{ \"status\": { \"enabled\": 1 } }", "status.enabled is 1: true or false expected")]
    [InlineData("{ \"device\": \"a/b\" }", "device is 'a/b'")]
    [InlineData("{ \"Camera\": { } }", "Camera: no such key")]
    public void What_is_wrong_is_said_in_the_files_own_words(string json, string told)
    {
        SettingsFile.Parse(json, out var faults);
        Assert.Contains(told, Assert.Single(faults), StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_have_no_fault()
    {
        var settings = SettingsFile.Parse("{}", out var faults);
        Assert.Empty(faults);
        var json = SettingsJson.Default.ApplianceSettings;
        Assert.Equal(JsonSerializer.Serialize(new ApplianceSettings(), json), JsonSerializer.Serialize(settings, json));
    }

    [Fact]
    public void Relative_paths_start_at_the_files_own_folder()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string file = Path.Combine(folder, "appliance.json");
            File.WriteAllText(file, """{ "spool": { "folder": "kept" } }""");
            var settings = SettingsFile.Read(file, out var faults);
            Assert.Empty(faults);
            Assert.Equal(Path.Combine(folder, "kept"), settings.Spool.Folder);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void Every_key_is_documented_with_its_default()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(SharedData.Root, "docs", "settings.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        var defaults = JsonSerializer.SerializeToNode(
            new ApplianceSettings(), SettingsJson.Default.ApplianceSettings)!.AsObject();
        var wanted = Keys(defaults, "").Select(key => $"| `{key.Path}` | `{key.Value}` | ").ToList();
        var missing = wanted.Where(want => !rows.Any(row => row.StartsWith(want, StringComparison.Ordinal)));
        Assert.True(!missing.Any(), "docs/settings.md lacks:\n" + string.Join('\n', missing));
        Assert.Equal(wanted.Count, rows.Length);
        Assert.All(rows, row => Assert.True(row.Split('|')[3].Trim().Length > 10, $"says nothing: {row}"));
    }

    static IEnumerable<(string Path, string Value)> Keys(JsonObject node, string path) =>
        node.SelectMany(pair => pair.Value is JsonObject { Count: > 0 } inner
            ? Keys(inner, $"{path}{pair.Key}.")
            : [($"{path}{pair.Key}", Shown(pair.Value))]);

    /// <summary>As JSON; a path beside the program without the part that differs from machine to machine.</summary>
    static string Shown(JsonNode? value) =>
        value?.ToJsonString().Replace(AppContext.BaseDirectory, "", StringComparison.Ordinal) ?? "null";
}
