using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers.Timing;

/// <summary>What the kernel says of the wall clock.</summary>
public static partial class WallClock
{
    // adjtimex(2): the clock is not synchronised (STA_UNSYNC, or an error in the clock).
    const int TimeError = 5;

    // struct timex has 208 bytes on 64-bit Linux and 128 on 32-bit; its first field, modes, 0: only read.
    const int TimexBytes = 256;

    /// <summary>Whether something (NTP, PTP, GNSS) keeps the clock; null where the kernel does not say.</summary>
    public static bool? IsSynchronised()
    {
        Span<byte> timex = stackalloc byte[TimexBytes];
        timex.Clear();
        int state = Adjtimex(ref MemoryMarshal.GetReference(timex));
        return state < 0 ? null : state != TimeError;
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    internal static partial int Adjtimex(ref byte timex);
}
