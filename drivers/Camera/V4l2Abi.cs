using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>
/// The part of linux/videodev2.h that capture needs: request numbers, and byte offsets within its structures. A stable
/// interface of the kernel, the same on every LP64 target.
/// </summary>
static unsafe partial class V4l2Abi
{
    public const int CapabilitySize = 104;
    public const int CapabilityCard = 16;
    public const int CapabilityDeviceCaps = 88;
    public const int FormatDescriptionSize = 64;
    public const int FormatDescriptionType = 4;
    public const int FormatDescriptionPixelFormat = 44;
    public const int FormatSize = 208;
    public const int FormatPix = 8;
    public const int PixWidth = 0;
    public const int PixHeight = 4;
    public const int PixPixelFormat = 8;
    public const int PixBytesPerLine = 16;
    public const int PixColorspace = 24;
    public const int PixQuantization = 40;
    public const int StreamParmSize = 204;
    public const int StreamParmTimePerFrame = 12;
    public const int RequestBuffersSize = 20;
    public const int RequestBuffersType = 4;
    public const int RequestBuffersMemory = 8;
    public const int BufferSize = 88;
    public const int BufferType = 4;
    public const int BufferBytesUsed = 8;
    public const int BufferFlags = 12;
    public const int BufferTimestamp = 24;
    public const int BufferMemory = 60;
    public const int BufferOffset = 64;
    public const int BufferLength = 72;

    public const int TypeCapture = 1;
    public const int MemoryMmap = 1;
    public const uint CapVideoCapture = 1;
    public const uint CapStreaming = 0x04000000;
    public const uint FlagError = 0x40;
    public const uint FlagTimestampMonotonic = 0x2000;
    public const int ColorspaceRec709 = 3;
    public const int QuantizationFull = 1;

    public static readonly nuint QueryCap = Request(Read, 0, CapabilitySize);
    public static readonly nuint EnumFormat = Request(Read | Write, 2, FormatDescriptionSize);
    public static readonly nuint SetFormat = Request(Read | Write, 5, FormatSize);
    public static readonly nuint RequestBuffers = Request(Read | Write, 8, RequestBuffersSize);
    public static readonly nuint QueryBuffer = Request(Read | Write, 9, BufferSize);
    public static readonly nuint Queue = Request(Read | Write, 15, BufferSize);
    public static readonly nuint Dequeue = Request(Read | Write, 17, BufferSize);
    public static readonly nuint StreamOn = Request(Write, 18, sizeof(int));
    public static readonly nuint StreamOff = Request(Write, 19, sizeof(int));
    public static readonly nuint SetParm = Request(Read | Write, 22, StreamParmSize);

    const uint Write = 1;
    const uint Read = 2;

    /// <summary>A four-letter pixel format.</summary>
    public static uint FourCc(string letters) =>
        letters[0] | ((uint)letters[1] << 8) | ((uint)letters[2] << 16) | ((uint)letters[3] << 24);

    public static string Letters(uint format) => string.Concat(
        (char)(format & 255), (char)((format >> 8) & 255), (char)((format >> 16) & 255), (char)((format >> 24) & 127));

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeHandle descriptor, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint mmap(
        nint at, nuint length, int protection, int flags, SafeHandle descriptor, nint offset);

    [LibraryImport("libc")]
    public static partial int munmap(nint at, nuint length);

    // _IOC of asm-generic/ioctl.h: direction, size, the letter V, number.
    static nuint Request(uint direction, uint number, int size) =>
        (direction << 30) | ((uint)size << 16) | ('V' << 8) | number;

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
