using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests.Unit;

/// <summary>One small model an operator that changed: the upgraded one computes the same bits.</summary>
public sealed class OnnxUpgradeTests
{
    static OnnxAttribute Ints(string name, params long[] values) => OnnxAttribute.Of(name, values);

    /// <summary>What it shows: the model before, and the operators expected after.</summary>
    static readonly Dictionary<string, (Func<OnnxModel> Make, string After)> Rows = new()
    {
        ["Squeeze 11"] = (() => Of(11, "x: 1 3 1", "y", [Node("Squeeze", "x", "y", Ints("axes", 0, -1))]), "Squeeze"),
        ["Squeeze 11 of all"] = (() => Of(11, "x: 1 3 1", "y", [Node("Squeeze", "x", "y")]), "Squeeze"),
        ["Unsqueeze 11"] = (() => Of(11, "x: 3", "y", [Node("Unsqueeze", "x", "y", Ints("axes", 0, 2))]), "Unsqueeze"),
        ["ReduceSum 11"] = (() => Of(11, "x: 2 3 4", "y",
            [Node("ReduceSum", "x", "y", Ints("axes", 1), OnnxAttribute.Of("keepdims", 0))]), "ReduceSum"),
        ["ReduceMean 11"] = (() => Of(11, "x: 2 3 4", "y",
            [Node("ReduceMean", "x", "y", Ints("axes", 1))]), "ReduceMean"),
        ["Split 11"] = (() => Of(11, "x: 5 2", "a b",
            [Node("Split", "x", "a b", Ints("split", 2, 3))]), "Split"),
        ["Split 11 in halves"] = (() => Of(11, "x: 4 2", "a b", [Node("Split", "x", "a b")]), "Split"),
        ["Softmax 11 on the last axis"] = (() => Of(11, "x: 3 4", "y", [Node("Softmax", "x", "y")]), "Softmax"),
        ["Softmax 11 on two axes"] = (() => Of(11, "x: 3 4 5", "y",
            [Node("Softmax", "x", "y")]), "Shape Flatten Softmax Reshape"),
        ["Softmax 11 where the others are 1"] = (() => Of(11, "x: 3 4 1 1", "y",
            [Node("Softmax", "x", "y")]), "Softmax"),
        ["LogSoftmax 12 on two axes"] = (() => Of(12, "x: n 4 5", "y",
            [Node("LogSoftmax", "x", "y", OnnxAttribute.Of("axis", -2))]), "Shape Flatten LogSoftmax Reshape"),
        ["Hardmax 11 on two axes"] = (() => Of(11, "x: 3 4 5", "y",
            [Node("Hardmax", "x", "y")]), "Shape Flatten Hardmax Reshape"),
        ["Upsample 7"] = (() => Of(7, "x: 1 2 3 4", "y",
            [Node("Upsample", "x", "y", OnnxAttribute.Of("scales", new[] { 1, 1, 2, 3f }))]), "Resize"),
        ["Upsample 9 linear"] = (() => Of(9, "x: 1 2 3 4", "y",
            [Node("Upsample", "x s", "y", OnnxAttribute.Of("mode", "linear"))],
            OnnxTensor.Of("s", [1, 1, 2, 2.5f], 4)), "Resize"),
        ["Resize 10"] = (() => Of(10, "x: 1 2 3 4", "y", [Node("Resize", "x s", "y")],
            OnnxTensor.Of("s", [1, 1, 2.5f, 1.7f], 4)), "Resize"),
        ["Resize 10 that shrinks"] = (() => Of(10, "x: 1 2 7 9", "y", [Node("Resize", "x s", "y")],
            OnnxTensor.Of("s", [1, 1, 0.6f, 0.4f], 4)), "Resize"),
        ["Resize 10 linear that shrinks"] = (() => Of(10, "x: 1 2 7 9", "y",
            [Node("Resize", "x s", "y", OnnxAttribute.Of("mode", "linear"))],
            OnnxTensor.Of("s", [1, 1, 0.6f, 0.4f], 4)), "Resize"),
        ["Resize 11"] = (() => Of(11, "x: 1 2 3 4", "y", [Node("Resize", "x r s", "y")],
            OnnxTensor.Of("r", Array.Empty<float>(), 0), OnnxTensor.Of("s", [1, 1, 2, 2f], 4)), "Resize"),
        ["Slice 9"] = (() => Of(9, "x: 5 6", "y",
            [Node("Slice", "x", "y", Ints("starts", 1, -3), Ints("ends", 3, 1000))]), "Slice"),
        ["Slice 9 on one axis"] = (() => Of(9, "x: 5 6", "y",
            [Node("Slice", "x", "y", Ints("axes", 1), Ints("starts", 1), Ints("ends", -1))]), "Slice"),
        ["Clip 10"] = (() => Of(10, "x: 50", "y", [Node("Clip", "x", "y",
            OnnxAttribute.Of("min", -0.25f), OnnxAttribute.Of("max", 0.5f))]), "Clip"),
        ["Clip 10 from above only"] = (() => Of(10, "x: 50", "y",
            [Node("Clip", "x", "y", OnnxAttribute.Of("max", 0.5f))]), "Clip"),
        ["Pad 10"] = (() => Of(10, "x: 2 3", "y", [Node("Pad", "x", "y",
            Ints("pads", 1, 0, 0, 2), OnnxAttribute.Of("value", 1.5f))]), "Pad"),
        ["Pad 10 by mirroring"] = (() => Of(10, "x: 2 3", "y", [Node("Pad", "x", "y",
            Ints("pads", 1, 0, 0, 2), OnnxAttribute.Of("mode", "reflect"))]), "Pad"),
        ["TopK 9"] = (() => Of(9, "x: 2 9", "y i", [Node("TopK", "x", "y i", OnnxAttribute.Of("k", 3))]), "TopK"),
        ["Dropout 7"] = (() => Of(7, "x: 2 9", "y",
            [Node("Dropout", "x", "y m", OnnxAttribute.Of("ratio", 0.3f))]), "Dropout"),
        ["Dropout 11"] = (() => Of(11, "x: 2 9", "y",
            [Node("Dropout", "x", "y", OnnxAttribute.Of("ratio", 0.3f))]), "Dropout"),
        ["BatchNormalization 7"] = (() => Of(7, "x: 2 3 4 4", "y",
            [Node("BatchNormalization", "x s b m v", "y", OnnxAttribute.Of("spatial", 1))],
            Floats("s", 3), Floats("b", 3), Floats("m", 3), OnnxTensor.Of("v", [1, 2, 0.5f], 3)), "BatchNormalization"),
        ["Scatter 9"] = (() => Of(9, "x: 3 3", "y", [Node("Scatter", "x i u", "y")],
            OnnxTensor.Of("i", [1, 0, 2], 1, 3), Floats("u", 1, 3)), "ScatterElements"),
        ["RoiAlign 10"] = (() => Of(10, "x: 1 2 8 8", "y",
            [Node("RoiAlign", "x r b", "y", OnnxAttribute.Of("output_height", 2), OnnxAttribute.Of("output_width", 2))],
            OnnxTensor.Of("r", [1, 1, 6, 5.5f], 1, 4), Longs("b", 0)), "RoiAlign"),
        ["PRelu 7, Gemm 7, Max 8"] = (() => Of(8, "x: 2 3", "y",
            [Node("PRelu", "x s", "a"), Node("Gemm", "a w c", "g"), Node("Max", "g a", "y")],
            Floats("s", 3), Floats("w", 3, 3), Floats("c", 3)), "PRelu Gemm Max"),
        ["AveragePool 7, ArgMax 7"] = (() => Of(7, "x: 1 2 6 6", "y", [
            Node("AveragePool", "x", "a", Ints("kernel_shape", 3, 3), Ints("pads", 1, 1, 1, 1), Ints("strides", 2, 2)),
            Node("ArgMax", "a", "y", OnnxAttribute.Of("axis", 1))]), "AveragePool ArgMax"),
        ["If 11"] = (Branches, "If"),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_operator_that_changed_computes_the_same_bits(string name)
    {
        var old = Rows[name].Make();
        var upgraded = Upgrade.To17(old);
        Assert.Equal(17, upgraded.Opset);
        Assert.Equal(8, upgraded.IrVersion);
        Assert.Equal(Rows[name].After, string.Join(' ', upgraded.Graph.Nodes.Select(n => n.Op)));
        var sizes = new Dictionary<string, long> { ["n"] = 3 };
        var (before, after) = (OrtRun.Run(old, sizes: sizes), OrtRun.Run(upgraded, sizes: sizes));
        Assert.Equal(before.Keys, after.Keys);
        foreach (var (output, tensor) in before)
        {
            Assert.Equal(tensor.Dims, after[output].Dims);
            Assert.Equal(tensor.Data.ToArray(), after[output].Data.ToArray());
        }
    }

    [Fact]
    public void The_old_model_stays_as_it_was()
    {
        foreach (var (make, _) in Rows.Values)
        {
            var old = make();
            string before = old.Checksum();
            Upgrade.To17(old);
            Assert.Equal(before, old.Checksum());
        }
    }

    [Fact]
    public void A_model_of_17_or_newer_is_left_alone()
    {
        var model = Of(20, "x: 2 3", "y", [Node("Relu", "x", "y")]);
        Assert.Equal(20, Upgrade.To17(model).Opset);
        Assert.Equal("Relu", Upgrade.To17(model).Graph.Nodes.Single().Op);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(23)]
    public void Operator_sets_out_of_reach_are_refused_by_number(int opset)
    {
        var model = Of(opset, "x: 2", "y", [Node("Relu", "x", "y")]);
        var fault = Assert.Throws<NotSupportedException>(() => Upgrade.To17(model));
        Assert.Equal($"the model 'made' is of operator set {opset}: 7 to 22 can be read", fault.Message);
    }

    [Fact]
    public void What_later_sets_have_nothing_like_is_refused_by_the_nodes_name()
    {
        Refused("Resize 'node_y': it looks pixels up by tf_half_pixel_for_nn", Of(11, "x: 1 1 4 4", "y",
            [Node("Resize", "x r s", "y", OnnxAttribute.Of("coordinate_transformation_mode", "tf_half_pixel_for_nn"))],
            OnnxTensor.Of("r", Array.Empty<float>(), 0), OnnxTensor.Of("s", [1, 1, 2, 2f], 4)));
        Refused("BatchNormalization 'node_y': statistics for each place", Of(7, "x: 1 3", "y",
            [Node("BatchNormalization", "x s s s s", "y", OnnxAttribute.Of("spatial", 0))], Floats("s", 3)));
        Refused("BatchNormalization 'node_y': statistics of a training run", Of(9, "x: 1 3", "y m",
            [Node("BatchNormalization", "x s s s s", "y m v")], Floats("s", 3)));
        Refused("Resize 'node_y': it shrinks one axis and stretches another", Of(10, "x: 1 1 4 4", "y",
            [Node("Resize", "x s", "y")], OnnxTensor.Of("s", [1, 1, 2, 0.5f], 4)));

        static void Refused(string why, OnnxModel model) =>
            Assert.StartsWith(why, Assert.Throws<NotSupportedException>(() => Upgrade.To17(model)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Initializers_are_no_inputs_any_more_and_unused_domains_are_gone()
    {
        var model = Of(9, "x: 3, w: 3", "y", [Node("Add", "x w", "y")], Floats("w", 3));
        model.IrVersion = 3;
        model.Opsets["com.microsoft"] = 1;
        model.Opsets["ai.onnx.ml"] = 2;
        var upgraded = Upgrade.To17(model);
        Assert.Equal(["x"], upgraded.Graph.Inputs.Select(i => i.Name));
        Assert.Equal([""], upgraded.Opsets.Keys);
    }

    static OnnxModel Branches()
    {
        var then = Branch("t", [Node("Squeeze", "x", "t", Ints("axes", 0))]);
        var other = Branch("o",
            [Node("Clip", "x", "c", OnnxAttribute.Of("min", 0f)), Node("Squeeze", "c", "o", Ints("axes", 0))]);
        return Of(10, "x: 1 5", "y",
            [Node("If", "q", "y", OnnxAttribute.Of("then_branch", then), OnnxAttribute.Of("else_branch", other))],
            OnnxTensor.Of("q", [false]));

        static OnnxGraph Branch(string output, OnnxNode[] nodes) => new()
        {
            Name = output,
            Nodes = [.. nodes],
            Outputs = [new TypedValue(output, ElementType.Float, [5])],
        };
    }
}
