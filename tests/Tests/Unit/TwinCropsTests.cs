using EdgeAppliance.Bench;

namespace EdgeAppliance.Tests.Unit;

public sealed class TwinCropsTests
{
    [Fact]
    public void The_same_seeds_give_the_same_crops_of_every_class()
    {
        var (pixels, labels) = TwinCrops.Make(300, 30);
        var (again, sameLabels) = TwinCrops.Make(300, 30);

        Assert.Equal(30 * TwinCrops.PixelBytes, pixels.Length);
        Assert.Equal(pixels, again);
        Assert.Equal(labels, sameLabels);
        for (int kind = 0; kind < TwinCrops.Classes; kind++) Assert.Equal(10, labels.Count(label => label == kind));
    }
}
