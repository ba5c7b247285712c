using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers.Media.Binding;

/// <summary>A fraction, as libavutil/rational.h lays it out.</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct AVRational(int Num, int Den)
{
    public static readonly AVRational Microseconds = new(1, 1_000_000);

    /// <summary>As a number, or null where the fraction says nothing.</summary>
    public double? Value => Num > 0 && Den > 0 ? (double)Num / Den : null;

    /// <summary>A count of these as a duration; exact to 100 ns.</summary>
    public TimeSpan Of(long count) => new((long)((Int128)count * Num * TimeSpan.TicksPerSecond / Math.Max(Den, 1)));
}
