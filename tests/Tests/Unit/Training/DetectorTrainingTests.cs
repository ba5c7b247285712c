using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;
using EdgeAppliance.Retrain.Training;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>The trainer of the twin's detector.</summary>
public sealed class DetectorTrainingTests
{
    static readonly DetectionGrid Small = new(64, 32);

    [Fact]
    public void A_grid_has_the_cells_of_all_strides_in_the_order_of_the_head()
    {
        Assert.Equal(2352, TwinNetwork.Grid.Cells);
        var places = Small.Places().ToList();
        Assert.Equal(Small.Cells, places.Count);
        Assert.Equal((0, 0, 8), places[0]);
        Assert.Equal((7, 3, 8), places[31]);
        Assert.Equal((3, 1, 16), places[39]);
        Assert.Equal((1, 0, 32), places[41]);
    }

    static (float[] Boxes, float[] Kinds, float[] Owned, float[] Judged) Targets(params LabelledBox[] truth)
    {
        int cells = Small.Cells;
        float[] boxes = new float[4 * cells], kinds = new float[2 * cells], owned = new float[cells],
            judged = new float[cells];
        int count = new DetectionTargets(Small).Fill(truth, boxes, kinds, owned, judged);
        Assert.Equal(owned.Sum(), count);
        return (boxes, kinds, owned, judged);
    }

    /// <summary>The cell of stride 8 in a column and row.</summary>
    static int Cell(int x, int y) => 8 * y + x;

    [Fact]
    public void The_cell_that_holds_a_boxs_centre_answers_for_it_and_neighbours_whose_centres_lie_inside()
    {
        // 4 pixels wide: no neighbour to the left or right has its centre inside; 20 high: the one above and below do.
        var (boxes, kinds, owned, judged) = Targets(new LabelledBox(18, 10, 22, 30, 1, 1));
        int[] mine = [.. Enumerable.Range(0, Small.Cells).Where(i => owned[i] == 1)];
        Assert.Equal([Cell(2, 1), Cell(2, 2), Cell(2, 3)], mine);
        Assert.All(mine, i => Assert.Equal([18, 10, 22, 30], boxes[(4 * i)..(4 * i + 4)]));
        Assert.All(mine, i => Assert.Equal([0, 1], kinds[(2 * i)..(2 * i + 2)]));
        Assert.All(judged, j => Assert.Equal(1, j));
    }

    [Fact]
    public void A_box_belongs_to_the_strides_of_its_size()
    {
        // 44 pixels: between 36 and 52 both stride 8 and stride 16 answer.
        var (_, _, owned, _) = Targets(new LabelledBox(10, 4, 54, 28, 0, 1));
        Assert.True(owned[..32].Sum() > 0 && owned[32..40].Sum() > 0);
        Assert.Equal(0, owned[40..].Sum());
        (_, _, owned, _) = Targets(new LabelledBox(2, 4, 62, 28, 0, 1));
        Assert.Equal(0, owned[..32].Sum());
    }

    [Fact]
    public void Of_two_boxes_a_cell_answers_for_the_smaller_one_in_whatever_order_they_come()
    {
        LabelledBox large = new(8, 4, 40, 30, 1, 1), small = new(18, 10, 24, 24, 0, 1);
        foreach (LabelledBox[] truth in new[] { new[] { large, small }, [small, large] })
        {
            var (boxes, kinds, _, _) = Targets(truth);
            Assert.Equal(18, boxes[4 * Cell(2, 2)]);
            Assert.Equal([1, 0], kinds[(2 * Cell(2, 2))..(2 * Cell(2, 2) + 2)]);
            Assert.Equal(8, boxes[4 * Cell(3, 2)]);
        }
    }

    [Fact]
    public void Where_somebody_hardly_shows_nobody_is_judged_unless_another_box_is_there()
    {
        LabelledBox hidden = new(8, 0, 40, 32, 0, .2f), seen = new(18, 10, 24, 24, 1, 1);
        var (_, _, owned, judged) = Targets(hidden, seen);
        Assert.Equal((0, 0), (owned[Cell(1, 1)], judged[Cell(1, 1)]));
        Assert.Equal((1, 1), (owned[Cell(2, 2)], judged[Cell(2, 2)]));
        Assert.Equal((0, 1), (owned[Cell(7, 1)], judged[Cell(7, 1)]));
    }

