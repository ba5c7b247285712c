using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// Reads a small JSON file key by key and gathers every fault with the key's path, so that all are told at once.
/// What <see cref="Done"/> finds unread is an unknown key.
/// </summary>
sealed class JsonFields
{
    readonly JsonElement _object;
    readonly string _path;
    readonly List<string> _faults;
    readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public JsonFields(JsonElement element, string path, List<string> faults)
    {
        _object = element;
        _path = path;
        _faults = faults;
        bool isMissing = element.ValueKind == JsonValueKind.Undefined; // told where it was looked for
        if (!isMissing && element.ValueKind != JsonValueKind.Object)
            Fault(path, $"is {Kind(element)}: an object is needed");
    }

    public bool Has(string key) => _object.ValueKind == JsonValueKind.Object && _object.TryGetProperty(key, out _);

    public double Number(string key, double least, double most, double? otherwise = null)
    {
        if (Find(key, isOptional: otherwise is not null) is not { } value) return otherwise ?? 0;
        return Number(value, Path(key), least, most);
    }

    /// <summary>A number without a part behind the point.</summary>
    public int Whole(string key, int least, int most, int? otherwise = null)
    {
        double number = Number(key, least, most, otherwise);
        if (Math.Floor(number) == number) return (int)number;
        Fault(Path(key), string.Create(CultureInfo.InvariantCulture, $"is {number}: a whole number is needed"));
        return least;
    }

    public string Text(string key, string? otherwise = null)
    {
        if (Find(key, isOptional: otherwise is not null) is not { } value) return otherwise ?? "";
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= 200 } text)
            return text;
        Fault(Path(key), $"is {Kind(value)}: a text of 1 to 200 characters is needed");
        return "";
    }

    public bool Truth(string key, bool otherwise)
    {
        if (Find(key, isOptional: true) is not { } value) return otherwise;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Fault(Path(key), $"is {Kind(value)}: true or false");
        return otherwise;
    }

    public double[] Numbers(string key, int count, double[]? otherwise = null)
    {
        if (Find(key, isOptional: otherwise is not null) is not { } value) return otherwise ?? new double[count];
        return Numbers(value, Path(key), count);
    }

    /// <summary>Three rows of three, as one list row by row.</summary>
    public double[] Matrix3(string key)
    {
        var all = new double[9];
        if (Find(key) is not { } value) return all;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 3)
        {
            Fault(Path(key), $"is {Kind(value)}: three rows of three numbers are needed");
            return all;
        }

        for (int row = 0; row < 3; row++) Numbers(value[row], $"{Path(key)}[{row}]", 3).CopyTo(all, row * 3);
        return all;
    }

    /// <summary>The object at a key; where it is missing that is one fault, and its keys are not asked for.</summary>
    public JsonFields Object(string key) => new(Find(key) ?? default, Path(key), _faults);

    /// <summary>Nothing was read that can be trusted.</summary>
    public bool IsFaulty => _faults.Count > 0;

    /// <summary>The objects of a list; none when it may be missing and is.</summary>
    public IEnumerable<JsonFields> Objects(string key, bool isOptional)
    {
        if (Find(key, isOptional) is not { } value) yield break;
        if (value.ValueKind != JsonValueKind.Array)
        {
            Fault(Path(key), $"is {Kind(value)}: a list is needed");
            yield break;
        }

        int at = 0;
        foreach (var element in value.EnumerateArray())
        {
            yield return new JsonFields(element, $"{Path(key)}[{at++}]", _faults);
        }
    }

    /// <summary>An object of names and numbers.</summary>
    public ImmutableSortedDictionary<string, double> Figures(string key)
    {
        var figures = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        var inner = Object(key);
        if (inner._object.ValueKind != JsonValueKind.Object) return figures.ToImmutable();
        foreach (var property in inner._object.EnumerateObject())
            figures[property.Name] = inner.Number(property.Name, double.MinValue, double.MaxValue);
        return figures.ToImmutable();
    }

    /// <summary>An object as it stands, for somebody else to read.</summary>
    public JsonObject Node(string key) =>
        Object(key)._object is { ValueKind: JsonValueKind.Object } found ? JsonObject.Create(found.Clone())! : [];

    /// <summary>Tells every key nobody asked for.</summary>
    public void Done()
    {
        if (_object.ValueKind != JsonValueKind.Object) return;
        foreach (var property in _object.EnumerateObject())
        {
            if (!_read.Contains(property.Name)) Fault(Path(property.Name), "is not a known key");
        }
    }

    public void Fault(string key, string what) => _faults.Add($"{key} {what}");

    public string Path(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    public static Vector3 ToVector(double[] three) => new((float)three[0], (float)three[1], (float)three[2]);

    /// <summary>Reads a whole file; every fault of it is in <paramref name="faults"/>.</summary>
    public static T? Read<T>(string path, Func<JsonFields, T> read, out List<string> faults) where T : class
    {
        try
        {
            return Read(File.ReadAllBytes(path), read, out faults);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            faults = [$"cannot be read: {fault.Message}"];
        }

        return null;
    }

    /// <summary>Reads a whole text; every fault of it is in <paramref name="faults"/>.</summary>
    public static T? Read<T>(ReadOnlyMemory<byte> json, Func<JsonFields, T> read, out List<string> faults)
        where T : class
    {
        faults = [];
        try
        {
            using var document = JsonDocument.Parse(json,
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            var fields = new JsonFields(document.RootElement, "", faults);
            if (faults.Count > 0) return null;
            if (fields.Number("version", 0, 1e9) is not 1 and var version && fields.Has("version"))
            {
                fields.Fault("version", string.Create(CultureInfo.InvariantCulture, $"is {version}: 1 is known"));
            }

            var found = read(fields);
            fields.Done();
            return faults.Count == 0 ? found : null;
        }
        catch (JsonException fault)
        {
            faults.Add($"is not JSON: {fault.Message}");
        }

        return null;
    }

    JsonElement? Find(string key, bool isOptional = false)
    {
        _read.Add(key);
        if (_object.ValueKind != JsonValueKind.Object) return null;
        if (_object.TryGetProperty(key, out var value)) return value;
        if (!isOptional) Fault(Path(key), "is missing");
        return null;
    }

    double[] Numbers(JsonElement value, string path, int count)
    {
        var numbers = new double[count];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != count)
        {
            Fault(path, $"is {Kind(value)}: a list of {count} numbers is needed");
            return numbers;
        }

        for (int i = 0; i < count; i++) numbers[i] = Number(value[i], $"{path}[{i}]", -1e9, 1e9);
        return numbers;
    }

    double Number(JsonElement value, string path, double least, double most)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number))
        {
            if (number >= least && number <= most) return number;
            Fault(path, string.Create(CultureInfo.InvariantCulture, $"is {number}: {least} to {most}"));
        }
        else Fault(path, $"is {Kind(value)}: a number is needed");

        return least > 0 ? least : 0;
    }

    static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => $"a list of {value.GetArrayLength()}",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
