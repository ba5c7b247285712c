using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Heads on tensors made by hand, with the boxes worked out on paper.</summary>
public sealed class HeadTests
{
    static readonly Fit Same = new(0, 0, 32, 32, 32, 32);

    [Fact]
    public void Yolox_reads_a_cell_of_each_grid()
    {
        var card = Pictures.Card("yolox", Pictures.Input(32, 32), 2, 8, 16);
        var (head, outputs) = Heads.Create(card, [new TensorShape("output", [1, 20, 7])]);
        Assert.Equal([0], outputs.ToArray());
        float[] tensor = new float[20 * 7];
        // Stride 8, cell x 2, y 1: centre (20, 12), size e^0 x 8 by e^ln2 x 8; stride 16, cell x 1, y 0.
        new[] { 0.5f, 0.5f, 0, MathF.Log(2), 0.9f, 0.1f, 0.8f }.CopyTo(tensor, ((1 * 4) + 2) * 7);
        new[] { 0f, 0.5f, 0, 0, 0.5f, 0.9f, 0.2f }.CopyTo(tensor, (16 + 1) * 7);
        var found = Read(head, tensor, [], 0.3f);
        Assert.Equal(2, found.Length);
        Close(new Box(16, 4, 24, 20), 1, 0.72f, found[0]);
        Close(new Box(8, 0, 24, 16), 0, 0.45f, found[1]);
    }

    [Fact]
    public void Ultralytics_reads_columns()
    {
        const int Anchors = 21; // more than a vector, and no multiple of one
        var card = Pictures.Card("ultralytics-v8", Pictures.Input(32, 32), 3);
        var (head, _) = Heads.Create(card, [new TensorShape("output0", [1, 7, Anchors])]);
        float[] tensor = new float[7 * Anchors];
        void Put(int anchor, params float[] column)
        {
            for (int i = 0; i < column.Length; i++) tensor[(i * Anchors) + anchor] = column[i];
        }

        Put(2, 10, 12, 4, 6, 0.1f, 0.7f, 0.6f);
        Put(20, 20, 20, 2, 2, 0.4f, 0.3f, 0.2f);
        Put(5, 20, 20, 2, 2, 0.2f, 0.1f, 0.29f);
        var found = Read(head, tensor, [], 0.3f);
        Assert.Equal(2, found.Length);
        Close(new Box(8, 9, 12, 15), 1, 0.7f, found[0]);
        Close(new Box(19, 19, 21, 21), 0, 0.4f, found[1]);
    }

    [Fact]
    public void FastestDet_reads_a_map()
    {
        var card = Pictures.Card("fastestdet", Pictures.Input(32, 32, ResizeRule.Stretch), 2);
        var (head, _) = Heads.Create(card, [new TensorShape("758", [1, 7, 2, 4])]);
        float[] tensor = new float[7 * 8];
        int cell = (1 * 4) + 2; // row 1, column 2 of a grid 4 wide and 2 high
        float[] column = [0.5f, 0, MathF.Atanh(0.5f), 0, MathF.Log(3), 0.25f, 0.6f];
        for (int i = 0; i < 7; i++) tensor[(i * 8) + cell] = column[i];
        var found = Read(head, tensor, [], 0.3f);
        // Centre (2/4, 1.5/2) of 32, width 1/2, height 3/4 of it; cut at the lower edge.
        var only = Assert.Single(found);
        Close(new Box(8, 12, 24, 32), 1, MathF.Pow(0.5f, 0.6f) * MathF.Pow(0.6f, 0.4f), only);
    }

