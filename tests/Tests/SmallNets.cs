using EdgeAppliance.Onnx.Model;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests;

/// <summary>
/// Made models with open batch, height and width (n, h, w), of every operator whose shape takes thought.
/// </summary>
static class SmallNets
{
    static OnnxAttribute Ints(string name, params long[] values) => OnnxAttribute.Of(name, values);

    /// <summary>Windows of all kinds, resizes, normalisations, and how they join.</summary>
    public static OnnxModel Convolutions() => Of(17, "x: n 4 h w", "y", [
        Node("Conv", "x w3 b6", "c1", Ints("strides", 2, 2), Ints("pads", 1, 1, 1, 1)),
        Node("BatchNormalization", "c1 b6 b6 b6 v6", "bn"),
        Node("Conv", "bn wd", "c2", Ints("pads", 2, 2, 2, 2), Ints("dilations", 2, 2), OnnxAttribute.Of("group", 6)),
        Node("Conv", "bn wd", "c3", OnnxAttribute.Of("auto_pad", "SAME_UPPER"), OnnxAttribute.Of("group", 6)),
        Node("Concat", "c2 c3", "cat", OnnxAttribute.Of("axis", 1)),
        Node("MaxPool", "cat", "p1",
            Ints("kernel_shape", 3, 3), Ints("strides", 2, 2), OnnxAttribute.Of("ceil_mode", 1)),
        Node("AveragePool", "cat", "p2", Ints("kernel_shape", 2, 2), Ints("strides", 2, 2)),
        Node("ConvTranspose", "p2 wt", "up", Ints("strides", 2, 2), Ints("output_padding", 1, 1)),
        Node("ConvTranspose", "p2 wt", "up2", Ints("strides", 2, 2), OnnxAttribute.Of("auto_pad", "SAME_UPPER")),
        Node("Resize", "p2 - s2", "r2", OnnxAttribute.Of("mode", "nearest")),
        Node("Resize", "p2 - s15", "r15", OnnxAttribute.Of("mode", "linear")),
        Node("GlobalAveragePool", "cat", "g"),
        Node("Mul", "cat g", "m"),
        Node("PRelu", "m slope", "pr"),
        Node("Clip", "pr - six", "cl"),
        Node("ReduceMean", "cl", "mean", Ints("axes", 2, 3), OnnxAttribute.Of("keepdims", 0)),
        Node("Gemm", "mean wg", "ge", OnnxAttribute.Of("transB", 1)),
        Node("Softmax", "ge", "y"),
    ],
        Floats("w3", 6, 4, 3, 3), Floats("b6", 6),
        OnnxTensor.Of("v6", [1, 2, 3, 4, 5, 6f], 6), Floats("wd", 6, 1, 3, 3),
        Floats("wt", 12, 5, 2, 2), OnnxTensor.Of("s2", [1, 1, 2, 2f], 4), OnnxTensor.Of("s15", [1, 1, 1.5f, 1.7f], 4),
        Floats("slope", 12, 1, 1), OnnxTensor.Of("six", [6f]), Floats("wg", 7, 12));

    /// <summary>Shapes computed with shapes, as exporters write them.</summary>
    public static OnnxModel Sizes() => Of(17, "x: n 4 h w", "y", [
        Node("Shape", "x", "sh"),
        Node("Gather", "sh i0", "batch"),
        Node("Gather", "sh i23", "hw"),
        Node("Slice", "sh one two", "channels"),
        Node("ReduceProd", "hw", "area"),
        Node("Unsqueeze", "batch zero", "b1"),
        Node("Concat", "b1 channels minus", "flat", OnnxAttribute.Of("axis", 0)),
        Node("Reshape", "x flat", "f"),
        Node("Transpose", "f", "t", Ints("perm", 0, 2, 1)),
        Node("MatMul", "t wm", "mm"),
        Node("LayerNormalization", "mm g8", "ln"),
        Node("Mul", "hw two", "hw2"),
        Node("Concat", "b1 channels hw2", "size2", OnnxAttribute.Of("axis", 0)),
        Node("Resize", "x - - size2", "re", OnnxAttribute.Of("mode", "nearest"),
            OnnxAttribute.Of("coordinate_transformation_mode", "asymmetric"),
            OnnxAttribute.Of("nearest_mode", "floor")),
        Node("Div", "hw two", "half"),
        Node("Slice", "re zeros half axes23", "cut"),
        Node("Concat", "b1 one", "shape1", OnnxAttribute.Of("axis", 0)),
        Node("Expand", "row shape1", "ex"),
        Node("ConstantOfShape", "shape1", "zs"),
        Node("Add", "ex zs", "ez"),
        Node("ArgMax", "ln", "y", OnnxAttribute.Of("axis", -1)),
    ],
        OnnxTensor.Of("i0", [0L]), Longs("i23", 2, 3), Longs("one", 1), Longs("two", 2), Longs("zero", 0),
        Longs("minus", -1), Longs("zeros", 0, 0), Longs("axes23", 2, 3),
        Floats("wm", 4, 8), Floats("g8", 8), Floats("row", 1, 9));

    /// <summary>Numbers moved about.</summary>
    public static OnnxModel Movements() => Of(17, "x: n 4 h w", "y", [
        Node("Slice", "x starts ends axes steps", "s1"),
        Node("Slice", "x from to axes", "s2"),
        Node("Slice", "x last far axes back", "s3"),
        Node("Split", "x parts", "a b", OnnxAttribute.Of("axis", 1)),
        Node("Pad", "a pads", "pd"),
        Node("DepthToSpace", "x", "ds", OnnxAttribute.Of("blocksize", 2)),
        Node("SpaceToDepth", "ds", "sd", OnnxAttribute.Of("blocksize", 2)),
        Node("Flatten", "x", "fl"),
        Node("Reshape", "x keep", "rs"),
        Node("Tile", "b times", "ti"),
        Node("GlobalMaxPool", "x", "g"),
        Node("Squeeze", "g axes", "sq"),
        Node("Gather", "x pick", "ga", OnnxAttribute.Of("axis", 1)),
        Node("Greater", "x six", "isbig"),
        Node("Where", "isbig x six", "wh"),
        Node("TopK", "fl k", "tv ti2"),
        Node("Einsum", "x x", "ei", OnnxAttribute.Of("equation", "nchw,nkhw->nck")),
        Node("Cast", "x", "ca", OnnxAttribute.Of("to", (long)ElementType.Double)),
        Node("ReduceSum", "x axes", "y", OnnxAttribute.Of("keepdims", 0)),
        Node("ReduceMax", "x", "all"),
    ],
        Longs("starts", 1, 0), Longs("ends", long.MaxValue, int.MaxValue), Longs("axes", 2, 3), Longs("steps", 2, 3),
        Longs("from", -3, 1), Longs("to", -1, -1), Longs("last", -1, -1), Longs("far", long.MinValue, long.MinValue),
        Longs("back", -1, -2), Longs("parts", 1, 3), Longs("pads", 0, 0, 1, 2, 0, 0, 3, 4), Longs("keep", 0, -1),
        Longs("times", 1, 2, 1, 3), Longs("pick", 3, 0, -1), OnnxTensor.Of("six", [0.25f]), Longs("k", 3));
}
