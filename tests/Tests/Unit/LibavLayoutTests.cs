using System.Diagnostics;
using System.Globalization;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Media;

namespace EdgeAppliance.Tests.Unit;

public sealed class LibavLayoutTests
{
    // Measured with gcc on the headers of 4.3, 4.4 | 5.0, 5.1 | 6.0, 6.1 | 7.0, 7.1; within a column both agree.
    static readonly (string Field, int V58, int V59, int V60, int V61)[] Measured =
    [
        ("AVFrame.data", 0, 0, 0, 0),
        ("AVFrame.linesize", 64, 64, 64, 64),
        ("AVFrame.width", 104, 104, 104, 104),
        ("AVFrame.height", 108, 108, 108, 108),
        ("AVFrame.format", 116, 116, 116, 116),
        ("AVFrame.pict_type", 124, 124, 124, 124),
        ("AVFrame.pts", 136, 136, 136, 136),
        ("AVFrame.quality", 168, 168, 168, 160),
        ("AVFrame.color_range", 384, 320, 320, 296),
        ("AVFrame.colorspace", 396, 332, 332, 308),
        ("AVFrame.best_effort_timestamp", 408, 344, 344, 320),
        ("AVFrame.decode_error_flags", 440, 376, 376, 344),
        ("AVPacket.pts", 8, 8, 8, 8),
        ("AVPacket.dts", 16, 16, 16, 16),
        ("AVPacket.data", 24, 24, 24, 24),
        ("AVPacket.size", 32, 32, 32, 32),
        ("AVPacket.stream_index", 36, 36, 36, 36),
        ("AVPacket.flags", 40, 40, 40, 40),
        ("AVStream.time_base", 24, 16, 32, 32),
        ("AVStream.codecpar", 208, 208, 16, 16),
        ("AVCodecParameters.codec_type", 0, 0, 0, 0),
        ("AVCodecParameters.codec_id", 4, 4, 4, 4),
        ("AVCodecParameters.extradata", 16, 16, 16, 16),
        ("AVCodecParameters.extradata_size", 24, 24, 24, 24),
        ("AVCodecParameters.format", 28, 28, 28, 44),
        ("AVCodecParameters.width", 56, 56, 56, 72),
        ("AVCodecParameters.height", 60, 60, 60, 76),
        ("AVCodecParameters.color_range", 76, 76, 76, 100),
        ("AVCodecParameters.color_space", 88, 88, 88, 112),
        ("AVFormatContext.streams", 48, 48, 48, 48),
        ("AVFormatContext.interrupt_callback", 1224, 200, 200, 216),
        ("AVCodecContext.framerate", 872, 712, 704, 100),
        ("AVCodec.id", 20, 20, 20, 20),
    ];

    [Theory]
    [InlineData(58, 56, 5)]
    [InlineData(59, 57, 6)]
    [InlineData(60, 58, 7)]
    [InlineData(61, 59, 8)]
    public void Every_row_has_the_measured_offsets(int codec, int util, int scale)
    {
        var fields = Fields(LibavLayout.For(codec, codec, util, scale));
        Assert.Equal(Measured.Length, fields.Count);
        foreach (var row in Measured)
        {
            int measured = codec switch { 58 => row.V58, 59 => row.V59, 60 => row.V60, _ => row.V61 };
            Assert.True(fields[row.Field] == measured, $"{row.Field} in {codec}: {fields[row.Field]}, not {measured}");
        }
    }

    [Theory]
    [InlineData(57, 57, 55, 4)]
    [InlineData(62, 62, 60, 9)]
    [InlineData(59, 58, 57, 6)]
    [InlineData(59, 59, 58, 6)]
    public void Any_other_version_or_mixture_is_refused_with_what_was_found_and_what_is_known(
        int codec, int format, int util, int scale)
    {
        var refused = Assert.Throws<DeviceException>(() => LibavLayout.For(codec, format, util, scale));
        Assert.Contains($"{codec}/{format}/{util}/{scale}", refused.Message, StringComparison.Ordinal);
        foreach (int known in new[] { 58, 59, 60, 61 })
            Assert.Contains($"{known}/{known}/", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.IsFinal);
    }

    [SkippableFact]
    public void The_libraries_here_are_described_with_version_and_path()
    {
        EncoderTests.RequireLibav();
        var facts = Libav.Describe();
        Assert.True(facts.IsUsable);
        Assert.Equal(
            ["libavcodec", "libavformat", "libavutil", "libswscale"], facts.Libraries.Select(library => library.Name));
        Assert.All(facts.Libraries, library => Assert.Matches(@"^\d+\.\d+\.\d+$", library.Version));
        Assert.All(facts.Libraries, library => Assert.True(File.Exists(library.Path), library.Path));
    }

