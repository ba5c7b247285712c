using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>How far a layer's value in one model is from its counterpart in another, on the same input.</summary>
/// <param name="Name">of the value in the first model</param>
/// <param name="Other">in the second</param>
/// <param name="Op">what computes it</param>
/// <param name="AbsoluteMax">the largest difference; null where <paramref name="Fault"/> says why there is none</param>
/// <param name="RelativeMax">that as a part of the first's largest number; 0 when all are equal</param>
/// <param name="Deviation">
/// root of the mean square of the differences, as a part of the first's range (ML-EXray, Qiu et al. 2022); where that
/// range is 0, as a part of its largest number
/// </param>
public sealed record LayerDifference(
    string Name, string Other, string Op, IReadOnlyList<long> Shape, double? AbsoluteMax, double? RelativeMax,
    double? Deviation, string? Fault)
{
    /// <summary>Whether it differs by more than may be; what cannot be compared differs.</summary>
    public bool IsAbove(double threshold) => !(Deviation <= threshold);

    /// <summary>Whether every number is the same.</summary>
    public bool IsEqual => AbsoluteMax == 0;

    internal static LayerDifference Of(string op, OnnxTensor first, OnnxTensor second)
    {
        if (!first.Dims.SequenceEqual(second.Dims))
        {
            return new LayerDifference(first.Name, second.Name, op, first.Dims, null, null, null,
                $"{string.Join('x', first.Dims)} is not {string.Join('x', second.Dims)}");
        }

        float[] a = first.Floats(), b = second.Floats();
        double worst = 0, squares = 0, least = double.PositiveInfinity, most = double.NegativeInfinity, largest = 0;
        for (int i = 0; i < a.Length; i++)
        {
            // Equal infinities differ by nothing, and so do two that are no numbers.
            double off = a[i].Equals(b[i]) ? 0 : Math.Abs((double)a[i] - b[i]);
            if (!double.IsFinite(off)) return NoNumber(op, first, second, i, a[i], b[i]);
            worst = Math.Max(worst, off);
            squares += off * off;
            if (!float.IsFinite(a[i])) continue;
            (least, most) = (Math.Min(least, a[i]), Math.Max(most, a[i]));
            largest = Math.Max(largest, Math.Abs(a[i]));
        }

        double rms = a.Length == 0 ? 0 : Math.Sqrt(squares / a.Length), range = most > least ? most - least : largest;
        return new LayerDifference(first.Name, second.Name, op, first.Dims, worst, Part(worst, largest), Part(rms, range), null);
    }

    /// <summary>A part of a scale; of a scale of nothing, any difference is all of it.</summary>
    static double Part(double of, double scale) => of == 0 ? 0 : scale > 0 ? of / scale : 1;

    static LayerDifference NoNumber(string op, OnnxTensor first, OnnxTensor second, int at, float a, float b) => new(
        first.Name, second.Name, op, first.Dims, null, null, null, $"element {at} is {a:R} and {b:R}");
}