    [Fact]
    public void The_loss_and_its_gradient_are_those_of_a_plain_one_in_double()
    {
        var random = new Random(3);
        DetectionTargets targets = new(Small);
        int cells = Small.Cells;
        float[] boxes = new float[8 * cells], kinds = new float[4 * cells], owned = new float[2 * cells],
            judged = new float[2 * cells];
        LabelledBox[][] truths =
            [[new(18, 10, 24, 24, 1, 1), new(30, 2, 60, 12, 0, .1f)], [new(10, 4, 54, 28, 0, 1), new(2, 2, 9, 20, 0,
                .8f)]];
        for (int b = 0; b < 2; b++)
        {
            targets.Fill(truths[b], boxes.AsSpan(4 * cells * b, 4 * cells), kinds.AsSpan(2 * cells * b, 2 * cells),
                owned.AsSpan(cells * b, cells), judged.AsSpan(cells * b, cells));
        }

        Numbers Given(float[] all, int each) => new([.. all.Select(v => (double)v)], [2, cells, each]);
        double[]? overlaps = null;
        LossCheck.Same(
            v => DetectionLoss.Of(Small, v[0], v[1], v[2], v[3], v[4]),
            // The overlap as a target is a number: it stays as it is where the boxes are moved to find their slopes.
            x => Plain(x, overlaps ??= Overlaps(x)),
            [Numbers.Random(random, -1, 1, 2, cells, 7), Given(boxes, 4), Given(kinds, 2), Given(owned, 1),
                Given(judged, 1)]);
    }

    static double[] Boxed(Numbers output, int b, int cell)
    {
        var (x, y, stride) = Small.Places().ElementAt(cell);
        double centreX = (output[b, cell, 0] + x) * stride, centreY = (output[b, cell, 1] + y) * stride;
        double halfX = Math.Exp(output[b, cell, 2]) * stride / 2, halfY = Math.Exp(output[b, cell, 3]) * stride / 2;
        return [centreX - halfX, centreY - halfY, centreX + halfX, centreY + halfY];
    }

    static (double Iou, double Giou) Overlap(double[] a, double[] b)
    {
        double shared = Math.Max(0, Math.Min(a[2], b[2]) - Math.Max(a[0], b[0]))
            * Math.Max(0, Math.Min(a[3], b[3]) - Math.Max(a[1], b[1]));
        double union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared;
        double hull = (Math.Max(a[2], b[2]) - Math.Min(a[0], b[0])) * (Math.Max(a[3], b[3]) - Math.Min(a[1], b[1]));
        return (shared / union, shared / union - (hull - union) / hull);
    }

    static IEnumerable<(int Picture, int Cell)> All() =>
        from b in Enumerable.Range(0, 2) from c in Enumerable.Range(0, Small.Cells) select (b, c);

    static double[] Target(Numbers[] x, int b, int c) => [x[1][b, c, 0], x[1][b, c, 1], x[1][b, c, 2], x[1][b, c, 3]];

    static double[] Overlaps(Numbers[] x) => [.. All().Select(at => x[3][at.Picture, at.Cell, 0] == 0 ? 0
        : Overlap(Boxed(x[0], at.Picture, at.Cell), Target(x, at.Picture, at.Cell)).Iou)];

    static double Plain(Numbers[] x, double[] overlaps)
    {
        static double Cross(double logit, double target) =>
            Math.Max(logit, 0) - logit * target + Math.Log(1 + Math.Exp(-Math.Abs(logit)));
        double sum = 0, count = 0;
        foreach (var ((b, c), overlap) in All().Zip(overlaps))
        {
            sum += x[4][b, c, 0] * Cross(x[0][b, c, 4], overlap);
            if (x[3][b, c, 0] == 0) continue;
            count++;
            sum += 5 * (1 - Overlap(Boxed(x[0], b, c), Target(x, b, c)).Giou);
            for (int k = 0; k < 2; k++) sum += Cross(x[0][b, c, 5 + k], x[2][b, c, k]);
        }

        return sum / count;
    }

    /// <summary>Grey noise with bright red people and bright blue vehicles.</summary>
    static List<LabelledFrame> Frames(int count, bool isNoisy = true)
    {
        var random = new SplitMix64(7);
        var grid = TwinNetwork.Grid;
        List<LabelledFrame> frames = [];
        for (int i = 0; i < count; i++)
        {
            byte[] planes = new byte[3 * grid.Pixels];
            for (int k = 0; k < planes.Length; k++) planes[k] = isNoisy ? (byte)random.Between(80, 120) : (byte)0;
            List<LabelledBox> truth = [];
            for (int k = 0; k < (isNoisy ? 6 : 1); k++)
            {
                int kind = random.Below(2), width = kind == 0 ? 12 : 40, height = kind == 0 ? 32 : 20;
                int left = random.Below(grid.Width - width), top = random.Below(grid.Height - height);
                for (int y = top; y < top + height; y++)
                    planes.AsSpan((kind == 0 ? 0 : 2) * grid.Pixels + y * grid.Width + left, width).Fill(230);
                truth.Add(new LabelledBox(left, top, left + width, top + height, kind, 1));
            }

            frames.Add(new LabelledFrame(planes, truth));
        }

        return frames;
    }

