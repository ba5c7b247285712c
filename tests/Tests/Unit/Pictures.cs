using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Made-up frames and cards for tests.</summary>
static class Pictures
{
    /// <summary>Noise with a given seed; every byte value occurs in large ones.</summary>
    public static Frame Noise(FramePool pool, FrameFormat format, int seed)
    {
        Assert.True(pool.TryRent(out var lease));
        new Random(seed).NextBytes(lease.Bytes[..format.Bytes]);
        return new Frame(lease, format, MonoTime.FromSeconds(1), 0, TimeSpan.Zero);
    }

    public static Frame Flat(FramePool pool, FrameFormat format, byte luma, byte blue, byte red)
    {
        Assert.True(pool.TryRent(out var lease));
        var frame = new Frame(lease, format, MonoTime.FromSeconds(1), 0, TimeSpan.Zero);
        frame.Luma.Fill(luma);
        frame.ChromaBlue.Fill(blue);
        frame.ChromaRed.Fill(red);
        return frame;
    }

    public static CardInput Input(int width, int height, ResizeRule resize = ResizeRule.LetterboxTopLeft) => new(
        "images", TensorLayout.Nchw, width, height, ColourOrder.Rgb, 1, [0, 0, 0], [1, 1, 1], resize, 114);

    public static ModelCard Card(string head, CardInput input, int classes, params int[] strides) => new(
        "made-up", new string('0', 64), ModelCard.DetectTask, input, new CardOutput(head, [], [.. strides]),
        [.. Enumerable.Range(0, classes).Select(i => $"class{i}")], new CardThresholds(0.3f, 0.5f),
        new CardProvenance("a test", "MIT", "none"));
}
