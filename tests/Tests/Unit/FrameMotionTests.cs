using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

public sealed class FrameMotionTests
{
    static Detection At(float left, float score = 0.9f, int kind = 0) =>
        new(new Box(left, 100, left + 40, 200), kind, score);

    /// <summary>A box 40 pixels wide that moves 5 a frame: after 2 frames IoU is 30/50, after 3 it is 25/55.</summary>
    static List<IReadOnlyList<Detection>> Walk(int step) =>
        [.. Enumerable.Range(0, 20 / step + 1).Select(i => (IReadOnlyList<Detection>)[At(5 * i * step)])];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Frames_never_looked_at_are_told_from_those_that_were(int step)
    {
        Assert.Equal(1, FrameMotion.F1(Walk(step), step, 1, 0.3f), 12);
        Assert.Equal(1, FrameMotion.F1(Walk(step), step, 2, 0.3f), 12); // 10 pixels behind: the same box still
        Assert.Equal(0.75, FrameMotion.F1(Walk(step), step, 4, 0.3f), 12); // the fourth of four is 15 behind
    }

    [Fact]
    public void What_stands_costs_nothing_and_one_frame_tells_nothing()
    {
        IReadOnlyList<Detection>[] still = [[At(10)], [At(10)], [At(10)]];
        Assert.Equal(1, FrameMotion.F1(still, 5, 10, 0.3f), 12);
        Assert.True(double.IsNaN(FrameMotion.F1([[At(10)]], 10, 10, 0.3f)));
    }

    [Fact]
    public void Agreement_counts_pairs_of_a_class_above_the_threshold()
    {
        Detection[] seen = [At(10), At(100, 0.2f), At(200, 0.8f, kind: 1)], reference = [At(12), At(101), At(200)];
        Assert.Equal(new Agreement(1, 2, 3), Agreement.Of(seen, reference, 0.3f));
        Assert.Equal(2.0 / 5, Agreement.Of(seen, reference, 0.3f).F1, 12);
        Assert.Equal(1, Agreement.Of([], [], 0.3f).F1);
        Assert.Equal(0, Agreement.Of([At(1)], [], 0.3f).F1);
    }

    [Fact]
    public void Utility_apart_is_nothing_between_equals_and_all_of_what_has_no_partner()
    {
        Assert.Equal(0, Agreement.UtilityApart([At(10)], [At(10)], 0.3f), 12);
        Assert.Equal(1, Agreement.UtilityApart([At(10)], [], 0.3f), 3);
        Assert.Equal(0.5, Agreement.UtilityApart([At(10, 0.3f)], [At(10)], 0.3f), 3);
    }
}