    [SkippableFact]
    public void The_compiler_agrees_with_the_row_of_the_headers_installed_here()
    {
        Skip.IfNot(
            Directory.EnumerateDirectories("/usr/include", "*-linux-gnu")
                .Any(folder => File.Exists(Path.Combine(folder, "libavcodec", "avcodec.h"))),
            "needs the headers: apt-get install libavformat-dev libavcodec-dev libavutil-dev");
        Skip.IfNot(File.Exists("/usr/bin/gcc"), "needs a C compiler: apt-get install gcc");
        EncoderTests.RequireLibav();

        string folder = Directory.CreateTempSubdirectory("libav-layout").FullName;
        try
        {
            var printed = Compile(folder);
            foreach ((string field, int offset) in Fields(Libav.Layout))
                Assert.True(printed[field] == offset, $"{field}: the table has {offset}, the header {printed[field]}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static Dictionary<string, int> Compile(string folder)
    {
        var prints = Fields(Libav.Layout).Keys.Select(field =>
            $"printf(\"{field} %d\\n\", (int)offsetof({field.Replace('.', ',')}));");
        File.WriteAllText(Path.Combine(folder, "layout.c"),
            "#include <stdio.h>\n#include <stddef.h>\n#include <libavformat/avformat.h>\n" +
            "#include <libavcodec/avcodec.h>\n" +
            $"int main(void) {{ {string.Join('\n', prints)} return 0; }}");
        string program = Path.Combine(folder, "layout");
        Run("/usr/bin/gcc", "-o", program, Path.Combine(folder, "layout.c"));
        return Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0], parts => int.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    internal static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string errors = "";
        process.ErrorDataReceived += (_, line) => errors += line.Data + "\n";
        process.BeginErrorReadLine();
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: exit {process.ExitCode}: {errors}");
        return text;
    }

    static Dictionary<string, int> Fields(LibavLayout row) => new()
    {
        ["AVFrame.data"] = LibavLayout.FrameData,
        ["AVFrame.linesize"] = LibavLayout.FrameLinesize,
        ["AVFrame.width"] = LibavLayout.FrameWidth,
        ["AVFrame.height"] = LibavLayout.FrameHeight,
        ["AVFrame.format"] = LibavLayout.FrameFormat,
        ["AVFrame.pict_type"] = LibavLayout.FramePictureType,
        ["AVFrame.pts"] = LibavLayout.FramePts,
        ["AVFrame.quality"] = row.FrameQuality,
        ["AVFrame.color_range"] = row.FrameColorRange,
        ["AVFrame.colorspace"] = row.FrameColorspace,
        ["AVFrame.best_effort_timestamp"] = row.FrameBestEffortTimestamp,
        ["AVFrame.decode_error_flags"] = row.FrameDecodeErrorFlags,
        ["AVPacket.pts"] = LibavLayout.PacketPts,
        ["AVPacket.dts"] = LibavLayout.PacketDts,
        ["AVPacket.data"] = LibavLayout.PacketData,
        ["AVPacket.size"] = LibavLayout.PacketSize,
        ["AVPacket.stream_index"] = LibavLayout.PacketStreamIndex,
        ["AVPacket.flags"] = LibavLayout.PacketFlags,
        ["AVStream.time_base"] = row.StreamTimeBase,
        ["AVStream.codecpar"] = row.StreamCodecpar,
        ["AVCodecParameters.codec_type"] = LibavLayout.ParametersCodecType,
        ["AVCodecParameters.codec_id"] = LibavLayout.ParametersCodecId,
        ["AVCodecParameters.extradata"] = LibavLayout.ParametersExtradata,
        ["AVCodecParameters.extradata_size"] = LibavLayout.ParametersExtradataSize,
        ["AVCodecParameters.format"] = row.ParametersFormat,
        ["AVCodecParameters.width"] = row.ParametersWidth,
        ["AVCodecParameters.height"] = row.ParametersHeight,
        ["AVCodecParameters.color_range"] = row.ParametersColorRange,
        ["AVCodecParameters.color_space"] = row.ParametersColorSpace,
        ["AVFormatContext.streams"] = LibavLayout.FormatStreams,
        ["AVFormatContext.interrupt_callback"] = row.FormatInterruptCallback,
        ["AVCodecContext.framerate"] = row.ContextFramerate,
        ["AVCodec.id"] = LibavLayout.CodecId,
    };
}
