using System.Diagnostics;

namespace EdgeAppliance.Drivers.Timing;

/// <summary>
/// An instant on the one monotonic clock (CLOCK_MONOTONIC), in nanoseconds. It stamps frames and observations as near
/// the device as possible; it never jumps with the wall clock. A recording's own time is laid onto it at an epoch.
/// </summary>
public readonly record struct MonoTime(long Nanoseconds) : IComparable<MonoTime>
{
    static readonly double NsPerTick = 1e9 / Stopwatch.Frequency;

    /// <summary>Now.</summary>
    public static MonoTime Now => new((long)(Stopwatch.GetTimestamp() * NsPerTick));

    /// <summary>Seconds since the clock's own zero.</summary>
    public double Seconds => Nanoseconds / 1e9;

    public static MonoTime FromSeconds(double seconds) => new((long)(seconds * 1e9));

    public int CompareTo(MonoTime other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static TimeSpan operator -(MonoTime a, MonoTime b) => new((a.Nanoseconds - b.Nanoseconds) / 100);

    public static MonoTime operator +(MonoTime a, TimeSpan b) => new(a.Nanoseconds + (b.Ticks * 100));

    public static MonoTime operator -(MonoTime a, TimeSpan b) => new(a.Nanoseconds - (b.Ticks * 100));

    public static bool operator <(MonoTime a, MonoTime b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(MonoTime a, MonoTime b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(MonoTime a, MonoTime b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(MonoTime a, MonoTime b) => a.Nanoseconds >= b.Nanoseconds;

    public static TimeSpan Subtract(MonoTime a, MonoTime b) => a - b;

    public static MonoTime Add(MonoTime a, TimeSpan b) => a + b;

    public override string ToString() => $"{Seconds:F6} s";
}
