using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Models changed: what is left computes what it did before, and the model given stays as it was.</summary>
public sealed class OnnxEditingTests
{
    static readonly Dictionary<string, long> Open = new() { ["n"] = 2, ["h"] = 10, ["w"] = 13 };

    static OnnxAttribute Ints(string name, params long[] values) => OnnxAttribute.Of(name, values);

    static string Ops(OnnxModel model) => string.Join(' ', model.Graph.Nodes.Select(n => n.Op));

    static void Same(OnnxModel before, OnnxModel after, double relative = 0)
    {
        var (old, now) = (OrtRun.Run(before, sizes: Open), OrtRun.Run(after, sizes: Open));
        foreach (var (name, tensor) in old.Where(o => now.ContainsKey(o.Key)))
        {
            Assert.Equal(tensor.Dims, now[name].Dims);
            if (relative == 0) Assert.Equal(tensor.Data.ToArray(), now[name].Data.ToArray());
            else Near(tensor.Floats(), now[name].Floats(), relative);
        }
    }

    static void Near(float[] expected, float[] actual, double relative)
    {
        double scale = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, relative * scale));
    }

    [Fact]
    public void Taps_hand_out_every_float_value_with_its_type_and_sizes()
    {
        var model = SmallNets.Sizes();
        string before = model.Checksum();
        var tapped = Taps.Add(model);
        Assert.Equal(before, model.Checksum());
        Assert.Equal("y", tapped.Graph.Outputs[0].Name);
        var f = tapped.Graph.Outputs.Single(o => o.Name == "f");
        Assert.Equal("Float [n,4,h*w]".Replace("h*w", f.Shape![2].ToString(), StringComparison.Ordinal),
            $"{f.Type} [{string.Join(',', f.Shape)}]");
        Assert.DoesNotContain(tapped.Graph.Outputs, o => o.Name == "sh");
        Same(model, tapped);
        Same(Taps.Add(model, ["f", "sh"]), tapped);
        Assert.Equal(3, Taps.Add(model, ["f", "sh", "f", "y"]).Graph.Outputs.Count);
        Assert.Equal("no node of the model computes a value 'nothing'",
            Assert.Throws<ArgumentException>(() => Taps.Add(model, ["nothing"])).Message);
    }

    [Fact]
    public void A_part_of_a_model_is_a_model()
    {
        var model = SmallNets.Convolutions();
        string before = model.Checksum();
        var head = Subgraph.Extract(model, ["cat"], ["y"]);
        Assert.Equal("GlobalAveragePool Mul PRelu Clip ReduceMean Gemm Softmax", Ops(head));
        Assert.Equal(["slope", "six", "wg"], head.Graph.Initializers.Select(t => t.Name));
        Assert.Equal("n", head.Graph.Inputs.Single().Shape![0].ToString());
        var body = Subgraph.Extract(model, ["x"], ["cat"]);
        Assert.Equal("Conv BatchNormalization Conv Conv Concat", Ops(body));
        var whole = OrtRun.Run(Taps.Add(model, ["cat"]), sizes: Open);
        Assert.Equal(whole["y"].Data.ToArray(), OrtRun.Run(head, whole["cat"])["y"].Data.ToArray());
        Same(Taps.Add(model, ["cat"]), body);
        Assert.Equal(before, model.Checksum());
    }

    [Fact]
    public void A_part_that_cannot_be_is_refused_by_the_values_name()
    {
        var model = SmallNets.Convolutions();
        Refused("the model has no value 'nothing'", ["x"], ["nothing"]);
        Refused("the model has no value 'nothing'", ["nothing"], ["y"]);
        Refused("'cat' cannot be computed from c2: 'x' is missing", ["c2"], ["cat"]);
        var given = Subgraph.Extract(model, ["w3", "x"], ["c1"]);
        Assert.Equal(["w3", "x"], given.Graph.Inputs.Select(i => i.Name));

        void Refused(string why, string[] inputs, string[] outputs) => Assert.Equal(why,
            Assert.Throws<ArgumentException>(() => Subgraph.Extract(model, inputs, outputs)).Message);
    }

    [Fact]
    public void What_an_inner_graph_takes_from_outside_is_kept()
    {
        var model = Of(11, "x: 5, q: 1", "y", [
            Node("Relu", "x", "r"), Node("Exp", "x", "unused"), Node("Greater", "q zero", "g"),
            Node("Squeeze", "g", "c"),
            Node("If", "c", "y",
                OnnxAttribute.Of("then_branch", Of(11, "", "t", [Node("Neg", "r", "t")]).Graph),
                OnnxAttribute.Of("else_branch", Of(11, "", "e", [Node("Add", "r w", "e")]).Graph))],
            Floats("w", 5), OnnxTensor.Of("zero", [0f], 1), Floats("nobody", 3));
        var lean = Unused.Remove(model);
        Assert.Equal("Relu Greater Squeeze If", Ops(lean));
        Assert.Equal(["w", "zero"], lean.Graph.Initializers.Select(t => t.Name));
        Same(model, lean);
        var renamed = Names.Rename(model, new Dictionary<string, string> { ["r"] = "rectified", ["w"] = "r" });
        Assert.Equal("rectified r", string.Join(' ', renamed.Graph.Nodes[^1].Attributes[1].Graph!.Nodes[0].Inputs));
        Assert.Equal("r w", string.Join(' ', model.Graph.Nodes[^1].Attributes[1].Graph!.Nodes[0].Inputs));
        Same(model, renamed);
        Assert.Equal("Relu Greater Squeeze If", Ops(Subgraph.Extract(model, ["x", "q"], ["y"])));
    }

    [Fact]
    public void Names_that_are_not_there_or_there_twice_are_refused()
    {
        var model = Of(17, "a: 2, b: 2", "y", [Node("Sub", "a b", "y")]);
        var turned = Names.Rename(model, new Dictionary<string, string> { ["a"] = "b", ["b"] = "a" });
        Assert.Equal("b a", string.Join(' ', turned.Graph.Nodes[0].Inputs));
        Refused("the model has no value 'c'", ("c", "d"));
        Refused("'y' would be two values", ("a", "y"));
        Refused("'z' would be two values", ("a", "z"), ("b", "z"));

        void Refused(string why, params (string Old, string New)[] names)
        {
            var map = names.ToDictionary(n => n.Old, n => n.New);
            Assert.Equal(why, Assert.Throws<ArgumentException>(() => Names.Rename(model, map)).Message);
        }
    }

    [Fact]
    public void What_depends_on_no_input_becomes_a_constant()
    {
        var model = Of(17, "x: 2 3 4", "y", [
            Node("Constant", "", "c", OnnxAttribute.Of("value", Floats("", 3, 1))),
            Node("Constant", "", "two", OnnxAttribute.Of("value_float", 2f)),
            Node("Mul", "c two", "d"),
            Node("Sqrt", "p", "r"),
            Node("Add", "d r", "e"),
            Node("Shape", "x", "s"),
            Node("ConstantOfShape", "s", "zeros"),
            Node("RandomUniform", "", "noise", Ints("shape", 1)),
            Node("Mul", "noise nil", "calm"),
            Node("Add", "x zeros", "a"),
            Node("Add", "a e", "b"),
            Node("Add", "b calm", "y"),
        ], OnnxTensor.Of("p", [4f]), OnnxTensor.Of("nil", [0f]));
        string before = model.Checksum();
        var folded = Constants.Fold(model);
        Assert.Equal("RandomUniform Mul Add Add Add", Ops(folded));
        Assert.Equal(["e", "nil", "zeros"],
            folded.Graph.Initializers.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.Equal(before, model.Checksum());
        Same(model, folded);
    }

    [Fact]
    public void Constants_too_large_or_asked_for_as_outputs_stay_computed()
    {
        var model = Of(17, "x: 1", "y z", [
            Node("ConstantOfShape", "large", "l"),
            Node("ReduceSum", "l", "sum"),
            Node("Add", "x sum", "y"),
            Node("Neg", "one", "z"),
        ], Longs("large", Constants.BytesMax / 4 + 1), OnnxTensor.Of("one", [1f]));
        Assert.Equal("ConstantOfShape ReduceSum Add Neg", Ops(Constants.Fold(model)));
        var smaller = Initializers.Replace(model, [Longs("large", Constants.BytesMax / 4)]);
        Assert.Equal("Add Neg", Ops(Constants.Fold(smaller)));
    }

    [Fact]
    public void Sizes_computed_from_fixed_ones_fold_away_in_open_models_too()
    {
        var model = SmallNets.Sizes();
        var folded = Constants.Fold(model);
        Same(model, folded);
        Assert.DoesNotContain("channels", folded.Graph.Nodes.SelectMany(n => n.Outputs));
        Assert.Contains("batch", folded.Graph.Nodes.SelectMany(n => n.Outputs));
    }

    public static TheoryData<string> Layers => ["Conv", "Conv with bias", "Conv in groups", "ConvTranspose",
        "ConvTranspose in groups", "Gemm", "Gemm turned"];

    [Theory]
    [MemberData(nameof(Layers))]
    public void Batch_normalisation_goes_into_the_layer_before_it(string layer)
    {
        var variance = OnnxTensor.Of("v", [0.5f, 1, 2, 4, 0.1f, 3], 6);
        var group = OnnxAttribute.Of("group", 2);
        var (node, weights) = layer switch
        {
            "Conv" => (Node("Conv", "x w", "c"), Floats("w", 6, 4, 3, 2)),
            "Conv with bias" => (Node("Conv", "x w b", "c"), Floats("w", 6, 4, 3, 2)),
            "Conv in groups" => (Node("Conv", "x w", "c", group), Floats("w", 6, 2, 3, 2)),
            "ConvTranspose" => (Node("ConvTranspose", "x w b", "c"), Floats("w", 4, 6, 3, 2)),
            "ConvTranspose in groups" => (Node("ConvTranspose", "x w", "c", group), Floats("w", 4, 3, 3, 2)),
            "Gemm" => (Node("Gemm", "x w b", "c", OnnxAttribute.Of("alpha", 0.5f), OnnxAttribute.Of("beta", 2f)),
                Floats("w", 4, 6)),
            _ => (Node("Gemm", "x w", "c", OnnxAttribute.Of("transB", 1)), Floats("w", 6, 4)),
        };
        var model = Of(17, layer.StartsWith("Gemm", StringComparison.Ordinal) ? "x: 3 4" : "x: 2 4 5 6", "y", [
            node,
            Node("BatchNormalization", "c s b m v", "n", OnnxAttribute.Of("epsilon", 1e-3f)),
            Node("Relu", "n", "y"),
        ], weights, Floats("s", 6), Floats("b", 6), Floats("m", 6), variance);
        string before = model.Checksum();
        var folded = BatchNorms.Fold(model);
        Assert.Equal($"{node.Op} Relu", Ops(folded));
        Assert.Equal(2, folded.Graph.Initializers.Count);
        Same(model, folded, relative: 2e-6);
        Assert.Equal(before, model.Checksum());
    }

    [Fact]
    public void Batch_normalisation_stays_where_its_layer_is_used_elsewhere_or_its_numbers_are_not_fixed()
    {
        OnnxTensor[] constants = [Floats("w", 6, 4, 3, 3), Floats("s", 6), OnnxTensor.Of("v", [1, 2, 3, 4, 5, 6f], 6)];
        var conv = Node("Conv", "x w", "c");
        var norm = Node("BatchNormalization", "c s s s v", "n");
        Stays(Of(17, "x: 1 4 5 5", "y", [conv, norm, Node("Add", "n c", "y")], constants));
        Stays(Of(17, "x: 1 4 5 5", "c n", [conv, norm], constants));
        Stays(Initializers.ToInputs(Of(17, "x: 1 4 5 5", "n", [conv, norm], constants), ["v"]));
        Stays(Of(17, "x: 1 6 5 5", "n", [Node("Relu", "x", "c"), norm], constants));
        // Two layers with the same weights: each gets its own.
        var two = Of(17, "x: 1 4 5 5", "y", [conv, Node("Conv", "x w", "c2"), norm,
            Node("BatchNormalization", "c2 v s s v", "n2"), Node("Add", "n n2", "y")], constants);
        Assert.Equal("Conv Conv Add", Ops(BatchNorms.Fold(two)));
        Same(two, BatchNorms.Fold(two), relative: 2e-6);

        static void Stays(OnnxModel model) => Assert.Equal(Ops(model), Ops(BatchNorms.Fold(model)));
    }

    [Fact]
    public void Constants_are_exchanged_or_given_at_every_run()
    {
        var model = Of(17, "x: 3", "y", [Node("Mul", "x w", "y")], Floats("w", 3));
        var other = Initializers.Replace(model, [OnnxTensor.Of("w", [1, 2, 3f], 3)]);
        var x = OnnxTensor.Of("x", [1, 1, 1f], 3);
        Assert.Equal([1, 2, 3], OrtRun.Run(other, x)["y"].Floats());
        var open = Initializers.ToInputs(model, ["w"]);
        Assert.Equal(["x", "w"], open.Graph.Inputs.Select(i => i.Name));
        Assert.Empty(open.Graph.Initializers);
        Assert.Equal([4, 5, 6], OrtRun.Run(open, x, OnnxTensor.Of("w", [4, 5, 6f], 3))["y"].Floats());
        Assert.Equal("constant 'w' is Float 3, not Float 2",
            Assert.Throws<ArgumentException>(() => Initializers.Replace(model, [Floats("w", 2)])).Message);
        Assert.Equal("the model has no constant 'v'",
            Assert.Throws<ArgumentException>(() => Initializers.ToInputs(model, ["v"])).Message);
    }

    [Fact]
    public void A_model_of_16_bits_becomes_one_of_32()
    {
        var half = OnnxTensor.Raw("w", ElementType.Float16, [2], new byte[] { 0, 0x3C, 0, 0x3E });
        var model = Of(17, "", "y", [
            Node("Add", "x w", "a"),
            Node("Cast", "a", "b", OnnxAttribute.Of("to", (long)ElementType.Float16)),
            Node("Constant", "", "c", OnnxAttribute.Of("value", half)),
            Node("Mul", "b c", "y"),
        ], half);
        model.Graph.Inputs.Add(new TypedValue("x", ElementType.Float16, [2]));
        model.Graph.Outputs[0] = new TypedValue("y", ElementType.Float16, [2]);
        string before = model.Checksum();
        var wide = Precision.Widen(model);
        Assert.Equal([2, 3.75f], OrtRun.Run(wide, OnnxTensor.Of("x", [1, 1f], 2))["y"].Floats());
        Assert.Equal(ElementType.Float, wide.Graph.Outputs[0].Type);
        Assert.Equal(before, model.Checksum());
    }
}
