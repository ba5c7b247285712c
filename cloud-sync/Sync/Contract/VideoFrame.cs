using System.Buffers.Binary;
using System.Text.Json;

namespace EdgeAppliance.CloudSync.Contract;

/// <summary>What a stretch of video is: it can be decoded by itself.</summary>
/// <param name="Version">of this record: 1</param>
/// <param name="Device">the appliance's name</param>
/// <param name="Camera">the camera's address without secrets</param>
/// <param name="Number">counts the appliance's segments since its start: a gap is a lost one</param>
/// <param name="SentAt">wall-clock time when its last frame was encoded</param>
/// <param name="StreamTimeS">of its first frame, seconds since the camera opened</param>
/// <param name="Seconds">to where the next segment begins</param>
/// <param name="Quantiser">H.264's, 0 to 51</param>
/// <param name="Coarser">added to it where nothing was seen; 0: nowhere</param>
/// <param name="Setting">version of the knobs' setting; 0: no knob is turned</param>
public sealed record VideoSegment(
    int Version, string Device, string Camera, long Number, DateTimeOffset SentAt, ClockTrust ClockTrust,
    double StreamTimeS, double Seconds, int Frames, int Width, int Height, int Quantiser, int Coarser, long Setting)
{
    public const int CurrentVersion = 1;
}

/// <summary>
/// A segment of video as one MQTT payload: a fixed head of 20 bytes, the segment's JSON, H.264 in Annex B
/// (docs/video-format.md). All numbers are big-endian: 0 magic <c>EDGV</c>, 4 version (u16), 6 zero (u16), 8 JSON bytes
/// (u32), 12 video bytes (u32), 16 CRC-32C of all that follows (u32).
/// </summary>
public static class VideoFrame
{
    public const int HeadBytes = 20;
    public const ushort Version = 1;
    public const int JsonBytesMax = 1 << 16;
    public const int VideoBytesMax = 8 << 20;

    static ReadOnlySpan<byte> Magic => "EDGV"u8;

    public static byte[] Write(VideoSegment segment, ReadOnlySpan<byte> video)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(video.Length, VideoBytesMax);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(segment, ContractJson.Default.VideoSegment);
        byte[] payload = new byte[HeadBytes + json.Length + video.Length];
        Magic.CopyTo(payload);
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(8), (uint)json.Length);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(12), (uint)video.Length);
        json.CopyTo(payload.AsSpan(HeadBytes));
        video.CopyTo(payload.AsSpan(HeadBytes + json.Length));
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(16), Checksum.Crc32C(payload.AsSpan(HeadBytes)));
        return payload;
    }

    /// <summary>Reads a payload that may hold anything; the video is a slice of it.</summary>
    /// <exception cref="SampleFormatException">it is no segment; nothing else is thrown</exception>
    public static VideoSegment Read(ReadOnlyMemory<byte> payload, out ReadOnlyMemory<byte> video)
    {
        var head = payload.Span;
        if (head.Length < HeadBytes || !head.StartsWith(Magic))
            throw new SampleFormatException($"{head.Length} bytes that do not begin with EDGV: no segment of video");
        ushort version = BinaryPrimitives.ReadUInt16BigEndian(head[4..]);
        if (version != Version)
            throw new SampleFormatException($"video version {version}: this program reads {Version}")
            {
                IsNewer = version > Version,
            };
        uint jsonBytes = BinaryPrimitives.ReadUInt32BigEndian(head[8..]);
        uint videoBytes = BinaryPrimitives.ReadUInt32BigEndian(head[12..]);
        if (jsonBytes > JsonBytesMax || videoBytes > VideoBytesMax)
            throw new SampleFormatException($"{jsonBytes} bytes of JSON and {videoBytes} of video are too many");
        if (HeadBytes + jsonBytes + videoBytes != payload.Length)
            throw new SampleFormatException(
                $"{payload.Length} bytes where the head promises {HeadBytes} + {jsonBytes} + {videoBytes}");
        if (Checksum.Crc32C(head[HeadBytes..]) != BinaryPrimitives.ReadUInt32BigEndian(head[16..]))
            throw new SampleFormatException("the checksum does not match");
        video = payload[(HeadBytes + (int)jsonBytes)..];
        return ReadJson(payload.Span.Slice(HeadBytes, (int)jsonBytes));
    }

    static VideoSegment ReadJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ContractJson.Default.VideoSegment)
                is { Version: VideoSegment.CurrentVersion } segment
                ? segment : throw new SampleFormatException("the segment is null or of another version");
        }
        // InvalidOperationException: a string with half a surrogate pair, found only when it is read as text.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new SampleFormatException($"the JSON cannot be read: {fault.Message}", fault);
        }
    }
}