    [Fact]
    public void FastestDet_tells_sizes_as_parts_of_the_picture_it_was_made_for()
    {
        var input = Pictures.Input(32, 32, ResizeRule.Stretch) with { Width = 16, Height = 8, Native = (32, 32) };
        var (head, _) = Heads.Create(Pictures.Card("fastestdet", input, 2), [new TensorShape("758", [1, 7, 1, 1])]);
        var only = Assert.Single(Read(head, [0.5f, MathF.Atanh(0.5f), MathF.Atanh(0.5f), -MathF.Log(7), -MathF.Log(15),
            0.25f, 0.6f], [], 0.3f));
        // Centre (1/2, 1/2) of 16 x 8, width 1/8 and height 1/16 of 32 x 32.
        Close(new Box(6, 3, 10, 5), 1, MathF.Pow(0.5f, 0.6f) * MathF.Pow(0.6f, 0.4f), only);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Decoded_boxes_are_taken_with_and_without_a_background_class(bool background)
    {
        var card = Pictures.Card("decoded", Pictures.Input(32, 16, ResizeRule.Stretch), 2);
        int columns = background ? 3 : 2;
        var (head, _) = Heads.Create(card,
            [new TensorShape("boxes", [1, 2, 4]), new TensorShape("scores", [1, 2, columns])]);
        float[] boxes = [0.25f, 0.5f, 0.75f, 1, 0, 0, 1, 1];
        float[] scores = background ? [0.3f, 0.1f, 0.6f, 0.9f, 0.05f, 0.05f] : [0.1f, 0.6f, 0.05f, 0.05f];
        var only = Assert.Single(Read(head, boxes, scores, 0.3f));
        Close(new Box(8, 8, 24, 16), 1, 0.6f, only);
    }

    [Fact]
    public void Evaluations_get_every_class_of_a_place()
    {
        var input = Pictures.Input(32, 32);
        var yolox = Heads.Create(Pictures.Card("yolox", input, 2, 32), [new TensorShape("o", [1, 1, 7])]);
        float[] cell = [0.5f, 0.5f, 0, 0, 0.5f, 0.9f, 0.8f];
        Assert.Equal([(0, 0.45f), (1, 0.4f)], Read(yolox.Head, cell, [], 0.3f, true).Select(d => (d.Class, d.Score)));

        var v8 = Heads.Create(Pictures.Card("ultralytics-v8", input, 2), [new TensorShape("o", [1, 6, 1])]);
        Assert.Equal(2, Read(v8.Head, [16, 16, 4, 4, 0.5f, 0.4f], [], 0.3f, true).Length);

        var map = Heads.Create(Pictures.Card("fastestdet", input, 2), [new TensorShape("o", [1, 7, 1, 1])]);
        Assert.Equal(2, Read(map.Head, [1, 0, 0, 0, 0, 0.5f, 0.4f], [], 0.3f, true).Length);

        var decoded = Heads.Create(Pictures.Card("decoded", input, 2),
            [new TensorShape("b", [1, 1, 4]), new TensorShape("s", [1, 1, 2])]);
        Assert.Equal(2, Read(decoded.Head, [0, 0, 1, 1], [0.5f, 0.4f], 0.3f, true).Length);
    }

    [Fact]
    public void Outputs_are_found_by_the_names_on_the_card()
    {
        var card = Pictures.Card("decoded", Pictures.Input(32, 16), 1);
        card = card with { Output = card.Output with { Names = ["boxes", "scores"] } };
        var (_, outputs) = Heads.Create(card,
            [new TensorShape("scores", [1, 9, 2]), new TensorShape("boxes", [1, 9, 4])]);
        Assert.Equal([1, 0], outputs.ToArray());
    }

    [Theory]
    [InlineData("yolox", "1x20x8", "output.head yolox wants 1x20x7")]
    [InlineData("yolox", "1x21x7", "1x20x7")]
    [InlineData("ultralytics-v8", "1x7x10", "wants 1x6x?")]
    [InlineData("fastestdet", "1x9x2x2", "wants 1x7x?x?")]
    [InlineData("decoded", "1x20x7", "reads 2 output(s), not 1")]
    public void A_model_of_another_form_is_refused_with_the_form_that_was_wanted(string head, string shape, string told)
    {
        int[] strides = head == "yolox" ? [8, 16] : [];
        var card = Pictures.Card(head, Pictures.Input(32, 32), 2, strides);
        long[] sizes = [.. shape.Split('x').Select(s => long.Parse(s, null))];
        var fault = Assert.Throws<InvalidDataException>(() => Heads.Create(card, [new TensorShape("output", sizes)]));
        Assert.Contains(told, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Yolox_without_strides_and_an_output_that_is_not_there_are_told_by_field()
    {
        var card = Pictures.Card("yolox", Pictures.Input(32, 32), 2);
        var shapes = new[] { new TensorShape("output", [1, 20, 7]) };
        Assert.Contains("output.strides", Assert.Throws<InvalidDataException>(
            () => Heads.Create(card, shapes)).Message, StringComparison.Ordinal);
        var renamed = card with { Output = new CardOutput("yolox", ["other"], [8, 16]) };
        Assert.Contains("output.names", Assert.Throws<InvalidDataException>(
            () => Heads.Create(renamed, shapes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_overlapping_boxes_of_a_class_the_better_stays()
    {
        var candidates = new Candidates(10);
        candidates.Add(new Box(0, 0, 10, 10), 0, 0.5f);
        candidates.Add(new Box(0, 0, 10, 9), 0, 0.9f);  // IoU .9 with the first
        candidates.Add(new Box(0, 0, 10, 9), 1, 0.4f);  // another class
        candidates.Add(new Box(0, 0, 10, 4.5f), 0, 0.3f); // IoU exactly .5 with the second: not more than .5
        var best = candidates.Best(0.5f, Same);
        Assert.Equal([0.9f, 0.4f, 0.3f], best.Select(d => d.Score));
    }

    [Fact]
    public void Only_the_best_are_told_and_scratch_grows()
    {
        var candidates = new Candidates(3);
        for (int i = 0; i < 1000; i++) candidates.Add(new Box(i % 32, 0, (i % 32) + 0.01f, 1), 0, i / 1000f);
        Assert.Equal([0.999f, 0.998f, 0.997f], candidates.Best(0.5f, Same).Select(d => d.Score));
        candidates.Clear();
        Assert.Empty(candidates.Best(0.5f, Same));
    }

    [Fact]
    public void What_is_not_a_number_is_not_a_detection()
    {
        var card = Pictures.Card("yolox", Pictures.Input(32, 32), 2, 8, 16);
        var (head, _) = Heads.Create(card, [new TensorShape("output", [1, 20, 7])]);
        float[] tensor = [.. Enumerable.Repeat(float.NaN, 140)];
        Assert.Empty(Read(head, tensor, [], 0.3f));
        tensor.AsSpan().Fill(1);
        tensor.AsSpan(2, 1).Fill(float.PositiveInfinity); // a width beyond all numbers is cut at the picture
        Assert.All(Read(head, tensor, [], 0.3f), d => Assert.InRange(d.Box.Right, 0, 32));
    }

    static Detection[] Read(IHead head, float[] first, float[] second, float scoreMin, bool everyClass = false)
    {
        var candidates = new Candidates(100);
        head.Read(new HeadTensors(first, second), new Reading(scoreMin, everyClass), candidates);
        return [.. candidates.Best(0.5f, head is DecodedHead ? new Fit(0, 0, 32, 16, 32, 16) : Same)];
    }

    static void Close(Box box, int @class, float score, Detection found)
    {
        Assert.Equal(box.Left, found.Box.Left, 1e-3f);
        Assert.Equal(box.Top, found.Box.Top, 1e-3f);
        Assert.Equal(box.Right, found.Box.Right, 1e-3f);
        Assert.Equal(box.Bottom, found.Box.Bottom, 1e-3f);
        Assert.Equal(@class, found.Class);
        Assert.Equal(score, found.Score, 1e-4f);
    }
}