    [Theory]
    [InlineData(448, 256)]
    [InlineData(224, 160)]
    public void What_is_told_of_a_view_is_what_it_shows(int width, int height)
    {
        DetectionGrid view = new(width, height);
        var augmentation = new Augmentation(TwinNetwork.Grid, view);
        var random = new SplitMix64(5);
        float[] pixels = new float[3 * view.Pixels];
        int seen = 0;
        foreach (var frame in Frames(60, isNoisy: false))
        {
            var truth = augmentation.Apply(frame, random, pixels, 1);
            // What is bright in its own plane, brighter than any padding.
            int plane = frame.Truth[0].Class == 0 ? 0 : 2, other = 2 - plane;
            var bright = Enumerable.Range(0, view.Pixels)
                .Where(i => pixels[plane * view.Pixels + i] - pixels[other * view.Pixels + i] > 70).ToList();
            if (truth.Count == 0)
            {
                Assert.True(bright.Count < 8);
                continue;
            }

            seen++;
            var box = Assert.Single(truth);
            Assert.Equal(box.Left, bright.Min(i => i % width), 1.5);
            Assert.Equal(box.Right, bright.Max(i => i % width) + 1, 1.5);
            Assert.Equal(box.Top, bright.Min(i => i / width), 1.5);
            Assert.Equal(box.Bottom, bright.Max(i => i / width) + 1, 1.5);
        }

        Assert.True(seen > 40);
    }

    static DetectorTraining Short(params TrainingPhase[] phases) => new()
    {
        Phases = phases,
        WarmUp = 5,
        TellEvery = 5,
        Averaging = .9,
        Threads = 1,
        Providers = TestProvider.Wishes.Providers,
    };

    [Fact]
    public void A_few_seconds_of_training_lower_the_loss_and_the_export_is_what_was_trained()
    {
        List<TrainingProgress> told = [];
        var trained = new DetectorTrainer(
            Short(new(new(96, 64), 4, 40, .7), new(new(128, 96), 2, 10, .3)), Frames(8), told.Add).Run();
        Assert.Equal([40, 10], trained.Steps);
        Assert.Equal(4 * 40 + 2 * 10, trained.Views);
        Assert.True(told[^1].Loss < .6 * told[0].Loss, string.Join("; ", told));

        var frame = Frames(1)[0];
        double[] values = [.. frame.Planes.Select(v => (double)v)];
        float[] raw = LossCheck.Run(TwinNetwork.WithWeightsOf(trained.Model, TwinNetwork.Grid),
            [(TwinNetwork.Images, new([.. values.Select(v => v * TwinNetwork.InputScale)], [1, 3, 256, 448]))])[0];
        var exported = OnnxModel.Read(TwinNetwork.ForInference(trained.Model).ToBytes(), "exported");
        float[] found = LossCheck.Run(exported, [(TwinNetwork.Images, new(values, [1, 3, 256, 448]))])[0];
        Assert.Equal(raw.Length, found.Length);
        Assert.DoesNotContain(exported.Graph.Nodes, n => n.Op == "BatchNormalization");
        for (int i = 0; i < raw.Length; i++)
            Assert.Equal(i % 7 < 4 ? raw[i] : 1 / (1 + MathF.Exp(-raw[i])), found[i], 1e-3f * MathF.Max(1,
                MathF.Abs(raw[i])));
    }

    [Fact]
    public void A_training_that_was_interrupted_ends_with_the_weights_it_would_have_had()
    {
        using var scratch = new ScratchFolder();
        var plan = Short(new(new(64, 32), 2, 12, .5), new(new(64, 64), 2, 10, .5));
        var whole = new DetectorTrainer(plan, Frames(5), _ => { }).Run();
        var kept = plan with { Folder = scratch.Path };
        foreach (int phase in new[] { 1, 2 })
        {
            using var stop = new CancellationTokenSource();
            var interrupted = new DetectorTrainer(kept, Frames(5), at => { if (at.Phase == phase) stop.Cancel(); });
            Assert.Throws<OperationCanceledException>(() => { interrupted.Run(stop.Token); });
        }

        var resumed = new DetectorTrainer(kept, Frames(5), _ => { }).Run();
        Assert.Equal(whole.Steps, resumed.Steps);
        Assert.Equal(whole.Model.Checksum(), resumed.Model.Checksum());
    }

    [Fact]
    public void A_training_that_has_no_time_left_ends_at_once_with_a_model()
    {
        var plan = Short(new TrainingPhase(new(64, 32), 2, 1_000_000,
            1)) with
        { Longest = TimeSpan.FromMilliseconds(300) };
        var trained = new DetectorTrainer(plan, Frames(2), _ => { }).Run();
        Assert.InRange(trained.Steps[0], 0, 10_000);
    }
}
