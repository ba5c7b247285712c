using System.Buffers.Binary;
using System.Text.Json;

namespace EdgeAppliance.CloudSync.Contract;

/// <summary>
/// One sample as one MQTT payload: a fixed head of 36 bytes, the sample's JSON, the image's bytes
/// (docs/sample-format.md). All numbers are big-endian: 0 magic <c>EDGS</c>, 4 version (u16), 6 zero (u16), 8 the
/// sample's id (16 bytes), 24 JSON bytes (u32), 28 image bytes (u32), 32 CRC-32C of the JSON (u32). The first 24 stay
/// so in every version, so that a receipt can name a sample nobody can read. The image is vouched for by its SHA-256 in
/// the JSON.
/// </summary>
public static class SampleFrame
{
    public const int HeadBytes = 36;
    public const ushort Version = 1;
    public const int JsonBytesMax = 1 << 20;
    public const int ImageBytesMax = 16 << 20;
    public const int BytesMax = HeadBytes + JsonBytesMax + ImageBytesMax;

    /// <summary>Boxes and detections in one sample, each: a crowd is hundreds.</summary>
    public const int BoxesMax = 2000;

    public const int ImageSideMax = 16384;

    static ReadOnlySpan<byte> Magic => "EDGS"u8;

    /// <summary>The payload of a sample whose JSON and image are at hand.</summary>
    public static byte[] Write(SampleId id, ReadOnlySpan<byte> json, ReadOnlySpan<byte> image)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(json.Length, JsonBytesMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Length, ImageBytesMax);
        byte[] payload = new byte[HeadBytes + json.Length + image.Length];
        Magic.CopyTo(payload);
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(4), Version);
        id.Value.TryWriteBytes(payload.AsSpan(8), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(24), (uint)json.Length);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(28), (uint)image.Length);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(32), Checksum.Crc32C(json));
        json.CopyTo(payload.AsSpan(HeadBytes));
        image.CopyTo(payload.AsSpan(HeadBytes + json.Length));
        return payload;
    }

    /// <summary>The sample a payload of any version says it carries; null when it is none of ours.</summary>
    public static SampleId? ReadId(ReadOnlySpan<byte> payload) => payload.Length >= 24 && payload.StartsWith(Magic)
        ? new SampleId(new Guid(payload.Slice(8, 16), bigEndian: true))
        : null;

    /// <summary>Reads a payload that may hold anything; the image is a slice of it.</summary>
    /// <exception cref="SampleFormatException">it is no sample; nothing else is thrown</exception>
    public static Sample Read(ReadOnlyMemory<byte> payload, out ReadOnlyMemory<byte> image)
    {
        var head = payload.Span;
        if (head.Length < HeadBytes)
            throw new SampleFormatException($"{head.Length} bytes: a sample has at least {HeadBytes}");
        if (!head.StartsWith(Magic)) throw new SampleFormatException("no sample: it does not begin with EDGS");
        ushort version = BinaryPrimitives.ReadUInt16BigEndian(head[4..]);
        if (version != Version) throw Unknown("frame", version, Version);
        if (BinaryPrimitives.ReadUInt16BigEndian(head[6..]) != 0)
            throw new SampleFormatException("bytes 6 and 7 are not 0");
        int jsonBytes = ReadLength(head[24..], JsonBytesMax, "JSON");
        int imageBytes = ReadLength(head[28..], ImageBytesMax, "image");
        if (HeadBytes + jsonBytes + imageBytes != payload.Length)
            throw new SampleFormatException(
                $"{payload.Length} bytes where the head promises {HeadBytes} + {jsonBytes} + {imageBytes}");
        var json = payload.Slice(HeadBytes, jsonBytes);
        image = payload[(HeadBytes + jsonBytes)..];
        if (Checksum.Crc32C(json.Span) != BinaryPrimitives.ReadUInt32BigEndian(head[32..]))
            throw new SampleFormatException("the JSON's checksum does not match");
        var sample = ReadJson(json.Span);
        if (sample.Id != ReadId(head)) throw new SampleFormatException("head and JSON name different samples");
        return sample;
    }

    /// <summary>A sample's JSON as it is stored and travels: UTF-8.</summary>
    public static byte[] WriteJson(Sample sample) =>
        JsonSerializer.SerializeToUtf8Bytes(sample, ContractJson.Default.Sample);

    public static Sample ReadJson(ReadOnlySpan<byte> json)
    {
        Sample? sample = ReadJson(json, ContractJson.Default.Sample);
        if (sample is null) throw new SampleFormatException("the JSON is null");
        if (sample.Version != Sample.CurrentVersion) throw Unknown("sample", sample.Version, Sample.CurrentVersion);
        if (sample.Boxes.IsDefault || sample.Detections.IsDefault)
            throw new SampleFormatException("boxes or detections are null");
        if (sample.Boxes.Length > BoxesMax || sample.Detections.Length > BoxesMax)
            throw new SampleFormatException(
                $"{sample.Boxes.Length} boxes and {sample.Detections.Length} detections: at most {BoxesMax} each");
        return sample;
    }

    public static byte[] WriteReceipt(Receipt receipt) =>
        JsonSerializer.SerializeToUtf8Bytes(receipt, ContractJson.Default.Receipt);

    public static Receipt ReadReceipt(ReadOnlySpan<byte> json)
    {
        if (json.Length > JsonBytesMax) throw new SampleFormatException($"a receipt of {json.Length} bytes");
        Receipt? receipt = ReadJson(json, ContractJson.Default.Receipt);
        if (receipt is null) throw new SampleFormatException("the receipt is null");
        if (receipt.Version != Receipt.CurrentVersion)
            throw Unknown("receipt", receipt.Version, Receipt.CurrentVersion);
        if (receipt.Verdict is not (Verdict.Stored or Verdict.Duplicate or Verdict.Refused))
            throw new SampleFormatException($"verdict {(int)receipt.Verdict} is unknown");
        return receipt;
    }

    static SampleFormatException Unknown(string what, int found, int known) =>
        new($"{what} version {found}: this program reads {known}") { IsNewer = found > known };

    static int ReadLength(ReadOnlySpan<byte> at, int most, string what)
    {
        uint bytes = BinaryPrimitives.ReadUInt32BigEndian(at);
        return bytes <= most ? (int)bytes : throw new SampleFormatException($"{bytes} bytes of {what}: at most {most}");
    }

    static T? ReadJson<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try { return JsonSerializer.Deserialize(json, type); }
        // InvalidOperationException: a string with half a surrogate pair, found only when it is read as text.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new SampleFormatException($"the JSON cannot be read: {fault.Message}", fault);
        }
    }
}
