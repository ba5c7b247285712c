using System.Buffers.Binary;
using System.Text.Json;

namespace EdgeAppliance.CloudSync.Contract;

/// <summary>
/// One sample as one MQTT payload: a fixed head of 20 bytes, the sample's JSON, the image's bytes (docs/sample-format.md).
/// All numbers are big-endian: 0 magic <c>EDGS</c>, 4 version (u16), 6 zero (u16), 8 JSON bytes (u32), 12 image bytes
/// (u32), 16 CRC-32C of the JSON (u32). The image is vouched for by its SHA-256 in the JSON.
/// </summary>
public static class SampleFrame
{
    public const int HeadBytes = 20;
    public const ushort Version = 1;
    public const int JsonBytesMax = 1 << 20;
    public const int ImageBytesMax = 16 << 20;
    public const int BytesMax = HeadBytes + JsonBytesMax + ImageBytesMax;

    /// <summary>Boxes and detections in one sample, each: a crowd is hundreds.</summary>
    public const int BoxesMax = 2000;

    public const int ImageSideMax = 16384;

    static ReadOnlySpan<byte> Magic => "EDGS"u8;

    /// <summary>The payload of a sample whose JSON and image are at hand.</summary>
    public static byte[] Write(ReadOnlySpan<byte> json, ReadOnlySpan<byte> image)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(json.Length, JsonBytesMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Length, ImageBytesMax);
        byte[] payload = new byte[HeadBytes + json.Length + image.Length];
        Magic.CopyTo(payload);
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(8), (uint)json.Length);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(12), (uint)image.Length);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(16), Checksum.Crc32C(json));
        json.CopyTo(payload.AsSpan(HeadBytes));
        image.CopyTo(payload.AsSpan(HeadBytes + json.Length));
        return payload;
    }

    /// <summary>Reads a payload that may hold anything; the image is a slice of it.</summary>
    /// <exception cref="SampleFormatException">it is no sample; nothing else is thrown</exception>
    public static Sample Read(ReadOnlyMemory<byte> payload, out ReadOnlyMemory<byte> json, out ReadOnlyMemory<byte> image)
    {
        var head = payload.Span;
        if (head.Length < HeadBytes) throw new SampleFormatException($"{head.Length} bytes: a sample has at least 20");
        if (!head.StartsWith(Magic)) throw new SampleFormatException("no sample: it does not begin with EDGS");
        ushort version = BinaryPrimitives.ReadUInt16BigEndian(head[4..]);
        if (version != Version) throw new SampleFormatException($"frame version {version}: this endpoint reads {Version}");
        if (BinaryPrimitives.ReadUInt16BigEndian(head[6..]) != 0) throw new SampleFormatException("bytes 6 and 7 are not 0");
        uint jsonBytes = BinaryPrimitives.ReadUInt32BigEndian(head[8..]);
        uint imageBytes = BinaryPrimitives.ReadUInt32BigEndian(head[12..]);
        if (jsonBytes > JsonBytesMax) throw new SampleFormatException($"{jsonBytes} bytes of JSON: at most {JsonBytesMax}");
        if (imageBytes > ImageBytesMax)
            throw new SampleFormatException($"{imageBytes} bytes of image: at most {ImageBytesMax}");
        if (HeadBytes + (long)jsonBytes + imageBytes != payload.Length)
            throw new SampleFormatException($"{payload.Length} bytes where the head promises {HeadBytes} + {jsonBytes} + {imageBytes}");
        json = payload.Slice(HeadBytes, (int)jsonBytes);
        image = payload[(HeadBytes + (int)jsonBytes)..];
        if (Checksum.Crc32C(json.Span) != BinaryPrimitives.ReadUInt32BigEndian(head[16..]))
            throw new SampleFormatException("the JSON's checksum does not match");
        return ReadJson(json.Span);
    }

    /// <summary>A sample's JSON as it is stored and travels: UTF-8.</summary>
    public static byte[] WriteJson(Sample sample) =>
        JsonSerializer.SerializeToUtf8Bytes(sample, ContractJson.Default.Sample);

    public static Sample ReadJson(ReadOnlySpan<byte> json)
    {
        Sample? sample = ReadJson(json, ContractJson.Default.Sample);
        if (sample is null) throw new SampleFormatException("the JSON is null");
        if (sample.Version != Sample.CurrentVersion)
            throw new SampleFormatException($"sample version {sample.Version}: this endpoint reads {Sample.CurrentVersion}");
        if (sample.Boxes.IsDefault || sample.Detections.IsDefault)
            throw new SampleFormatException("boxes or detections are null");
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
            throw new SampleFormatException($"receipt version {receipt.Version}: this device reads {Receipt.CurrentVersion}");
        if (receipt.Verdict is not (Verdict.Stored or Verdict.Duplicate or Verdict.Refused))
            throw new SampleFormatException($"verdict {(int)receipt.Verdict} is unknown");
        return receipt;
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
