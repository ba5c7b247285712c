using EdgeAppliance.Bench;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Average precision on cases worked out on paper.</summary>
public sealed class AveragePrecisionTests
{
    static readonly Box Here = new(0, 0, 10, 10);
    static readonly Box There = new(100, 0, 110, 10);

    [Fact]
    public void One_box_found_is_all()
    {
        Assert.Equal(1, Of([new(0, 0, Here)], [new(0, 0, Here, 0.5f)]));
    }

    [Fact]
    public void A_false_box_before_the_true_one_halves_it()
    {
        // Precision 0, 1/2 at recall 0, 1: made falling it is 1/2 everywhere.
        Assert.Equal(0.5, Of([new(0, 0, Here)], [new(0, 0, There, 0.9f), new(0, 0, Here, 0.5f)]));
    }

    [Fact]
    public void A_false_box_after_the_true_one_costs_nothing()
    {
        Assert.Equal(1, Of([new(0, 0, Here)], [new(0, 0, Here, 0.9f), new(0, 0, There, 0.5f)]));
    }

    [Fact]
    public void Half_of_the_boxes_found_reaches_half_the_recalls()
    {
        // Recalls 0.00 to 0.50 are 51 of 101 points.
        Assert.Equal(51.0 / 101, Of([new(0, 0, Here), new(1, 0, Here)], [new(0, 0, Here, 0.9f)]), 1e-12);
    }

    [Fact]
    public void True_false_true_is_read_at_101_points()
    {
        // Recall 1/2 at precision 1, recall 1 at precision 2/3: 51 points of 1 and 50 of 2/3.
        Assert.Equal((51 + (50 * 2.0 / 3)) / 101, AveragePrecision.Area([true, false, true], 2), 1e-12);
    }

    [Fact]
    public void A_true_box_is_met_once_and_only_in_its_own_picture_and_class()
    {
        Assert.Equal(0.5, Of([new(1, 0, Here)], [new(0, 0, Here, 0.9f), new(1, 0, Here, 0.8f), new(1, 0, Here, 0.7f)]));
        Assert.Equal(0, Of([new(0, 0, Here)], [new(0, 1, Here, 0.9f)]));
    }

    [Fact]
    public void Overlap_must_reach_the_threshold()
    {
        var half = new Box(0, 0, 10, 5);
        Assert.Equal(1, AveragePrecision.Of(0, 0.5, [new(0, 0, Here)], [new(0, 0, half, 1)]));
        Assert.Equal(0, AveragePrecision.Of(0, 0.55, [new(0, 0, Here)], [new(0, 0, half, 1)]));
    }

    [Fact]
    public void Classes_nobody_drew_do_not_count_and_classes_not_found_count_as_0()
    {
        TrueBox[] truth = [new(0, 0, Here), new(0, 2, There)];
        Assert.Equal(0.5, AveragePrecision.Mean([0, 1, 2], [0.5], truth, [new(0, 0, Here, 1), new(0, 1, Here, 1)]));
        Assert.Null(AveragePrecision.Mean([1], [0.5], truth, []));
        Assert.Equal(10, AveragePrecision.CocoThresholds.Count);
        Assert.Equal(0.95, AveragePrecision.CocoThresholds[9], 1e-12);
    }

    static double Of(TrueBox[] truth, ToldBox[] told) => AveragePrecision.Of(0, 0.5, truth, told)!.Value;
}
