using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>How well what was seen under a setting agrees with what the dearest setting sees.</summary>
/// <param name="Hits">detections of both that are the same</param>
/// <param name="Seen">detections under the setting</param>
/// <param name="True">detections of the reference</param>
readonly record struct Agreement(int Hits, int Seen, int True)
{
    /// <summary>Two boxes of a class that overlap by as much are the same (OneAdapt's measure).</summary>
    const float IouMin = 0.5f;

    /// <summary>2 hits / (seen + true); 1 where neither sees anything.</summary>
    public double F1 => Seen + True == 0 ? 1 : 2.0 * Hits / (Seen + True);

    public static Agreement operator +(Agreement a, Agreement b) =>
        new(a.Hits + b.Hits, a.Seen + b.Seen, a.True + b.True);

    public static Agreement Add(Agreement left, Agreement right) => left + right;

    /// <summary>Pairs greedily, best score first, each reference once.</summary>
    /// <param name="scoreMin">detections below it count on neither side</param>
    public static Agreement Of(IReadOnlyList<Detection> seen, IReadOnlyList<Detection> reference, float scoreMin)
    {
        Span<int> partners = stackalloc int[seen.Count];
        Pair(seen, reference, scoreMin, scoreMin, partners);
        int hits = 0;
        foreach (int partner in partners) if (partner >= 0) hits++;
        return new Agreement(
            hits, seen.Count(d => d.Score >= scoreMin), reference.Count(d => d.Score >= scoreMin));
    }

    /// <summary>Pairs greedily, in the order seen, each reference once.</summary>
    /// <param name="scoreMin">detections seen below it have no partner</param>
    /// <param name="referenceMin">references below it are no partner</param>
    /// <param name="partners">by detection seen: the reference's number; -1: none</param>
    public static void Pair(
        IReadOnlyList<Detection> seen, IReadOnlyList<Detection> reference, float scoreMin, float referenceMin,
        Span<int> partners)
    {
        Span<bool> taken = stackalloc bool[reference.Count];
        for (int i = 0; i < seen.Count; i++)
        {
            partners[i] = seen[i].Score < scoreMin ? -1 : Partner(seen[i], reference, taken, referenceMin);
            if (partners[i] >= 0) taken[partners[i]] = true;
        }
    }

    /// <summary>
    /// The utility that differs between two answers: over all detections, paired as above, by how much sigmoid(slope
    /// (score - threshold)) differs; one without a partner differs by all it has.
    /// </summary>
    public static double UtilityApart(
        IReadOnlyList<Detection> seen, IReadOnlyList<Detection> reference, float threshold, float slope = 20)
    {
        double apart = 0;
        Span<bool> taken = stackalloc bool[reference.Count];
        foreach (var detection in seen)
        {
            int best = Partner(detection, reference, taken, 0);
            double there = best < 0 ? 0 : Worth(reference[best].Score);
            apart += Math.Abs(Worth(detection.Score) - there);
            if (best >= 0) taken[best] = true;
        }

        for (int i = 0; i < taken.Length; i++) if (!taken[i]) apart += Worth(reference[i].Score);
        return apart;

        double Worth(float score) => 1 / (1 + Math.Exp(-slope * (score - threshold)));
    }

    static int Partner(
        in Detection detection, IReadOnlyList<Detection> reference, ReadOnlySpan<bool> taken, float scoreMin)
    {
        int best = -1;
        float most = IouMin;
        for (int i = 0; i < reference.Count; i++)
        {
            if (taken[i] || reference[i].Class != detection.Class || reference[i].Score < scoreMin) continue;
            float iou = detection.Box.IouWith(reference[i].Box);
            if (iou > most) (best, most) = (i, iou);
        }

        return best;
    }
}
