using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Losses;

/// <summary>
/// Overlap of boxes left, top, right, bottom along the last axis, pair by pair; the last axis goes. These are measures,
/// 1 when boxes are the same: a loss is 1 minus it.
/// </summary>
public static class Boxes
{
    /// <summary>Areas below this are taken for this: boxes of no area then have no overlap, and no NaN.</summary>
    const float AreaMin = 1e-6f;

    /// <summary>Shared area over area of both together.</summary>
    public static Value Iou(this Value a, Value b)
    {
        var (shared, union, _) = Areas(a, b);
        return (shared / union.Max(AreaMin)).Squeeze(-1);
    }

    /// <summary>
    /// The same, less the part of the smallest box round both that belongs to neither (Rezatofighi et al. 2019): -1 to
    /// 1, with a gradient for boxes that do not meet.
    /// </summary>
    public static Value Giou(this Value a, Value b)
    {
        var (shared, union, hull) = Areas(a, b);
        return (shared / union.Max(AreaMin) - (hull - union) / hull.Max(AreaMin)).Squeeze(-1);
    }

    static (Value Shared, Value Union, Value Hull) Areas(Value a, Value b)
    {
        var (aLow, aHigh) = Corners(a);
        var (bLow, bHigh) = Corners(b);
        var shared = Area((aHigh.Min(bHigh) - aLow.Max(bLow)).Max(0));
        var union = Area(aHigh - aLow) + Area(bHigh - bLow) - shared;
        return (shared, union, Area(aHigh.Max(bHigh) - aLow.Min(bLow)));
    }

    static (Value Low, Value High) Corners(Value boxes)
    {
        var halves = boxes.Split(boxes.Rank - 1, 2, 2);
        return (halves[0], halves[1]);
    }

    static Value Area(Value sides)
    {
        var both = sides.Split(sides.Rank - 1, 1, 1);
        return both[0] * both[1];
    }
}
