using System.Collections.Immutable;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>A frame looked at in full quality, and where it had its turn under the setting in force.</summary>
/// <param name="Full">by bin of <see cref="ScoreBins"/>: detections in full quality</param>
/// <param name="Found">
/// how many of them the setting sees above the threshold as well; default: it was not looked at under the setting
/// </param>
/// <param name="Extra">detections above the threshold that full quality does not have, not even weakly</param>
/// <param name="Detail">the frame's longer side over the detector's input</param>
sealed record SceneLook(ImmutableArray<int> Full, ImmutableArray<int> Found, int Extra, double Detail)
{
    /// <summary>A frame that was looked at in full quality alone.</summary>
    public static SceneLook Of(IReadOnlyList<Detection> full, float threshold, double detail) =>
        Of([], full, threshold, detail) with { Found = default };

    /// <param name="shown">what the setting sees</param>
    /// <param name="full">what full quality sees, weak detections with it</param>
    public static SceneLook Of(
        IReadOnlyList<Detection> shown, IReadOnlyList<Detection> full, float threshold, double detail)
    {
        int[] all = new int[ScoreBins.Count], found = new int[ScoreBins.Count];
        Span<int> partners = stackalloc int[shown.Count];
        Agreement.Pair(shown, full, threshold, 0, partners);
        int extra = 0;
        foreach (var seen in full)
            if (ScoreBins.Of(seen.Score, threshold) is >= 0 and var bin) all[bin]++;
        for (int i = 0; i < partners.Length; i++)
        {
            if (shown[i].Score < threshold) continue;
            int bin = partners[i] < 0 ? -1 : ScoreBins.Of(full[partners[i]].Score, threshold);
            if (bin < 0) extra++;
            else found[bin]++;
        }

        return new SceneLook([.. all], [.. found], extra, detail);
    }
}

/// <summary>How far what was seen a while ago still holds.</summary>
/// <param name="Tenths">of a second, 1 to <see cref="SceneSeen.Lags"/></param>
/// <param name="Lost">F1 of the older answer against the newer one, less than 1: sum over frames</param>
/// <param name="Frames">how many were compared</param>
readonly record struct LagReading(int Tenths, double Lost, int Frames);

/// <summary>What a second told of the scene's detections.</summary>
/// <param name="Look">null: no frame bypassed the knobs</param>
/// <param name="FrameS">seconds from one frame of the camera to the next; null: unknown</param>
sealed record SceneReading(SceneLook? Look, ImmutableArray<LagReading> Lags, double? FrameS);

/// <summary>
/// What looking at fewer frames costs: a frame not looked at shows what was seen in the one before it. Told by
/// comparing the answers that there are; no gradient sees it, since dropped frames leave the others as they are.
/// </summary>
static class FrameLag
{
    const double TenthS = 0.1;

    /// <param name="before">answers of the second before, in order; empty: none, or under another setting</param>
    /// <param name="now">answers of this second, in order</param>
    /// <param name="everyS">seconds from one of them to the next</param>
    public static ImmutableArray<LagReading> Of(
        IReadOnlyList<IReadOnlyList<Detection>> before, IReadOnlyList<IReadOnlyList<Detection>> now, double everyS,
        float scoreMin)
    {
        List<LagReading> lags = [];
        for (int tenths = 1; tenths <= SceneSeen.Lags; tenths++)
        {
            int back = (int)Math.Round(tenths * TenthS / everyS);
            if (back < 1 || Math.Abs(back * everyS - tenths * TenthS) > TenthS / 2) continue;
            double lost = 0;
            int frames = 0;
            for (int i = 0; i < now.Count; i++)
            {
                int old = before.Count + i - back;
                if (old < 0) continue;
                var older = old < before.Count ? before[old] : now[old - before.Count];
                lost += 1 - Agreement.Of(older, now[i], scoreMin).F1;
                frames++;
            }

            if (frames > 0) lags.Add(new LagReading(tenths, lost, frames));
        }

        return [.. lags];
    }
}
