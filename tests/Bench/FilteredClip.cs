using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Bench;

/// <summary>
/// A clip through a frame-difference filter alone (Reducto's way, its pixel feature): a frame that differs from the
/// last one kept by less than a threshold is neither sent nor looked at, and what was seen last is shown for it.
/// Everything else is at its dearest.
/// </summary>
sealed class FilteredClip
{
    /// <summary>Part of the pixels that changed.</summary>
    public static readonly double[] Thresholds = [0, .001, .003, .01, .02, .04, .08, .15];

    readonly Dictionary<double, LiveSecond> _mean = [];

    /// <summary>Decodes the clip once, and runs every threshold on it.</summary>
    public static FilteredClip Of(Clip clip, LiveClip live)
    {
        var filtered = new FilteredClip();
        using var pool = new FramePool(13, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        var kept = Thresholds.ToDictionary(t => t, _ => new List<bool[]>());
        var differences = Thresholds.ToDictionary(t => t, _ => new FrameDifference());
        clip.Show(pool, live.Count, (_, frames) =>
        {
            foreach (double threshold in Thresholds)
            {
                var difference = differences[threshold];
                bool[] second = new bool[frames.Count];
                for (int i = 0; i < frames.Count; i++)
                {
                    second[i] = difference.From(frames[i]).Pixel >= threshold;
                    if (second[i]) difference.Keep(frames[i]);
                }

                kept[threshold].Add(second);
            }
        });
        foreach (double threshold in Thresholds) filtered._mean[threshold] = Mean(live, kept[threshold]);
        return filtered;
    }

    public LiveSecond At(double threshold) => _mean[threshold];

    static LiveSecond Mean(LiveClip live, List<bool[]> kept)
    {
        List<LiveSecond> seconds = [];
        IReadOnlyList<Runtime.Inference.Detection> shown = [];
        for (int s = 0; s < live.Count; s++)
        {
            var reference = live.Table.Seconds[s].Seen[0, 0, 0];
            double f1 = 0;
            for (int i = 0; i < Clip.Rate; i++)
            {
                if (kept[s][i]) shown = reference[i];
                f1 += Agreement.Of(shown, reference[i], live.ScoreMin).F1 / Clip.Rate;
            }

            int frames = kept[s].Count(k => k);
            seconds.Add(new LiveSecond(f1, Bytes(live.Table.Seconds[s], frames), frames * live.Table.InferenceMs[0]));
        }

        return LiveClip.Mean(seconds);
    }

    /// <summary>Between the frame counts that were encoded, in proportion.</summary>
    static double Bytes(TableSecond second, int frames)
    {
        double fewer = 0, fewerBytes = 0;
        for (int f = LiveRungs.Steps.Length - 1; f >= 0; f--)
        {
            int count = Clip.Rate / LiveRungs.Steps[f];
            double bytes = second.Bytes[0, 0, f];
            if (frames <= count) return fewerBytes + (frames - fewer) / (count - fewer) * (bytes - fewerBytes);
            (fewer, fewerBytes) = (count, bytes);
        }

        return fewerBytes;
    }
}
