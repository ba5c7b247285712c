using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// What looking at fewer frames costs, told from the detections there are: between two frames that were looked at,
/// boxes move evenly, and a frame that was not looked at shows the boxes of the one before it. No gradient sees this,
/// since frames that are dropped leave the others as they are.
/// </summary>
static class FrameMotion
{
    const float IouMin = 0.2f;

    /// <param name="looked">detections of the frames looked at, in order</param>
    /// <param name="step">frames from one looked at to the next</param>
    /// <param name="wanted">the step whose F1 is asked for; may be below <paramref name="step"/></param>
    /// <returns>the F1 of what would be shown, over all frames from the first looked at to the last</returns>
    public static double F1(
        IReadOnlyList<IReadOnlyList<Detection>> looked, int step, int wanted, float scoreMin)
    {
        if (looked.Count < 2) return double.NaN;
        int frames = (looked.Count - 1) * step;
        double sum = 0;
        for (int frame = 0; frame < frames; frame++)
            sum += Agreement.Of(Seen(frame - frame % wanted), Seen(frame), scoreMin).F1;
        return sum / frames;

        IReadOnlyList<Detection> Seen(int frame) => frame % step == 0
            ? looked[frame / step]
            : Between(looked[frame / step], looked[frame / step + 1], (float)(frame % step) / step);
    }

    static List<Detection> Between(IReadOnlyList<Detection> before, IReadOnlyList<Detection> after, float part)
    {
        List<Detection> between = [];
        foreach (var detection in before)
        {
            Detection? partner = null;
            float most = IouMin;
            foreach (var other in after)
            {
                float iou = other.Class == detection.Class ? detection.Box.IouWith(other.Box) : 0;
                if (iou > most) (partner, most) = (other, iou);
            }

            between.Add(partner is { } moved
                ? detection with { Box = Mixed(detection.Box, moved.Box, part) } : detection);
        }

        return between;
    }

    static Box Mixed(in Box a, in Box b, float part) => new(
        a.Left + part * (b.Left - a.Left), a.Top + part * (b.Top - a.Top),
        a.Right + part * (b.Right - a.Right), a.Bottom + part * (b.Bottom - a.Bottom));
}
