using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>
/// One row an operator and operator set that changed it (github.com/onnx/onnx, docs/Changelog.md). What is not here
/// only took in more types, negative axes or attributes whose default is the old behaviour.
/// </summary>
static class UpgradeRules
{
    public static readonly UpgradeStep[] All =
    [
        new("Scan", 9, c => throw c.Refusal("a Scan of operator set 8 has a batch axis that later ones do not")),
        new("BatchNormalization", 9, SpatialOnly),
        new("Upsample", 9, ScalesToInput),
        new("Upsample", 10, c => [c.Node.Copy("Resize")]),
        new("Slice", 10, SliceToInputs),
        new("TopK", 10, CountToInput),
        new("Dropout", 10, c => NoMask(c, "its mask became another type in operator set 10")),
        new("Resize", 11, ResizeOf11),
        new("Clip", 11, ClipToInputs),
        new("Pad", 11, PadToInputs),
        new("Scatter", 11, c => [c.Node.Copy("ScatterElements")]),
        new("Dropout", 12, RatioToInput),
        new("Squeeze", 13, c => LongsToInput(c, "axes")),
        new("Unsqueeze", 13, c => LongsToInput(c, "axes")),
        new("ReduceSum", 13, c => LongsToInput(c, "axes")),
        new("Split", 13, c => LongsToInput(c, "split")),
        new("Resize", 13, ResizeOf13),
        new("Softmax", 13, OneAxis),
        new("LogSoftmax", 13, OneAxis),
        new("Hardmax", 13, OneAxis),
        new("BatchNormalization", 14, InferenceOnly),
        new("RoiAlign", 16, RoisAsBefore),
    ];

    static OnnxNode[] LongsToInput(UpgradeCase c, string attribute)
    {
        c.LongsToInput(attribute, 1);
        return [c.Node];
    }

    static OnnxNode[] SpatialOnly(UpgradeCase c)
    {
        if (c.Take("spatial") is { Int: 0 })
            throw c.Refusal("statistics for each place (spatial=0), which operator set 9 took away");
        return [c.Node];
    }

    static OnnxNode[] InferenceOnly(UpgradeCase c)
    {
        c.KeepOutputs(1, "statistics of a training run are asked for");
        return [c.Node];
    }

    static OnnxNode[] ScalesToInput(UpgradeCase c)
    {
        var scales = c.Take("scales") ?? throw c.Refusal("no scales");
        c.SetInput(1, c.Constant("scales", scales.Floats));
        return [c.Node];
    }

    static OnnxNode[] SliceToInputs(UpgradeCase c)
    {
        c.LongsToInput("starts", 1);
        c.LongsToInput("ends", 2);
        c.LongsToInput("axes", 3);
        return [c.Node];
    }

    static OnnxNode[] CountToInput(UpgradeCase c)
    {
        var count = c.Take("k") ?? throw c.Refusal("no k");
        c.SetInput(1, c.Constant("k", [count.Int]));
        return [c.Node];
    }

    static OnnxNode[] NoMask(UpgradeCase c, string why)
    {
        c.KeepOutputs(1, why);
        return [c.Node];
    }

    static OnnxNode[] RatioToInput(UpgradeCase c)
    {
        if (c.Take("ratio") is { } ratio) c.SetInput(1, c.ScalarLikeInput("ratio", ratio.Float));
        return [c.Node];
    }

    static OnnxNode[] ClipToInputs(UpgradeCase c)
    {
        if (c.Take("min") is { } min) c.SetInput(1, c.ScalarLikeInput("min", min.Float));
        if (c.Take("max") is { } max) c.SetInput(2, c.ScalarLikeInput("max", max.Float));
        return [c.Node];
    }

    static OnnxNode[] PadToInputs(UpgradeCase c)
    {
        c.LongsToInput("pads", 1);
        if (c.Take("value") is { Float: not 0 } value) c.SetInput(2, c.ScalarLikeInput("value", value.Float));
        return [c.Node];
    }

    /// <summary>Before operator set 11 a pixel was looked up at its number divided by the scale.</summary>
    static OnnxNode[] ResizeOf11(UpgradeCase c)
    {
        string scales = c.Node.Input(1) ?? throw c.Refusal("no scales");
        var known = c.FactsOf(1).Constant?.Floats() ?? c.Graph.Initializer(scales)?.Floats() ?? [];
        bool shrinks = known.Any(s => s < 1);
        if (shrinks && known.Any(s => s > 1))
            throw c.Refusal("it shrinks one axis and stretches another, which later operator sets round differently");
        c.SetInput(1, "");
        c.SetInput(2, scales);
        c.SetAttribute(OnnxAttribute.Of("coordinate_transformation_mode", "asymmetric"));
        // ONNX Runtime rounds up where it shrinks; what the old text does not say, its only careful reader decides.
        c.SetAttribute(OnnxAttribute.Of("nearest_mode", shrinks ? "ceil" : "floor"));
        return [c.Node];
    }

    static OnnxNode[] ResizeOf13(UpgradeCase c)
    {
        const string Gone = "tf_half_pixel_for_nn";
        return c.Node.Text("coordinate_transformation_mode", "") == Gone
            ? throw c.Refusal($"it looks pixels up by {Gone}, which operator set 13 took away") : [c.Node];
    }

    /// <summary>Before operator set 13 all axes from the one named on were taken as one.</summary>
    static OnnxNode[] OneAxis(UpgradeCase c)
    {
        long axis = c.Take("axis")?.Int ?? 1;
        if (c.FactsOf(0).Shape is { } shape)
        {
            int first = (int)(axis < 0 ? axis + shape.Count : axis);
            int[] wide = [.. Enumerable.Range(first, shape.Count - first).Where(i => !shape[i].Is(1))];
            // The only one that has more than one place is all of them.
            if (wide.Length <= 1)
            {
                int only = wide.Length == 0 ? shape.Count - 1 : wide[0];
                c.SetAttribute(OnnxAttribute.Of("axis", only == shape.Count - 1 ? -1L : only));
                return [c.Node];
            }
        }

        string from = c.Node.Inputs[0], to = c.Node.Outputs[0];
        string flat = c.Named("flat"), done = c.Named("done"), sizes = c.Named("sizes");
        c.Node.Inputs[0] = flat;
        c.Node.Outputs[0] = done;
        c.SetAttribute(OnnxAttribute.Of("axis", -1));
        return
        [
            new() { Op = "Shape", Name = sizes, Inputs = [from], Outputs = [sizes] },
            new()
            {
                Op = "Flatten", Name = flat, Inputs = [from], Outputs = [flat],
                Attributes = [OnnxAttribute.Of("axis", axis)],
            },
            c.Node,
            new() { Op = "Reshape", Name = to + "_back", Inputs = [done, sizes], Outputs = [to] },
        ];
    }

    static OnnxNode[] RoisAsBefore(UpgradeCase c)
    {
        if (c.Node.Find("coordinate_transformation_mode") is null)
            c.SetAttribute(OnnxAttribute.Of("coordinate_transformation_mode", "output_half_pixel"));
        return [c.Node];
    }
}
