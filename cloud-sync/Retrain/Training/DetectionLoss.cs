using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Losses;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Retrain.Training;

/// <summary>
/// The loss for each box that a cell answers for: 5 (1 - GIoU), what its class should be, and over all cells that may
/// be
/// judged whether somebody is there, which is as true as the box is good.
/// <para>
/// Targets, batch x cells x: <see cref="Boxes"/> left, top, right, bottom in input pixels; <see cref="Kinds"/> 1 for
/// the
/// class; <see cref="Owned"/> 1 for cells that answer for a box; <see cref="Judged"/> 0 for cells that nobody may
/// judge.
/// All cells of a batch of 16 are 1 % of a step's elements, so nothing is gathered.
/// </para>
/// </summary>
static class DetectionLoss
{
    public const string Boxes = "boxes", Kinds = "kinds", Owned = "owned", Judged = "judged";

    const float GiouWeight = 5;

    /// <summary>A larger exponent would let a box that is far off overflow.</summary>
    const float LogSizeMax = 5;

    /// <summary>The loss of a network whose output is batch x cells x (5 + classes), before sigmoids.</summary>
    public static LossOf For(DetectionGrid grid, int classes) => c =>
    {
        Value Target(string name, int numbers) =>
            c.Target(name, ElementType.Float, c[0].Shape[0], grid.Cells, numbers);
        return Of(grid, c[0], Target(Boxes, 4), Target(Kinds, classes), Target(Owned, 1), Target(Judged, 1));
    };

    internal static Value Of(DetectionGrid grid, Value output, Value boxes, Value kinds, Value owned, Value judged)
    {
        var parts = output.Split(2, 2, 2, 1, kinds.Shape[2].Known!.Value);
        var mine = Boxed(grid, parts[0], parts[1]);
        var there = mine.Iou(boxes).Unsqueeze(2).Detach().Clip(0, 1) * owned;
        var apart = ((1 - mine.Giou(boxes)).Unsqueeze(2) * owned).Sum();
        var presence = parts[2].BinaryCrossEntropyOfLogits(there, judged, Reduction.Sum);
        var kind = parts[3].BinaryCrossEntropyOfLogits(kinds, owned, Reduction.Sum);
        return (apart * GiouWeight + presence + kind) / owned.Sum().Max(1);
    }

    /// <summary>Left, top, right, bottom in input pixels.</summary>
    static Value Boxed(DetectionGrid grid, Value offsets, Value sizes)
    {
        var graph = offsets.Graph;
        float[] corners = [.. grid.Places().SelectMany(p => new float[] { p.X, p.Y })];
        // Once for each axis: a product with a factor repeated along the last axis takes 2 ms of a step of 16 pictures.
        float[] strides = [.. grid.Places().SelectMany(p => new float[] { p.Stride, p.Stride })];
        var stride = graph.Floats(strides, 1, grid.Cells, 2);
        var centre = (offsets + graph.Floats(corners, 1, grid.Cells, 2)) * stride;
        var half = sizes.Min(LogSizeMax).Exp() * stride * 0.5f;
        return graph.Concat(2, centre - half, centre + half);
    }
}
