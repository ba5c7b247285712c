using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>Reads settings and tells every fault at once: unknown keys, wrong types, values out of range.</summary>
static class SettingsFile
{
    static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    /// <param name="faults">
    /// What the file says and no settings can hold. Values are not judged yet: words of the command line go before
    /// them, and only the whole can be right or wrong.
    /// </param>
    /// <returns>the settings as far as they could be read; defaults where a key was faulty</returns>
    /// <exception cref="IOException">the file cannot be read</exception>
    public static ApplianceSettings Read(string path, out IReadOnlyList<string> faults)
    {
        var found = new List<string>();
        faults = found;
        return Take(File.ReadAllText(path), found).RelativeTo(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <param name="faults">empty when the settings can be used; each begins with the key's path</param>
    public static ApplianceSettings Parse(string json, out IReadOnlyList<string> faults)
    {
        var found = new List<string>();
        faults = found;
        var settings = Take(json, found);
        found.AddRange(settings.Faults());
        return settings;
    }

    static ApplianceSettings Take(string json, List<string> faults)
    {
        var settings = new ApplianceSettings();
        if (ParseObject(json, faults) is not { } root) return settings;

        Walk(root, SettingsJson.Default.ApplianceSettings, "", faults);
        // Generated readers give an init property that is not in the file null, not its default: so every key is laid
        // there.
        var whole = JsonSerializer.SerializeToNode(settings, SettingsJson.Default.ApplianceSettings)!.AsObject();
        Lay(root, whole);
        return whole.Deserialize(SettingsJson.Default.ApplianceSettings)!;
    }

    static JsonObject? ParseObject(string json, List<string> faults)
    {
        try
        {
            if (JsonNode.Parse(json, documentOptions: Lenient) is JsonObject root) return root;
            faults.Add("the file is no JSON object: begin it with { and end it with }");
        }
        catch (JsonException fault)
        {
            faults.Add($"line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}: {fault.Message}");
        }

        return null;
    }

    /// <summary>
    /// Tells the faults of an object's keys and takes the faulty ones out, so that the rest can be checked too.
    /// </summary>
    static void Walk(JsonObject node, JsonTypeInfo type, string path, List<string> faults)
    {
        foreach (var (key, value) in node.ToArray())
        {
            var property = Keys(type).FirstOrDefault(p => p.Name == key);
            string? fault = property is null
                ? $"{path}{key}: no such key; there are {string.Join(", ", Keys(type).Select(p => p.Name))}"
                : FaultOf(value, property, $"{path}{key}", faults);
            if (fault is null) continue;
            if (fault.Length > 0) faults.Add(fault);
            node.Remove(key);
        }
    }

    /// <summary>What a file may set: a property that is worked out of others is none of it.</summary>
    static IEnumerable<JsonPropertyInfo> Keys(JsonTypeInfo type) => type.Properties.Where(p => p.Set is not null);

    /// <summary>Lays the file's values over the defaults.</summary>
    static void Lay(JsonObject from, JsonObject onto)
    {
        foreach (var (key, value) in from)
        {
            if (value is JsonObject inner && onto[key] is JsonObject below) Lay(inner, below);
            else onto[key] = value?.DeepClone();
        }
    }

    static string? FaultOf(JsonNode? value, JsonPropertyInfo property, string path, List<string> faults)
    {
        if (value is null) return property.IsSetNullable ? null : $"{path} is null: leave the key out for its default";
        var type = SettingsJson.Default.GetTypeInfo(property.PropertyType)
            ?? throw new InvalidOperationException($"{property.PropertyType} has no JSON metadata");
        if (type.Kind == JsonTypeInfoKind.Object)
        {
            if (value is not JsonObject inner) return $"{path} is {Shown(value)}: {{ … }} expected";
            Walk(inner, type, path + ".", faults);
            return null;
        }

        try
        {
            value.Deserialize(type);
            return null;
        }
        catch (JsonException)
        {
            return $"{path} is {Shown(value)}: {Wanted(property.PropertyType)} expected";
        }
    }

    static string Shown(JsonNode value)
    {
        string text = value.ToJsonString();
        return text.Length <= 40 ? text : text[..40] + "…";
    }

    static string Wanted(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return "text in quotes";
        if (type == typeof(bool)) return "true or false";
        if (type == typeof(int) || type == typeof(long)) return "a whole number";
        if (type == typeof(double) || type == typeof(float)) return "a number";
        if (type.IsEnum) return "one of " + string.Join(", ", Enum.GetNames(type));
        return type.IsArray || type.IsGenericType ? "[ … ]" : type.Name;
    }
}
