using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// The kernel's own interface to serial ports: asm-generic/termbits.h and ioctls.h, the same on x86-64 and aarch64.
/// Not the C library's: its <c>speed_t</c> changed its meaning with glibc 2.42, and knows listed rates only, while the
/// kernel's <c>termios2</c> takes any rate as a number.
/// </summary>
static unsafe partial class SerialAbi
{
    public const int ReadWrite = 2;
    public const int NoControllingTerminal = 0x100;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    public const nuint GetTermios2 = 0x802C542A;
    public const nuint SetTermios2 = 0x402C542B;
    public const nuint Flush = 0x540B;
    public const nuint Exclusive = 0x540C;
    public const int FlushBoth = 2;

    public const uint OtherBaud = 0x1000; // BOTHER: the rate stands as a number in the fields of speed
    public const int InputBaudShift = 16; // IBSHIFT
    public const uint EightBits = 0x30;
    public const uint ReceiverOn = 0x80;
    public const uint NoModemLines = 0x800;
    public const int TermiosSize = 44;
    public const int TermiosLine = 16;
    public const int TermiosControl = 17;
    public const int TermiosInputSpeed = 36;
    public const int TermiosOutputSpeed = 40;
    public const int ControlTime = 5;
    public const int ControlLeast = 6;

    public const short PollIn = 1;
    public const short PollOut = 4;

    public const int NoSuchFile = 2;
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int NoSuchAddress = 6;
    public const int TryAgain = 11;
    public const int NotAllowed = 13;
    public const int Busy = 16;
    public const int NoSuchDevice = 19;
    public const int Invalid = 22;
    public const int NotATerminal = 25;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(SafeHandle descriptor, byte* into, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(SafeHandle descriptor, byte* from, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(SafeHandle descriptor, nuint request, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollEntry* entries, nuint count, int milliseconds);

    /// <summary>struct termios2.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Termios2
    {
        public uint Input;
        public uint Output;
        public uint Control;
        public uint Local;
        public byte Line;
        public fixed byte Characters[19];
        public uint InputSpeed;
        public uint OutputSpeed;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
