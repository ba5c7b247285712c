using System.Collections.Immutable;
using System.Text.Json;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// Reads an object of a card field by field and writes down every fault with the field's path: a field that is not
/// there, that is something else, or that nobody asked for.
/// </summary>
sealed class CardFields
{
    readonly Dictionary<string, JsonElement> _left = new(StringComparer.Ordinal);
    readonly List<string> _faults;
    readonly string _path;

    public CardFields(JsonElement json, string path, List<string> faults)
    {
        _path = path;
        _faults = faults;
        if (json.ValueKind != JsonValueKind.Object)
        {
            if (json.ValueKind != JsonValueKind.Undefined) Fault("", $"is {Kind(json)}: an object is wanted");
            return;
        }

        foreach (var field in json.EnumerateObject())
            if (!_left.TryAdd(field.Name, field.Value)) Fault(field.Name, "is there twice");
    }

    public CardFields Object(string name) => new(Take(name), Path(name), _faults);

    public string Text(string name)
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.String && json.GetString() is { Length: > 0 } text) return text;
        Wrong(name, json, "a text");
        return "";
    }

    /// <summary>One of a few words.</summary>
    public T Word<T>(string name, T otherwise, params ReadOnlySpan<(string Word, T Value)> words)
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.String)
            foreach (var (word, value) in words) if (json.GetString() == word) return value;
        var known = new List<string>();
        foreach (var (word, _) in words) known.Add(word);
        if (json.ValueKind == JsonValueKind.Undefined) Wrong(name, json, $"one of {string.Join(", ", known)}");
        else Fault(name, $"is {json.GetRawText()}: one of {string.Join(", ", known)}");
        return otherwise;
    }

    public int Whole(string name, int least, int most)
    {
        var json = Take(name);
        bool isWhole = json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out _);
        if (isWhole && json.GetInt32() is var value && value >= least && value <= most) return value;
        Wrong(name, json, $"a whole number from {least} to {most}");
        return least;
    }

    public float Number(string name, float least, float most)
    {
        var json = Take(name);
        if (IsNumber(json, out float value) && value >= least && value <= most) return value;
        Wrong(name, json, $"a number from {least} to {most}");
        return least;
    }

    /// <param name="count">how many are wanted</param>
    public ImmutableArray<float> Numbers(string name, int count, bool zeroAllowed)
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() == count)
        {
            var values = json.EnumerateArray().Select(e => IsNumber(e, out float v) ? v : float.NaN).ToImmutableArray();
            if (values.All(v => float.IsFinite(v) && (zeroAllowed || v != 0))) return values;
        }

        Wrong(name, json, $"{count} numbers{(zeroAllowed ? "" : ", none of them 0")}");
        return [.. Enumerable.Repeat(1f, count)];
    }

    /// <summary>A list of texts, all different and none empty; the field may be absent only if optional.</summary>
    public ImmutableArray<string> Texts(string name, bool optional)
    {
        var json = Take(name);
        if (optional && json.ValueKind == JsonValueKind.Undefined) return [];
        if (json.ValueKind == JsonValueKind.Array)
        {
            string[] texts = [.. json.EnumerateArray().Select(e =>
                e.ValueKind == JsonValueKind.String ? e.GetString() ?? "" : "")];
            if ((optional || texts.Length > 0) && texts.All(t => t.Length > 0)
                && texts.Distinct(StringComparer.Ordinal).Count() == texts.Length) return [.. texts];
        }

        Wrong(name, json, "a list of different texts, none empty");
        return [];
    }

    /// <summary>A list of positive whole numbers that may be absent.</summary>
    public ImmutableArray<int> OptionalWholes(string name)
    {
        var json = Take(name);
        if (json.ValueKind == JsonValueKind.Undefined) return [];
        if (json.ValueKind == JsonValueKind.Array)
        {
            int[] values = [.. json.EnumerateArray().Select(e =>
                e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out int v) ? v : 0)];
            if (values.All(v => v > 0)) return [.. values];
        }

        Wrong(name, json, "a list of whole numbers above 0");
        return [];
    }

    /// <summary>Faults what nobody asked for: a misspelt field is not silently ignored.</summary>
    public void Close()
    {
        foreach (string name in _left.Keys)
            Fault(name, "is not a field of a model card: remove it or mend its spelling");
    }

    public void Fault(string name, string what) => _faults.Add($"{Path(name)} {what}");

    JsonElement Take(string name) => _left.Remove(name, out var json) ? json : default;

    void Wrong(string name, JsonElement json, string wanted) => Fault(name,
        json.ValueKind == JsonValueKind.Undefined ? $"is missing: {wanted}" : $"is {Kind(json)}: {wanted}");

    string Path(string name) => _path.Length == 0 ? name : name.Length == 0 ? _path : $"{_path}.{name}";

    static bool IsNumber(JsonElement json, out float value)
    {
        value = float.NaN;
        return json.ValueKind == JsonValueKind.Number && json.TryGetSingle(out value) && float.IsFinite(value);
    }

    static string Kind(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => $"a list of {json.GetArrayLength()}",
        _ => json.GetRawText(),
    };
}
