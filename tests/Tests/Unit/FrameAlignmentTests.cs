using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Tests.Unit;

public sealed class FrameAlignmentTests
{
    static readonly Quaternion Turn = Quaternion.CreateFromYawPitchRoll(0.7f, -0.4f, 2.1f);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_similarity_is_found_again_mirrored_or_not(bool isPlanar, bool isMirrored)
    {
        var source = Cloud(60, isPlanar);
        var target = source.Select(place => Moved(place, isPlanar, isMirrored)).ToArray();
        var rules = new AlignmentRules { IsPlanar = isPlanar, MayMirror = true };
        Assert.Equal(AlignmentDoubt.None, FrameAlignment.TryFit(source, target, rules, out var found));
        Assert.NotNull(found);
        Assert.Equal(isMirrored, found.IsMirrored);
        Assert.Equal(2.5, found.Scale, 4);
        Assert.All(source.Zip(target),
            pair => Assert.True(Vector3.Distance(found.TargetFromSource(pair.First), pair.Second) < 1e-3));
    }

    [Fact]
    public void A_tenth_of_reflections_does_not_pull()
    {
        var source = Cloud(200, isPlanar: false);
        var target = source.Select((place, i) => Moved(place, false, false)
            + (i % 11 == 0 ? new Vector3(20, -15, 8) : Vector3.Zero)).ToArray();
        Assert.Equal(AlignmentDoubt.None, FrameAlignment.TryFit(source, target, new AlignmentRules(), out var found));
        Assert.True(found!.Residual < 1e-3, $"{found.Residual}");
        Assert.True(found.ResidualOfAll > 1);
    }

    [Fact]
    public void Without_a_unit_to_find_the_scale_stays_one()
    {
        var source = Cloud(60, isPlanar: true);
        var target = source.Select(place => 1.2f * place).ToArray();
        var rules = new AlignmentRules { IsPlanar = true, Freedom = FrameFreedom.Rigid };
        FrameAlignment.TryFit(source, target, rules, out var found);
        Assert.Equal(1, found!.Scale);
        Assert.True(found.Residual > 0.1);
    }

    [Fact]
    public void A_straight_walk_in_space_leaves_the_turn_about_it_open()
    {
        var source = Enumerable.Range(0, 50).Select(i => new Vector3(i, 2 * i, -i) / 10).ToArray();
        var target = source.Select(place => Moved(place, false, false)).ToArray();
        Assert.Equal(
            AlignmentDoubt.OnOneLine, FrameAlignment.TryFit(source, target, new AlignmentRules(), out var found));
        Assert.Null(found);
    }

    [Fact]
    public void A_straight_walk_on_the_floor_tells_the_frame_but_not_its_mirror_image()
    {
        var source = Enumerable.Range(0, 50).Select(i => new Vector3(i, 2 * i, 0) / 10).ToArray();
        var target = source.Select(place => Moved(place, true, false)).ToArray();
        var rules = new AlignmentRules { IsPlanar = true };
        Assert.Equal(AlignmentDoubt.None, FrameAlignment.TryFit(source, target, rules, out _));
        Assert.Equal(AlignmentDoubt.MirrorUnclear,
            FrameAlignment.TryFit(source, target, rules with { MayMirror = true }, out var found));
        Assert.Null(found);
    }

    [Fact]
    public void Where_nothing_moves_nothing_is_aligned()
    {
        var still = Enumerable.Repeat(new Vector3(3, 4, 1), 50).ToArray();
        Assert.Equal(AlignmentDoubt.OnOneSpot, FrameAlignment.TryFit(still, still, new AlignmentRules(), out _));
        Assert.Equal(AlignmentDoubt.TooFewPairs,
            FrameAlignment.TryFit(still.AsSpan(0, 5), still.AsSpan(0, 5), new AlignmentRules(), out _));
    }

    static Vector3[] Cloud(int count, bool isPlanar)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(_ => new Vector3(
            (float)(6 * random.NextDouble()), (float)(4 * random.NextDouble()),
            isPlanar ? 0 : (float)(3 * random.NextDouble())))];
    }

    static Vector3 Moved(Vector3 place, bool isPlanar, bool isMirrored)
    {
        if (isPlanar)
        {
            if (isMirrored) place.Y = -place.Y;
            var turned = Vector3.Transform(place, Quaternion.CreateFromAxisAngle(Vector3.UnitZ, 2.2f));
            turned *= 2.5f;
            return turned with { Z = 0 } + new Vector3(7, -3, 0);
        }

        if (isMirrored) place.Z = -place.Z;
        return (2.5f * Vector3.Transform(place, Turn)) + new Vector3(7, -3, 2);
    }
}
