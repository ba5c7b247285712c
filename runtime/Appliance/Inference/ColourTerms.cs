using System.Numerics;
using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// One colour of a pixel as a sum over its luma and chroma, cut to 0..255, then normalised:
/// <c>clamp(y Y + u Cb + v Cr + constant, 0, 255) x scale + shift</c>. Matrices of ITU-T H.273.
/// </summary>
readonly record struct ColourTerms(float Y, float Cb, float Cr, float Constant, float Scale, float Shift)
{
    /// <param name="colour">0 red, 1 green, 2 blue</param>
    public static ColourTerms Of(
        ColourRange range, ColourMatrix matrix, int colour, float scale, float mean, float deviation)
    {
        (double kr, double kb) = matrix == ColourMatrix.Bt709 ? (0.2126, 0.0722) : (0.299, 0.114);
        double kg = 1 - kr - kb;
        // From Y' in 0..1 and Pb, Pr in -0.5..0.5 to a colour in 0..1.
        double pb = colour switch { 0 => 0, 1 => -2 * kb * (1 - kb) / kg, _ => 2 * (1 - kb) };
        double pr = colour switch { 0 => 2 * (1 - kr), 1 => -2 * kr * (1 - kr) / kg, _ => 0 };
        (double offset, double luma, double chroma) =
            range == ColourRange.Limited ? (16.0, 219.0, 224.0) : (0, 255, 255);
        double y = 255 / luma, u = pb * 255 / chroma, v = pr * 255 / chroma;
        return new((float)y, (float)u, (float)v, (float)(-(offset * y) - (128 * (u + v))), scale / deviation,
            -mean / deviation);
    }

    /// <summary>All spans of one length.</summary>
    public void Apply(ReadOnlySpan<float> y, ReadOnlySpan<float> u, ReadOnlySpan<float> v, Span<float> into)
    {
        int done = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var ys = MemoryMarshal.Cast<float, Vector<float>>(y);
            var us = MemoryMarshal.Cast<float, Vector<float>>(u)[..ys.Length];
            var vs = MemoryMarshal.Cast<float, Vector<float>>(v)[..ys.Length];
            var outs = MemoryMarshal.Cast<float, Vector<float>>(into)[..ys.Length];
            var (least, most, constant) = (Vector<float>.Zero, new Vector<float>(255), new Vector<float>(Constant));
            var (ky, ku, kv) = (new Vector<float>(Y), new Vector<float>(Cb), new Vector<float>(Cr));
            var (scale, shift) = (new Vector<float>(Scale), new Vector<float>(Shift));
            for (int i = 0; i < ys.Length; i++)
            {
                var sum = Vector.MultiplyAddEstimate(ys[i], ky, constant);
                sum = Vector.MultiplyAddEstimate(us[i], ku, sum);
                sum = Vector.MultiplyAddEstimate(vs[i], kv, sum);
                outs[i] = Vector.MultiplyAddEstimate(Vector.Min(Vector.Max(sum, least), most), scale, shift);
            }

            done = ys.Length * Vector<float>.Count;
        }

        for (int i = done; i < into.Length; i++)
        {
            float sum = (y[i] * Y) + (u[i] * Cb) + (v[i] * Cr) + Constant;
            into[i] = (Math.Clamp(sum, 0, 255) * Scale) + Shift;
        }
    }
}
