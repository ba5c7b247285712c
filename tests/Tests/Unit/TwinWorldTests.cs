using System.Numerics;
using System.Text.Json;
using EdgeAppliance.Drivers.Twin;

namespace EdgeAppliance.Tests.Unit;

public sealed class TwinWorldTests
{
    static readonly TimeSpan At = TimeSpan.FromSeconds(33);

    // Making a world costs more than looking at it: two serve most tests.
    static readonly Lazy<TwinWorld>[] Made =
        [.. Enumerable.Range(1, 2).Select(seed => new Lazy<TwinWorld>(() => TwinWorld.Create("yard", seed, 640, 360)))];

    [Theory]
    [InlineData("yard")]
    [InlineData("yard-dusk")]
    public void The_same_seed_and_time_give_the_same_pixels_and_truth(string name)
    {
        var first = TwinWorld.Create(name, 5, 128, 72);
        var second = TwinWorld.Create(name, 5, 128, 72);
        byte[] before = Drawn(first, At);
        _ = Drawn(second, TimeSpan.FromSeconds(400));
        _ = second.TruthAt(TimeSpan.FromSeconds(12));
        Assert.Equal(before, Drawn(second, At));
        Assert.Equal(first.TruthAt(At), second.TruthAt(At));
        Assert.NotEqual(before, Drawn(TwinWorld.Create(name, 6, 128, 72), At));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_truth_box_is_round_the_pixels_an_actor_changes(int made)
    {
        var world = Made[made].Value;
        byte[] all = Clean(world, At, without: null);
        var truth = world.TruthAt(At);
        Assert.NotEmpty(truth);
        foreach (var one in truth)
        {
            byte[] less = Clean(world, At, one.Id);
            var changed = Changed(world, all, less);
            // A pixel covered less than half belongs to its background: an edge may lie one pixel further out. In
            // front of somebody in the same paint one may not show.
            Assert.InRange(changed.Left, one.Box.Left - 1, one.Box.Left + 1);
            Assert.InRange(changed.Top, one.Box.Top - 1, one.Box.Top + 1);
            Assert.InRange(changed.Right, one.Box.Right - 1, one.Box.Right + 1);
            Assert.InRange(changed.Bottom, one.Box.Bottom - 1, one.Box.Bottom + 1);
        }
    }

    [Fact]
    public void Who_is_hidden_in_part_shows_less_than_its_whole_box()
    {
        var world = Made[0].Value;
        int hidden = 0;
        for (int s = 0; s < 120; s += 3)
        {
            foreach (var one in world.TruthAt(TimeSpan.FromSeconds(s)))
            {
                Assert.InRange(one.Visibility, 0.0001, 1);
                Assert.True(one.Box.Left >= one.WholeBox.Left && one.Box.Right <= one.WholeBox.Right);
                Assert.True(one.Box.Top >= one.WholeBox.Top && one.Box.Bottom <= one.WholeBox.Bottom);
                Assert.True(one.WholeBox.Right <= 640 && one.WholeBox.Bottom <= 360);
                if (one.Visibility < .6) hidden++;
                else if (one.Visibility > .9999) Assert.Equal(one.WholeBox, one.Box);
            }
        }

        Assert.True(hidden > 3, $"{hidden} boxes are hidden by more than two fifths");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_geometry_file_projects_positions_to_the_feet_of_their_boxes(int made)
    {
        var world = Made[made].Value;
        using var geometry = JsonDocument.Parse(world.GeometryJson());
        var camera = geometry.RootElement.GetProperty("camera");
        var pose = geometry.RootElement.GetProperty("cameraFromWorld");
        int people = 0;
        for (int s = 0; s < 120; s += 3)
        {
            foreach (var one in world.TruthAt(TimeSpan.FromSeconds(s)))
            {
                bool touchesEdge = one.WholeBox is { Left: 0 } or { Right: 640 } or { Bottom: 360 };
                if (one.Class != TwinWorld.PersonClass || one.Visibility < .99 || touchesEdge) continue;
                people++;
                var (x, y) = Project(camera, pose, one.PositionM);
                Assert.InRange(x, one.Box.Left, one.Box.Right);
                // A foot's length and a stride around the middle: a fifth of a body's height at most.
                Assert.InRange(y, one.Box.Bottom - (.2 * one.Box.Height), one.Box.Bottom + (.06 * one.Box.Height));
            }
        }

        Assert.True(people > 20, $"only {people} people stand free");
    }

    [Fact]
    public void Nobody_jumps_while_in_the_picture()
    {
        var world = Made[0].Value;
        const float StepS = .2f;
        foreach (var actor in world.Actors)
        {
            float limitM = (actor.Class == TwinWorld.PersonClass ? 1.7f : 6.2f) * StepS;
            for (float s = 0; s < 2 * Itinerary.DayS; s += StepS)
            {
                var (before, now) = (actor.Way.Stance(s).PositionM, actor.Way.Stance(s + StepS).PositionM);
                bool isSeen = now.X > world.Site.LeftM(now.Y) && now.X < world.Site.RightM(now.Y);
                if (isSeen) Assert.InRange(Vector2.Distance(before, now), 0, limitM);
            }
        }
    }

    [Fact]
    public void Some_carry_tags_and_some_tags_lie_about()
    {
        var world = Made[0].Value;
        using var registry = JsonDocument.Parse(world.RegistryJson());
        var tags = registry.RootElement.GetProperty("tags").EnumerateArray()
            .ToDictionary(tag => tag.GetProperty("tag").GetString()!, tag => tag.GetProperty("class").GetString());
        Assert.Equal(12, registry.RootElement.GetProperty("stations").GetArrayLength());
        Assert.Contains("vehicle", tags.Values);
        Assert.True(tags.Count > world.Actors.Count(actor => actor.Tag is not null));
        Assert.Contains(world.Actors, actor => actor.Tag is null);
        Assert.All(world.Actors.Where(actor => actor.Tag is not null),
            actor => Assert.Equal(actor.Class, tags[actor.Tag!]));
    }

    [Fact]
    public void An_unknown_world_is_refused_with_those_there_are()
    {
        var fault = Assert.Throws<ArgumentException>(() => TwinWorld.Create("moon", 1));
        Assert.Contains("yard-dusk", fault.Message, StringComparison.Ordinal);
    }

    static (double X, double Y) Project(JsonElement camera, JsonElement pose, Vector3 worldM)
    {
        double[] seen = new double[3];
        for (int row = 0; row < 3; row++)
        {
            var turn = pose.GetProperty("rotation")[row];
            seen[row] = (turn[0].GetDouble() * worldM.X) + (turn[1].GetDouble() * worldM.Y)
                + (turn[2].GetDouble() * worldM.Z) + pose.GetProperty("translationM")[row].GetDouble();
        }

        Assert.True(seen[2] > 0);
        return ((camera.GetProperty("fx").GetDouble() * seen[0] / seen[2]) + camera.GetProperty("cx").GetDouble(),
            (camera.GetProperty("fy").GetDouble() * seen[1] / seen[2]) + camera.GetProperty("cy").GetDouble());
    }

    static TwinBox Changed(TwinWorld world, byte[] one, byte[] other)
    {
        int width = world.Format.Width, left = int.MaxValue, top = int.MaxValue, right = 0, bottom = 0;
        for (int i = 0; i < world.Format.LumaBytes; i++)
        {
            if (one[i] == other[i]) continue;
            left = Math.Min(left, i % width);
            right = Math.Max(right, (i % width) + 1);
            top = Math.Min(top, i / width);
            bottom = Math.Max(bottom, (i / width) + 1);
        }

        return new TwinBox(left, top, right, bottom);
    }

    static byte[] Drawn(TwinWorld world, TimeSpan t)
    {
        byte[] pixels = new byte[world.Format.Bytes];
        var (luma, chroma) = (world.Format.LumaBytes, world.Format.ChromaBytes);
        world.Render(t, pixels.AsSpan(0, luma), pixels.AsSpan(luma, chroma), pixels.AsSpan(luma + chroma));
        return pixels;
    }

    static byte[] Clean(TwinWorld world, TimeSpan t, int? without)
    {
        byte[] pixels = new byte[world.Format.Bytes];
        var (luma, chroma) = (world.Format.LumaBytes, world.Format.ChromaBytes);
        world.Render(
            t, pixels.AsSpan(0, luma), pixels.AsSpan(luma, chroma), pixels.AsSpan(luma + chroma), without,
                isClean: true);
        return pixels;
    }
}
