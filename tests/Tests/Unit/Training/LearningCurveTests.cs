using EdgeAppliance.Bench;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>A small classifier, from the weights and batches PyTorch began with: golden/training.</summary>
public sealed class LearningCurveTests
{
    /// <summary>
    /// After that sums in another order drift apart (the fixture's README); all epochs: <c>bench training</c>.
    /// </summary>
    const int Steps = 13;

    [Fact]
    public void The_first_steps_have_the_losses_that_PyTorch_had()
    {
        using var curve = new LearningCurve(SharedData.Root, threads: 1);
        for (int i = 0; i < Steps; i++)
        {
            double off = Math.Abs(curve.Step(i) - curve.FirstLosses[i]);
            Assert.True(off < (i < 4 ? 1e-4 : 2e-3), $"step {i}: off by {off:E1}");
        }
    }
}
