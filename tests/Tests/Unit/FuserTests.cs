using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;
using Xunit.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class FuserTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, 0.7)]
    [InlineData(4, 0.6)]
    [InlineData(8, 0.4)]
    public void People_who_cross_are_told_apart(int people, double recall)
    {
        var sum = Runs(people, who => $"T{who}");
        Assert.True(sum.Precision >= 0.985, sum.ToString());
        Assert.True(sum.Recall >= recall, sum.ToString());
    }

    [Fact]
    public void Somebody_without_a_tag_is_given_none()
    {
        var sum = Runs(6, who => who % 2 == 0 ? $"T{who}" : null);
        Assert.True(sum.Precision >= 0.97, sum.ToString());
        Assert.True(sum.Recall >= 0.5, sum.ToString());
    }

    [Fact]
    public void A_tag_whose_bearer_nobody_sees_is_given_to_nobody()
    {
        var unseen = Street.Walk(2, 60, 99).ToDictionary(f => f.T, f => f.People);
        var sum = Runs(4, who => $"T{who}", t => unseen[t].Select(p => ($"U{p.Person}", p.AtM)));
        Assert.True(sum.Precision >= 0.97, sum.ToString());
        Assert.True(sum.Recall >= 0.5, sum.ToString());
    }

    [Fact]
    public void Tags_of_other_people_altogether_match_hardly_anybody()
    {
        var unseen = Street.Walk(4, 60, 77).ToDictionary(f => f.T, f => f.People);
        var run = Crowd.Run(Street.Walk(4, 60, 5), Street.Camera, new FusionSettings(), _ => null,
            new WornTags(5), t => unseen[t].Select(p => ($"U{p.Person}", p.AtM)));
        output.WriteLine(run.ToString());
        Assert.InRange(run.Wrong, 0, 0.02 * 4 * 60 * 15);
    }

    Associated Runs(
        int people, Func<int, string?> tagOf, Func<double, IEnumerable<(string Tag, Vector2 AtM)>>? unseen = null)
    {
        var sum = new Associated(0, 0, 0);
        for (int seed = 0; seed < 3; seed++)
        {
            var one = Crowd.Run(Street.Walk(people, 60, seed), Street.Camera, new FusionSettings(), tagOf,
                new WornTags(seed), unseen);
            sum = new Associated(sum.Right + one.Right, sum.Wrong + one.Wrong, sum.Owed + one.Owed);
        }

        output.WriteLine(sum.ToString());
        return sum;
    }

    [Fact]
    public void Radio_that_comes_late_costs_little()
    {
        Associated Late(double lateS)
        {
            var sum = new Associated(0, 0, 0);
            for (int seed = 0; seed < 3; seed++)
            {
                var one = Crowd.Run(Street.Walk(4, 60, seed), Street.Camera, new FusionSettings(), who => $"T{who}",
                    new WornTags(seed, lateS: lateS));
                sum = new Associated(sum.Right + one.Right, sum.Wrong + one.Wrong, sum.Owed + one.Owed);
            }

            output.WriteLine($"{lateS} s: {sum}");
            return sum;
        }

        var (soon, late) = (Late(0.05), Late(0.6));
        Assert.True(late.Precision >= 0.985, late.ToString());
        Assert.True(late.Recall >= soon.Recall - 0.06, late.ToString());
    }

    [Fact]
    public void A_match_in_doubt_is_sure_again_by_what_is_seen_after_it_alone()
    {
        var walk = new Walk(trackId: 1, slots: 10);
        var match = new TagMatch("A", 0.2, 1, TimeSpan.FromSeconds(5), 20, 0);
        for (int i = 0; i < 6; i++) walk.Agree(match);
        walk.Give(match);
        walk.Put(serial: 4, default);
        walk.Doubt(serial: 4);
        Assert.Equal(0, walk.Match!.Value.AgreedWindows);
        var comparison = new Comparison(new FusionSettings(), slots: 10);
        MonoTime[] instants = [.. Enumerable.Range(0, 3).Select(i => MonoTime.FromSeconds(1000 + (i / 10.0)))];
        var locator = new Locator(new RadioSettings(), []);
        comparison.Begin(locator, TagRegistry.Empty, [2, 3, 4], instants, instants[0]);
        Assert.True(comparison.IsThere(walk));
        Assert.False(comparison.HasNews(walk));
        walk.Put(serial: 5, default);
        comparison.Begin(locator, TagRegistry.Empty, [3, 4, 5], instants, instants[0]);
        Assert.True(comparison.HasNews(walk));
    }

    [Fact]
    public void A_second_after_a_doubt_only_what_was_seen_since_counts()
    {
        var walk = new Walk(trackId: 1, slots: 20);
        var comparison = new Comparison(new FusionSettings(), slots: 20);
        MonoTime[] instants = [.. Enumerable.Range(0, 12).Select(i => MonoTime.FromSeconds(1000 + (i / 10.0)))];
        comparison.Begin(
            new Locator(new RadioSettings(), []), TagRegistry.Empty, [.. Enumerable.Range(1, 12).Select(i => (long)i)],
            instants, instants[0]);
        for (int serial = 1; serial <= 11; serial++) walk.Put(serial, default);
        Assert.False(comparison.IsFresh(walk)); // never in doubt: all of it counts
        walk.Doubt(serial: 2);
        Assert.False(comparison.IsFresh(walk));
        walk.Put(serial: 12, default);
        Assert.True(comparison.IsFresh(walk));
    }

    [Fact]
    public void Exchanged_tags_are_noticed_and_no_tag_is_on_two_tracks()
    {
        using var street = new Still(2);
        street.Run(0, 8, [0, 1]);
        Assert.Equal("A B", street.Matches());
        street.Run(8, 30, [1, 0]);
        Assert.Equal("B A", street.Matches());
    }

    [Fact]
    public void A_tag_that_leaves_is_taken_back()
    {
        using var street = new Still(1);
        street.Run(0, 8, [0]);
        Assert.Equal("A", street.Matches());
        street.Run(8, 30, [1]); // now heard where nobody stands
        Assert.Equal("-", street.Matches());
    }

    [Fact]
    public void A_tag_that_falls_silent_is_taken_back()
    {
        using var street = new Still(1);
        street.Run(0, 8, [0]);
        street.Run(8, 20, []);
        Assert.Equal("-", street.Matches());
    }

    [Fact]
    public void Two_who_stand_where_the_radio_cannot_tell_them_apart_are_given_nothing()
    {
        using var street = new Still(2, apartM: 0.2f);
        street.Run(0, 15, [0, 1]);
        Assert.Equal("- -", street.Matches());
    }

    [Fact]
    public void Without_geometry_or_tags_all_is_unknown_and_goes_on()
    {
        foreach (var geometry in new[] { null, Street.Camera })
        {
            using var frames = new SceneFrames();
            var fuser = NewFuser(geometry);
            var tracker = SceneFrames.NewTracker();
            for (int i = 0; i < 100; i++)
            {
                var box = Street.BoxAt(new Vector2(0, 10));
                using var located = fuser.Step(tracker.Step(frames.Seen(i / 15.0, new Detection(box, 0, 0.9f))));
                var track = Assert.Single(located.Tracks);
                Assert.Null(track.Match);
                Assert.Equal(geometry is not null, track.GroundM is not null);
                Assert.Equal(geometry?.Name, located.Calibration);
                Assert.Empty(located.Fixes);
            }
        }
    }

    [Fact]
    public void A_picture_of_another_shape_is_told_and_not_located()
    {
        using var frames = new SceneFrames(640, 480);
        var fuser = NewFuser(Street.Camera);
        using var located = fuser.Step(SceneFrames.NewTracker().Step(
            frames.Seen(0, new Detection(new Box(300, 200, 340, 300), 0, 0.9f))));
        Assert.Null(Assert.Single(located.Tracks).GroundM);
        Assert.Null(located.Calibration);
        Assert.Contains("1280 x 720, the camera gives 640 x 480", fuser.GeometryFault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_foot_cut_off_by_the_frame_says_nothing_about_the_place()
    {
        using var frames = new SceneFrames();
        var fuser = NewFuser(Street.Camera);
        using var located = fuser.Step(SceneFrames.NewTracker().Step(
            frames.Seen(0, new Detection(new Box(600, 500, 700, 720), 0, 0.9f))));
        Assert.Null(Assert.Single(located.Tracks).GroundM);
    }

    [Fact]
    public void A_car_is_as_deep_as_the_registry_says()
    {
        // A disc of radius 1.5 m in the middle of which the tag lies: the box ends at its near edge.
        double Cost(double radiusM)
        {
            var registry = new TagRegistry([new RegisteredTag("A", "car", true)], [],
                new Dictionary<string, double> { ["car"] = radiusM });
            using var street = new Still(1, registry: registry, nearerM: 1.5f);
            street.Run(0, 8, [0]);
            return street.CostM() ?? double.PositiveInfinity;
        }

        Assert.True(Cost(1.5) < 0.2, $"{Cost(1.5):F2} m with the depth known");
        Assert.True(Cost(0) > 1, $"{Cost(0):F2} m without");
    }

    [Fact]
    public void The_same_recording_gives_the_same_matches()
    {
        Associated Run() => Crowd.Run(
            Street.Walk(5, 20, 3), Street.Camera, new FusionSettings(), who => $"T{who}", new WornTags(3));
        Assert.Equal(Run(), Run());
    }

    static Fuser NewFuser(CameraGeometry? geometry) =>
        new(new FusionSettings(), geometry, new Locator(new RadioSettings(), []), TagRegistry.Empty);

    /// <summary>People who stand on their spots, and tags put on them or elsewhere.</summary>
    sealed class Still(int people, float apartM = 3, TagRegistry? registry = null, float nearerM = 0) : IDisposable
    {
        readonly SceneFrames _frames = new();
        readonly Locator _locator = new(new RadioSettings(), []);
        readonly Tracker _tracker = SceneFrames.NewTracker();
        Fuser? _fuser;
        System.Collections.Immutable.ImmutableArray<LocatedTrack> _last = [];

        /// <param name="spotOf">for each tag, A, B, …, the spot it is heard at</param>
        public void Run(double from, double to, int[] spotOf)
        {
            _fuser ??= new Fuser(new FusionSettings(), Street.Camera, _locator, registry ?? TagRegistry.Empty);
            for (int i = (int)(from * 10); i < to * 10; i++)
            {
                double t = i / 10.0;
                for (int tag = 0; tag < spotOf.Length; tag++)
                {
                    _locator.Take([Observation.OfPosition(MonoTime.FromSeconds(1000 + t), $"{(char)('A' + tag)}",
                        new Vector3(Spot(spotOf[tag]), 1), 0.01)]);
                }

                var seen = Enumerable.Range(0, people).Select(who => new Detection(
                    Street.BoxAt(Spot(who) - (nearerM * Vector2.Normalize(Spot(who)))), 0, 0.9f - (0.01f * who)));
                using var located = _fuser.Step(_tracker.Step(_frames.Seen(t, [.. seen])));
                _last = located.Tracks;
                var tags = _last.Select(track => track.Match?.Tag).Where(tag => tag is not null).ToList();
                Assert.Equal(tags.Count, tags.Distinct().Count());
            }
        }

        public void Dispose() => _frames.Dispose();

        /// <summary>The tracks' tags in order of their numbers, <c>-</c> for none.</summary>
        public string Matches() =>
            string.Join(' ', _last.OrderBy(track => track.Track.Id).Select(track => track.Match?.Tag ?? "-"));

        public double? CostM() => _last[0].Match?.CostM;

        Vector2 Spot(int n) => new((n * apartM) - 1, 10);
    }
}
