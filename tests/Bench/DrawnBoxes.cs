using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>Persons that people drew into a clip's frames: <c>gt_excerpt_mot.csv</c> beside the video.</summary>
static class DrawnBoxes
{
    /// <returns>by second and frame, as <see cref="Clip.Show"/> gives them; null where there is no such file</returns>
    public static IReadOnlyList<Detection[][]>? Of(Clip clip, int seconds)
    {
        string path = Path.Combine(Path.GetDirectoryName(clip.File)!, "gt_excerpt_mot.csv");
        if (!File.Exists(path)) return null;
        var drawn = DetectBench.StreetTruth(path).ToLookup(
            box => (long)box.Image, box => new Detection(box.Box, 0, 1));
        List<Detection[][]> all = [];
        using var pool = new FramePool(13, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        clip.Show(pool, seconds, (_, frames) => all.Add([.. frames.Select(frame => drawn[frame.Index].ToArray())]));
        return all;
    }
}
