using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeAppliance.CloudSync.Contract;

/// <summary>JSON of what travels and is stored: camel case, enums as their frozen numbers, no absent fields.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 8, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    Converters = [typeof(SampleIdConverter)])]
[JsonSerializable(typeof(Sample))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(VideoSegment))]
public sealed partial class ContractJson : JsonSerializerContext;

/// <summary>A sample's name as its 36 characters.</summary>
public sealed class SampleIdConverter : JsonConverter<SampleId>
{
    public override SampleId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Guid.TryParseExact(reader.GetString(), "D", out var value)
            ? new SampleId(value)
            : throw new JsonException("a sample's id is a UUID of 36 characters");

    public override void Write(Utf8JsonWriter writer, SampleId value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.Value);
    }
}
