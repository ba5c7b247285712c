using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Bench;

/// <summary>How the frames of each second differ, by Reducto's pixel feature: the part of the pixels that changed.
/// </summary>
static class SegmentDifferences
{
    /// <returns>for each second, by frame and earlier frame</returns>
    public static IReadOnlyList<double[,]> Of(Clip clip, int seconds)
    {
        List<double[,]> all = [];
        var difference = new FrameDifference();
        using var pool = new FramePool(13, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        clip.Show(pool, seconds, (_, frames) =>
        {
            double[,] between = new double[frames.Count, frames.Count];
            for (int earlier = 0; earlier < frames.Count; earlier++)
            {
                difference.Keep(frames[earlier]);
                for (int i = earlier + 1; i < frames.Count; i++) between[i, earlier] = difference.From(frames[i]).Pixel;
            }

            all.Add(between);
        });
        return all;
    }

    /// <summary>
    /// Of the frames that are due, those that are looked at: the first, then each that differs enough from the last one
    /// that was.
    /// </summary>
    public static bool[] Looked(double[,] between, int step, double threshold)
    {
        bool[] looked = new bool[between.GetLength(0)];
        int last = 0;
        for (int i = 0; i < looked.Length; i += step)
        {
            looked[i] = i == 0 || between[i, last] >= threshold;
            if (looked[i]) last = i;
        }

        return looked;
    }
}
