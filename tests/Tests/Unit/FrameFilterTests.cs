using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Tests.Unit;

public sealed class FrameFilterTests
{
    static readonly FrameFormat Size = new(320, 240, ColourRange.Limited, ColourMatrix.Bt709);

    /// <summary>A square that stands, and moves in frames 4 and 7.</summary>
    static readonly int[] Places = [40, 40, 40, 40, 90, 90, 90, 160, 160, 160];

    static Difference[,] Clip()
    {
        using var pool = new FramePool(slots: 2, Size.Bytes);
        var between = new Difference[Places.Length, Places.Length];
        for (int i = 0; i < Places.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                var compare = new FrameDifference();
                using (var earlier = Square(pool, Places[j])) compare.Keep(earlier);
                using var now = Square(pool, Places[i]);
                between[i, j] = compare.From(now);
            }
        }

        return between;
    }

    static Frame Square(FramePool pool, int at)
    {
        Assert.True(pool.TryRent(out var lease));
        var frame = new Frame(lease, Size, default, 0, default);
        frame.Luma.Fill(60);
        for (int y = 100; y < 140; y++) frame.Luma.Slice(y * Size.Width + at, 40).Fill(200);
        return frame;
    }

    [Fact]
    public void Differences_are_what_was_drawn()
    {
        var between = Clip();
        Assert.Equal(new Difference(0, 0, 0), between[3, 0]);
        // From 40 to 90 the squares do not overlap: two patches of 40 x 40 in 320 x 240.
        Assert.Equal(2 * 1600 / 76800.0, between[4, 3].Pixel, 12);
        Assert.Equal(1600 / 76800.0, between[4, 3].Area, 12);
        Assert.InRange(between[4, 3].Edge, 2 * 160 / 76800.0, 5 * 160 / 76800.0);
    }

    [Fact]
    public void A_first_frame_and_one_of_another_size_differ_wholly()
    {
        using var pool = new FramePool(slots: 1, Size.Bytes);
        var compare = new FrameDifference();
        using var frame = Square(pool, 10);
        Assert.Equal(new Difference(1, 1, 1), compare.From(frame));
    }

    /// <summary>OA-4: kept frames against the definition, computed once more in the plain way.</summary>
    [Fact]
    public void Kept_frames_are_those_of_the_definition_for_all_nine_pairs_of_biases()
    {
        var between = Clip();
        double[] pixel = Pairs(between, 0), area = Pairs(between, 1);
        foreach (double b0 in new double[] { 3, 0, -3 })
        {
            foreach (double b1 in new double[] { 3, 0, -3 })
            {
                List<int> expected = [0];
                for (int i = 1; i < Places.Length; i++)
                {
                    double z0 = (between[i, expected[^1]].Pixel - pixel.Average()) / Deviation(pixel);
                    double z1 = (between[i, expected[^1]].Area - area.Average()) / Deviation(area);
                    if (1 / (1 + Math.Exp(-(z0 - b0))) > 0.5 && 1 / (1 + Math.Exp(-(z1 - b1))) > 0.5) expected.Add(i);
                }

                Assert.Equal<IEnumerable<int>>(expected, FrameFilter.Kept(between, [b0, b1]));
            }
        }

        Assert.Equal<IEnumerable<int>>([0, 4, 7], FrameFilter.Kept(between, [0, 0]));
        Assert.Equal(10, FrameFilter.Kept(between, [-3, -3]).Length);
        Assert.Equal<IEnumerable<int>>([0], FrameFilter.Kept(between, [3, 3]));
    }

    [Fact]
    public void The_price_of_a_frame_decides_how_many_are_kept()
    {
        var between = Clip();
        // What reuse loses: the pixels that differ from the frame shown in their place.
        double Lost(ImmutableArray<int> kept) => Enumerable.Range(0, Places.Length)
            .Average(i => kept.Last(k => k <= i) is var shown && shown == i ? 0 : between[i, shown].Pixel);
        Assert.Equal<IEnumerable<int>>([0, 4, 7], FrameFilter.Choose(between, 2, Lost, 0.1));
        Assert.Equal<IEnumerable<int>>([0], FrameFilter.Choose(between, 2, Lost, 100));
    }

    [Fact]
    public void A_clip_in_which_nothing_moves_keeps_its_first_frame()
    {
        Assert.Equal<IEnumerable<int>>([0], FrameFilter.Kept(new Difference[10, 10], [0, 0]));
    }

    static double[] Pairs(Difference[,] between, int feature) =>
    [
        .. from i in Enumerable.Range(1, Places.Length - 1) from j in Enumerable.Range(0, i)
           select between[i, j][feature],
    ];

    static double Deviation(double[] of) => Math.Sqrt(of.Select(v => v * v).Average() - of.Average() * of.Average());

    /// <summary>OA-3.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.05)]
    [InlineData(0.2)]
    [InlineData(1)]
    public void The_wanted_part_of_tiles_is_fine(double part)
    {
        var random = new Random(1);
        double[] fine = [.. Enumerable.Range(0, 400).Select(_ => random.NextDouble())];
        double[] coarse = [.. fine.Select(f => f + random.NextDouble())];
        bool[] chosen = MacroblockMap.Choose(fine, coarse, 0.3, part);
        Assert.InRange(chosen.Count(c => c), part * 400 - 1, part * 400 + 1);
        double least = chosen.Zip(fine.Zip(coarse, (f, c) => c - f)).Where(t => t.First).Select(t => t.Second)
            .DefaultIfEmpty(2).Min();
        Assert.All(chosen.Zip(fine.Zip(coarse, (f, c) => c - f)), t => Assert.True(t.First || t.Second <= least));
    }

    [Fact]
    public void More_fine_tiles_never_lose_one_and_a_worse_one_is_never_chosen()
    {
        var random = new Random(2);
        double[] fine = [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble())];
        double[] coarse = [.. fine.Select(f => f + random.NextDouble() - 0.3)];
        bool[] before = MacroblockMap.Choose(fine, coarse, 0.3, 0);
        for (double part = 0.1; part <= 1; part += 0.1)
        {
            bool[] chosen = MacroblockMap.Choose(fine, coarse, 0.3, part);
            for (int i = 0; i < chosen.Length; i++)
            {
                Assert.True(chosen[i] || !before[i]);
                Assert.False(chosen[i] && coarse[i] <= fine[i]);
            }

            before = chosen;
        }
    }
}
