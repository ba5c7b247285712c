using System.Globalization;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class V4l2CameraTests
{
    static readonly (string C, long Ours)[] Abi =
    [
        ("sizeof(struct v4l2_capability)", V4l2Abi.CapabilitySize),
        ("offsetof(struct v4l2_capability,card)", V4l2Abi.CapabilityCard),
        ("offsetof(struct v4l2_capability,device_caps)", V4l2Abi.CapabilityDeviceCaps),
        ("sizeof(struct v4l2_fmtdesc)", V4l2Abi.FormatDescriptionSize),
        ("offsetof(struct v4l2_fmtdesc,type)", V4l2Abi.FormatDescriptionType),
        ("offsetof(struct v4l2_fmtdesc,pixelformat)", V4l2Abi.FormatDescriptionPixelFormat),
        ("sizeof(struct v4l2_format)", V4l2Abi.FormatSize),
        ("offsetof(struct v4l2_format,fmt)", V4l2Abi.FormatPix),
        ("offsetof(struct v4l2_pix_format,width)", V4l2Abi.PixWidth),
        ("offsetof(struct v4l2_pix_format,height)", V4l2Abi.PixHeight),
        ("offsetof(struct v4l2_pix_format,pixelformat)", V4l2Abi.PixPixelFormat),
        ("offsetof(struct v4l2_pix_format,bytesperline)", V4l2Abi.PixBytesPerLine),
        ("offsetof(struct v4l2_pix_format,colorspace)", V4l2Abi.PixColorspace),
        ("offsetof(struct v4l2_pix_format,quantization)", V4l2Abi.PixQuantization),
        ("sizeof(struct v4l2_streamparm)", V4l2Abi.StreamParmSize),
        ("offsetof(struct v4l2_streamparm,parm.capture.timeperframe)", V4l2Abi.StreamParmTimePerFrame),
        ("sizeof(struct v4l2_requestbuffers)", V4l2Abi.RequestBuffersSize),
        ("offsetof(struct v4l2_requestbuffers,type)", V4l2Abi.RequestBuffersType),
        ("offsetof(struct v4l2_requestbuffers,memory)", V4l2Abi.RequestBuffersMemory),
        ("sizeof(struct v4l2_buffer)", V4l2Abi.BufferSize),
        ("offsetof(struct v4l2_buffer,type)", V4l2Abi.BufferType),
        ("offsetof(struct v4l2_buffer,bytesused)", V4l2Abi.BufferBytesUsed),
        ("offsetof(struct v4l2_buffer,flags)", V4l2Abi.BufferFlags),
        ("offsetof(struct v4l2_buffer,timestamp)", V4l2Abi.BufferTimestamp),
        ("offsetof(struct v4l2_buffer,memory)", V4l2Abi.BufferMemory),
        ("offsetof(struct v4l2_buffer,m)", V4l2Abi.BufferOffset),
        ("offsetof(struct v4l2_buffer,length)", V4l2Abi.BufferLength),
        ("VIDIOC_QUERYCAP", (long)V4l2Abi.QueryCap),
        ("VIDIOC_ENUM_FMT", (long)V4l2Abi.EnumFormat),
        ("VIDIOC_S_FMT", (long)V4l2Abi.SetFormat),
        ("VIDIOC_S_PARM", (long)V4l2Abi.SetParm),
        ("VIDIOC_REQBUFS", (long)V4l2Abi.RequestBuffers),
        ("VIDIOC_QUERYBUF", (long)V4l2Abi.QueryBuffer),
        ("VIDIOC_QBUF", (long)V4l2Abi.Queue),
        ("VIDIOC_DQBUF", (long)V4l2Abi.Dequeue),
        ("VIDIOC_STREAMON", (long)V4l2Abi.StreamOn),
        ("V4L2_BUF_TYPE_VIDEO_CAPTURE", V4l2Abi.TypeCapture),
        ("V4L2_MEMORY_MMAP", V4l2Abi.MemoryMmap),
        ("V4L2_CAP_VIDEO_CAPTURE", V4l2Abi.CapVideoCapture),
        ("V4L2_CAP_STREAMING", V4l2Abi.CapStreaming),
        ("V4L2_BUF_FLAG_ERROR", V4l2Abi.FlagError),
        ("V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC", V4l2Abi.FlagTimestampMonotonic),
        ("V4L2_COLORSPACE_REC709", V4l2Abi.ColorspaceRec709),
        ("V4L2_QUANTIZATION_FULL_RANGE", V4l2Abi.QuantizationFull),
        ("V4L2_PIX_FMT_YUYV", V4l2Abi.FourCc("YUYV")),
        ("V4L2_PIX_FMT_NV12", V4l2Abi.FourCc("NV12")),
    ];

    [SkippableFact]
    public void The_compiler_agrees_with_every_size_offset_and_request_number()
    {
        Skip.IfNot(File.Exists("/usr/include/linux/videodev2.h") && File.Exists("/usr/bin/gcc"),
            "needs a C compiler and the kernel's headers: apt-get install gcc linux-libc-dev");
        string folder = Directory.CreateTempSubdirectory("v4l2-abi").FullName;
        try
        {
            string source = Path.Combine(folder, "abi.c");
            var prints = Abi.Select(row => $"printf(\"%lld\\n\", (long long)({row.C}));");
            File.WriteAllText(source, "#include <stdio.h>\n#include <stddef.h>\n#include <linux/videodev2.h>\n" +
                $"int main(void) {{ {string.Join('\n', prints)} return 0; }}");
            string program = Path.Combine(folder, "abi");
            LibavLayoutTests.Run("/usr/bin/gcc", "-o", program, source);
            string[] printed = LibavLayoutTests.Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(Abi.Length, printed.Length);
            for (int i = 0; i < Abi.Length; i++)
            {
                long theirs = long.Parse(printed[i], CultureInfo.InvariantCulture);
                Assert.True(Abi[i].Ours == theirs, $"{Abi[i].C}: ours {Abi[i].Ours}, the header's {theirs}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [SkippableTheory]
    [InlineData("v4l2:///dev/video987", "is the camera plugged in")]
    [InlineData("csi://987", "is the camera plugged in")]
    [InlineData("v4l2:///dev/null", "this is no video device")]
    public void A_device_that_is_not_there_or_no_camera_is_refused_with_a_remedy(string uri, string remedy)
    {
        EncoderTests.RequireLibav();
        Skip.IfNot(OperatingSystem.IsLinux(), "needs Linux");
        var refused = Assert.Throws<DeviceException>(
            () => FfmpegCamera.Open(uri, new CameraOptions(), NullLogger.Instance).Dispose());
        Assert.Contains(remedy, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(uri, refused.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("yuv420p", 24)]
    [InlineData("nv12", 24)]
    [InlineData("yuyv422", 40)]
    public void Raw_pictures_become_frames_of_the_same_values(string name, int bytesPerLine)
    {
        EncoderTests.RequireLibav();
        const int Width = 20, Height = 6;
        const byte Luma = 90, Blue = 140, Red = 110;
        byte[] raw = new byte[name == "yuyv422" ? bytesPerLine * Height : bytesPerLine * Height * 3 / 2];
        for (int i = 0; i < raw.Length; i++)
        {
            int chroma = i - (bytesPerLine * Height);
            raw[i] = name == "yuyv422" ? (i % 4) switch { 1 => Blue, 3 => Red, _ => Luma }
                : chroma < 0 ? Luma
                : name == "nv12" ? (chroma % 2 == 0 ? Blue : Red)
                : chroma < bytesPerLine / 2 * (Height / 2) ? Blue : Red;
        }

        var format = new FrameFormat(Width, Height, ColourRange.Limited, ColourMatrix.Bt601);
        using var pool = new FramePool(slots: 1, format.Bytes);
        using var picture = new Picture();
        using var scaler = new Scaler();
        picture.Allocate(PictureFormat.Named(name), Width, Height);
        Assert.False(picture.TryFill(raw.AsSpan(1), bytesPerLine));
        Assert.True(picture.TryFill(raw, bytesPerLine));
        Assert.True(pool.TryRent(out var slot));
        scaler.Convert(picture, format, format).CopyTo(slot, format);
        using var frame = new Frame(slot, format, default, 0, default);
        Assert.All(frame.Luma.ToArray(), value => Assert.Equal(Luma, value));
        Assert.All(frame.ChromaBlue.ToArray(), value => Assert.Equal(Blue, value));
        Assert.All(frame.ChromaRed.ToArray(), value => Assert.Equal(Red, value));
    }
}
