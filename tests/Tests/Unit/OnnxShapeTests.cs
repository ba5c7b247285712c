using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Shapes worked out before a run are those of the run.</summary>
public sealed class OnnxShapeTests
{
    static readonly Dictionary<string, Func<OnnxModel>> Nets = new()
    {
        ["convolutions"] = SmallNets.Convolutions,
        ["sizes"] = SmallNets.Sizes,
        ["movements"] = SmallNets.Movements,
    };

    public static TheoryData<string> Names => [.. Nets.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Open_sizes_come_to_what_each_run_has(string net)
    {
        var model = AllTapped(Nets[net]());
        var facts = ShapeInference.Infer(model);
        using var session = OrtRun.Open(model.ToBytes(), optimised: false);
        foreach (var (n, h, w) in new[] { (1, 8, 8), (2, 13, 10), (3, 22, 31) })
        {
            var sizes = new Dictionary<string, long> { ["n"] = n, ["h"] = h, ["w"] = w };
            foreach (var (name, tensor) in OrtRun.Run(session, seed: 1, sizes))
            {
                var of = facts[name];
                Assert.True(of.Shape is not null, $"{net} {name}: unknown");
                Assert.True(of.Type == tensor.Type, $"{net} {name}: {of.Type}, not {tensor.Type}");
                string found = string.Join('x', of.Shape.Select(d => DimValue.Of(d, sizes)));
                Assert.True(found == string.Join('x', tensor.Dims),
                    $"{net} {name} at {n} {h} {w}: {of} comes to {found}, not {string.Join('x', tensor.Dims)}");
                if (of.Contents is not { } contents || tensor.Type != ElementType.Int64) continue;
                Assert.Equal(tensor.Longs(), contents.Select(c => DimValue.Of(c, sizes)));
            }
        }
    }

    [Theory]
    [InlineData(10, 1.7f)]
    [InlineData(100, 1.1f)]
    [InlineData(7, 0.7f)]
    [InlineData(30, 0.1f)]
    [InlineData(20, 2.05f)]
    public void A_resize_rounds_as_the_runtime_does(int size, float scale)
    {
        var model = Of(17, $"x: 1 1 {size} {size}", "y", [Node("Resize", "x - s", "y")],
            OnnxTensor.Of("s", [1, 1, scale, scale], 4));
        Assert.Equal(string.Join('x', OrtRun.Run(model, seed: 1)["y"].Dims),
            string.Join('x', ShapeInference.Infer(model)["y"].Shape!));
    }

    [Fact]
    public void An_output_left_out_is_not_an_input_left_out()
    {
        var model = Of(17, "x: 4", "y", [
            Node("Dropout", "x", "d m"),
            Node("Pad", "d pads - -", "y"),
        ], Longs("pads", 1, 2));
        model.Graph.Nodes[0].Outputs[1] = "";
        Assert.Equal("Float 7", ShapeInference.Infer(model)["y"].ToString());
    }

    [Fact]
    public void Lists_of_integers_are_only_followed_as_vectors()
    {
        var model = Of(17, "x: 4", "y", [
            Node("Slice", "square last before zero last", "turned"),
            Node("Reshape", "turned minus", "y"),
        ], OnnxTensor.Of("square", [1L, 2, 3, 4], 2, 2), Longs("last", -1), Longs("before", -9), Longs("zero", 0),
            Longs("minus", -1));
        Assert.Null(ShapeInference.Infer(model)["y"].Contents);
        Assert.Equal("4", string.Join('x', ShapeInference.Infer(model)["y"].Shape!));
    }

    [Fact]
    public void Sizes_divided_as_floats_are_not_followed()
    {
        var model = Of(17, "x: 5", "y", [
            Node("Shape", "x", "s"),
            Node("Cast", "s", "f", OnnxAttribute.Of("to", 1)),
            Node("Cast", "two", "t", OnnxAttribute.Of("to", 1)),
            Node("Div", "f t", "q"),
            Node("Mul", "q t", "m"),
            Node("Cast", "m", "y", OnnxAttribute.Of("to", 7)),
        ], Longs("two", 2));
        Assert.Null(ShapeInference.Infer(model)["y"].Contents);
    }

    static OnnxModel AllTapped(OnnxModel model)
    {
        model.Graph.Outputs.Clear();
        foreach (string name in model.Graph.Nodes.SelectMany(n => n.Outputs).Where(o => o.Length > 0))
            model.Graph.Outputs.Add(new TypedValue(name, ElementType.None, null));
        return model;
    }
}
