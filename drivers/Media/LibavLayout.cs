namespace EdgeAppliance.Drivers.Media;

/// <summary>
/// Where the few fields lie that libav has no accessor or option for: byte offsets, measured with the C compiler on
/// the headers of each release, the same on every LP64 target. One row a major version of libavcodec; within a row
/// the releases agree. Fields whose place is the same in all rows are the constants.
/// </summary>
/// <param name="Codec">libavcodec's major version; avformat's is the same</param>
/// <param name="Util">libavutil's major version that belongs to it</param>
/// <param name="Scale">libswscale's major version that belongs to it</param>
/// <param name="Releases">the FFmpeg releases the row stands for</param>
sealed record LibavLayout(int Codec, int Util, int Scale, string Releases)
{
    public const int FrameData = 0;
    public const int FrameLinesize = 64;
    public const int FrameWidth = 104;
    public const int FrameHeight = 108;
    public const int FrameFormat = 116;
    public const int FramePictureType = 124;
    public const int FramePts = 136;
    public const int PacketPts = 8;
    public const int PacketDts = 16;
    public const int PacketData = 24;
    public const int PacketSize = 32;
    public const int PacketStreamIndex = 36;
    public const int PacketFlags = 40;
    public const int FormatStreams = 48;
    public const int ParametersCodecType = 0;
    public const int ParametersCodecId = 4;
    public const int ParametersExtradata = 16;
    public const int ParametersExtradataSize = 24;
    public const int CodecId = 20;

    public required int FrameQuality { get; init; }

    public required int FrameColorRange { get; init; }

    public required int FrameColorspace { get; init; }

    public required int FrameBestEffortTimestamp { get; init; }

    public required int FrameDecodeErrorFlags { get; init; }

    public required int ContextFramerate { get; init; }

    public required int ParametersFormat { get; init; }

    public required int ParametersWidth { get; init; }

    public required int ParametersHeight { get; init; }

    public required int ParametersColorRange { get; init; }

    public required int ParametersColorSpace { get; init; }

    public required int StreamTimeBase { get; init; }

    public required int StreamCodecpar { get; init; }

    public required int FormatInterruptCallback { get; init; }

    /// <summary>The table, oldest first.</summary>
    public static IReadOnlyList<LibavLayout> Known { get; } =
    [
        new(58, 56, 5, "FFmpeg 4.x")
        {
            FrameQuality = 168, FrameColorRange = 384, FrameColorspace = 396, FrameBestEffortTimestamp = 408,
            FrameDecodeErrorFlags = 440, ContextFramerate = 872, ParametersFormat = 28, ParametersWidth = 56,
            ParametersHeight = 60, ParametersColorRange = 76, ParametersColorSpace = 88, StreamTimeBase = 24,
            StreamCodecpar = 208, FormatInterruptCallback = 1224,
        },
        new(59, 57, 6, "FFmpeg 5.x")
        {
            FrameQuality = 168, FrameColorRange = 320, FrameColorspace = 332, FrameBestEffortTimestamp = 344,
            FrameDecodeErrorFlags = 376, ContextFramerate = 712, ParametersFormat = 28, ParametersWidth = 56,
            ParametersHeight = 60, ParametersColorRange = 76, ParametersColorSpace = 88, StreamTimeBase = 16,
            StreamCodecpar = 208, FormatInterruptCallback = 200,
        },
        new(60, 58, 7, "FFmpeg 6.x")
        {
            FrameQuality = 168, FrameColorRange = 320, FrameColorspace = 332, FrameBestEffortTimestamp = 344,
            FrameDecodeErrorFlags = 376, ContextFramerate = 704, ParametersFormat = 28, ParametersWidth = 56,
            ParametersHeight = 60, ParametersColorRange = 76, ParametersColorSpace = 88, StreamTimeBase = 32,
            StreamCodecpar = 16, FormatInterruptCallback = 200,
        },
        new(61, 59, 8, "FFmpeg 7.x")
        {
            FrameQuality = 160, FrameColorRange = 296, FrameColorspace = 308, FrameBestEffortTimestamp = 320,
            FrameDecodeErrorFlags = 344, ContextFramerate = 100, ParametersFormat = 44, ParametersWidth = 72,
            ParametersHeight = 76, ParametersColorRange = 100, ParametersColorSpace = 112, StreamTimeBase = 32,
            StreamCodecpar = 16, FormatInterruptCallback = 216,
        },
    ];

    /// <summary>The row for the libraries found.</summary>
    /// <exception cref="DeviceException">a version, or a mixture of versions, that no row is known for</exception>
    public static LibavLayout For(int codec, int format, int util, int scale)
    {
        foreach (var row in Known)
        {
            if (row.Codec == codec && row.Codec == format && row.Util == util && row.Scale == scale) return row;
        }

        string known = string.Join(", ", Known.Select(
            row => $"{row.Codec}/{row.Codec}/{row.Util}/{row.Scale} ({row.Releases})"));
        throw new DeviceException("libav", "avcodec_version",
            $"found libavcodec/avformat/avutil/swscale {codec}/{format}/{util}/{scale}; known are {known}: " +
            "install one of those, or add the measured row to LibavLayout")
        {
            IsFinal = true,
        };
    }
}
