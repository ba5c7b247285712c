using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>The two loops that a filter's time goes to, as wide as the processor has them.</summary>
static class Rows
{
    /// <summary>The sum of products; <paramref name="b"/> is at least as long.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var wide = MemoryMarshal.Cast<double, Vector<double>>(a);
        var other = MemoryMarshal.Cast<double, Vector<double>>(b);
        var sums = Vector<double>.Zero;
        for (int i = 0; i < wide.Length; i++) sums += wide[i] * other[i];
        double sum = Vector.Sum(sums);
        for (int i = wide.Length * Vector<double>.Count; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Adds so many times the other row, which is at least as long.</summary>
    public static void Add(Span<double> to, double times, ReadOnlySpan<double> other)
    {
        var wide = MemoryMarshal.Cast<double, Vector<double>>(to);
        var right = MemoryMarshal.Cast<double, Vector<double>>(other);
        var scale = new Vector<double>(times);
        for (int i = 0; i < wide.Length; i++) wide[i] += scale * right[i];
        for (int i = wide.Length * Vector<double>.Count; i < to.Length; i++) to[i] += times * other[i];
    }
}
