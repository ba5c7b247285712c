using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>What a head found above the threshold, before overlaps are removed. Used again for each frame.</summary>
sealed class Candidates
{
    Detection[] _found = new Detection[256];
    float[] _order = new float[256];

    /// <param name="most">detections told in a frame, the best ones</param>
    public Candidates(int most) => Most = most;

    public int Most { get; }

    public int Count { get; private set; }

    public ReadOnlySpan<Detection> Found => _found.AsSpan(0, Count);

    public void Clear() => Count = 0;

    /// <param name="box">in pixels of the model's input</param>
    public void Add(in Box box, int @class, float score)
    {
        if (Count == _found.Length)
        {
            Array.Resize(ref _found, 2 * Count);
            Array.Resize(ref _order, 2 * Count);
        }

        _found[Count++] = new Detection(box, @class, score);
    }

    /// <summary>
    /// The best ones in pixels of the picture, best first: of two of one class that overlap more than
    /// <paramref name="iouMax"/> only the better stays.
    /// </summary>
    /// <param name="cut">boxes end at the picture's edges; what lies outside altogether is not told</param>
    public ImmutableArray<Detection> Best(float iouMax, in Fit fit, bool cut = true)
    {
        for (int i = 0; i < Count; i++) _order[i] = -_found[i].Score;
        _order.AsSpan(0, Count).Sort(_found.AsSpan(0, Count));
        var kept = ImmutableArray.CreateBuilder<Detection>(Math.Min(Count, Most));
        for (int i = 0; i < Count && kept.Count < Most; i++)
        {
            ref readonly var candidate = ref _found[i];
            if (!IsBeaten(candidate, kept, iouMax)) kept.Add(candidate);
        }

        for (int i = kept.Count - 1; i >= 0; i--)
        {
            var box = fit.ToSource(kept[i].Box);
            if (cut) box = box.ClampTo(fit.SourceWidth, fit.SourceHeight);
            if (box.Width > 0 && box.Height > 0) kept[i] = kept[i] with { Box = box };
            else kept.RemoveAt(i);
        }

        return kept.DrainToImmutable();
    }

    static bool IsBeaten(in Detection candidate, ImmutableArray<Detection>.Builder kept, float iouMax)
    {
        for (int i = 0; i < kept.Count; i++)
            if (kept[i].Class == candidate.Class && kept[i].Box.IouWith(candidate.Box) > iouMax) return true;
        return false;
    }
}
