using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests.Unit;

public sealed class InputSizesTests
{
    /// <summary>
    /// A picture to a map, its cells in a row, a number for each cell added: 8 x 8 becomes 4 x 4 cells.
    /// </summary>
    static OnnxModel WithGrid(OnnxTensor grid) => Of(17, "x: 1 3 8 8", "y",
        [
            Node("Conv", "x w", "map", OnnxAttribute.Of("strides", [2, 2])),
            Node("Reshape", "map cells", "row"),
            Node("Add", "row grid", "y"),
        ],
        Floats("w", 2, 3, 2, 2), Longs("cells", 1, 2, 16), grid);

    [Fact]
    public void Places_of_grid_cells_and_targets_of_reshapes_follow_the_picture()
    {
        // Row 0: the middle of each cell from left to right; row 1: from top to bottom.
        float[] numbers = new float[32];
        for (int i = 0; i < 16; i++) (numbers[i], numbers[16 + i]) = ((i % 4) + .5f, (i / 4) + .5f);
        var sized = InputSizes.Set(WithGrid(OnnxTensor.Of("grid", numbers, 1, 2, 16)), "x", 1, 3, 4, 12);
        var outputs = OrtRun.Run(sized, Floats("x", 1, 3, 4, 12));
        Assert.Equal([1, 2, 12], outputs["y"].Dims);
        var bare = sized.Copy();
        bare.Graph.Outputs.Add(new TypedValue("row", ElementType.Float, null));
        var both = OrtRun.Run(bare, Floats("x", 1, 3, 4, 12));
        float[] row = both["row"].Floats(), y = both["y"].Floats();
        for (int i = 0; i < 12; i++)
        {
            Assert.Equal((i % 6) + .5f, y[i] - row[i], 1e-4f);
            Assert.Equal((i / 6) + .5f, y[12 + i] - row[12 + i], 1e-4f);
        }
    }

    [Fact]
    public void A_constant_that_is_no_grid_forbids_another_size_and_is_named()
    {
        var fault = Assert.Throws<NotSupportedException>(
            () => InputSizes.Set(WithGrid(Floats("grid", 1, 2, 16)), "x", 1, 3, 4, 4));
        Assert.Equal("'x' cannot be 1x3x4x4: constant 'grid' of Add 'node_y': it has 16 numbers where 4 are needed, "
            + "and they are no places or strides of grid cells", fault.Message);
    }

    [Fact]
    public void Channels_shuffled_by_fixed_reshapes_follow_the_picture()
    {
        // As ShuffleNet's export has it: 6 channels of 4 x 4 in pairs, then apart again.
        var model = Of(17, "x: 1 6 4 4", "y",
            [
                Node("Reshape", "x pairs", "a"),
                Node("Transpose", "a", "b", OnnxAttribute.Of("perm", [1, 0, 2])),
                Node("Reshape", "b halves", "y"),
            ],
            Longs("pairs", 3, 2, 16), Longs("halves", 2, -1, 3, 4, 4));
        var sized = InputSizes.Set(model, "x", 1, 6, 3, 5);
        Assert.Equal([2, 1, 3, 3, 5], OrtRun.Run(sized, Floats("x", 1, 6, 3, 5))["y"].Dims);
        Assert.Equal("2x1x3x3x5", string.Join('x', sized.Graph.Outputs[0].Shape!));
    }

    [Fact]
    public void Weights_for_so_many_numbers_forbid_another_size()
    {
        var model = Of(17, "x: 1 2 4 4", "y",
            [Node("Flatten", "x", "flat"), Node("Gemm", "flat w", "y")], Floats("w", 32, 5));
        Assert.Contains("Gemm 'node_y': its weights are for 32 numbers, now there are 8",
            Assert.Throws<NotSupportedException>(
            () => InputSizes.Set(model, "x", 1, 2, 2, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("no input 'z': it has x", Assert.Throws<ArgumentException>(
            () => InputSizes.Set(model, "z", 1, 2, 2, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("'x' has 4 sizes, not 2", Assert.Throws<ArgumentException>(
            () => InputSizes.Set(model, "x", 2, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fixed_size_to_resize_to_grows_with_the_picture()
    {
        var model = Of(17, "x: 1 2 4 6", "y",
            [Node("Resize", "x - - to", "y", OnnxAttribute.Of("mode", "nearest"))], Longs("to", 1, 2, 8, 12));
        Assert.Equal([1, 2, 4, 8],
            OrtRun.Run(InputSizes.Set(model, "x", 1, 2, 2, 4), Floats("x", 1, 2, 2, 4))["y"].Dims);
    }
}
