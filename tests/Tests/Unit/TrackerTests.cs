using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Tests.Unit;

public sealed class TrackerTests : IDisposable
{
    const double Step = 1.0 / 30;

    readonly SceneFrames _frames = new();

    public void Dispose() => _frames.Dispose();

    [Fact]
    public void A_walker_keeps_one_number()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 60; i++)
        {
            var tracks = _frames.Track(tracker, i * Step, Person(100 + (4 * i), 200, 0.9f));
            Assert.Equal(1, Assert.Single(tracks).Id);
            Assert.Equal(i, tracks[0].Age);
        }
    }

    [Fact]
    public void A_weak_detection_continues_a_track_but_starts_none()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 10; i++) _frames.Track(tracker, i * Step, Person(100, 200, 0.9f));
        var tracks = _frames.Track(tracker, 10 * Step, Person(101, 200, 0.2f), Person(700, 200, 0.2f));
        var track = Assert.Single(tracks);
        Assert.NotNull(track.Measured);
        Assert.Equal(0.2f, track.Score);
    }

    [Fact]
    public void What_is_told_to_nobody_else_goes_on_with_a_track_whatever_its_score()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 10; i++) _frames.Track(tracker, i * Step, Person(100, 200, 0.9f));
        var seen = _frames.Seen(10 * Step) with { Weak = [Person(700, 200, 0.8f), Person(101, 200, 0.2f)] };
        using var tracked = tracker.Step(seen);
        Assert.Equal(0.2f, Assert.Single(tracked.Tracks).Score);
        Assert.Empty(tracked.Detections);
        Assert.Single(_frames.Track(tracker, 11 * Step, Person(102, 200, 0.9f)));
    }

    [Fact]
    public void A_single_flash_becomes_no_track()
    {
        var tracker = SceneFrames.NewTracker();
        _frames.Track(tracker, 0);
        Assert.Empty(_frames.Track(tracker, Step, Person(100, 200, 0.9f)));
        for (int i = 2; i < 40; i++) Assert.Empty(_frames.Track(tracker, i * Step));
    }

    [Fact]
    public void A_hidden_walker_comes_back_as_the_same_and_moves_on_meanwhile()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 30; i++) _frames.Track(tracker, i * Step, Person(100 + (4 * i), 200, 0.9f));
        for (int i = 30; i < 45; i++)
        {
            var lost = Assert.Single(_frames.Track(tracker, i * Step));
            Assert.Null(lost.Measured);
            Assert.InRange(lost.Box.Left, 100 + (4 * i) - 12, 100 + (4 * i) + 12);
        }

        Assert.Equal(1, Assert.Single(_frames.Track(tracker, 45 * Step, Person(280, 200, 0.9f))).Id);
    }

    [Fact]
    public void A_lost_track_is_kept_for_seconds_whatever_the_frame_rate()
    {
        foreach (double step in new[] { 1.0 / 60, 1.0 / 30, 1.0 / 5 })
        {
            var tracker = SceneFrames.NewTracker();
            double t = 0;
            for (int i = 0; i < 10; i++, t += step) _frames.Track(tracker, t, Person(100, 200, 0.9f));
            double seen = t - step;
            while (t <= seen + 1 + 1e-9)
            {
                Assert.Single(_frames.Track(tracker, t));
                t += step;
            }

            Assert.Empty(_frames.Track(tracker, t));
        }
    }

    [Fact]
    public void Dropped_frames_lengthen_the_prediction()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 30; i++) _frames.Track(tracker, i * Step, Person(100 + (6 * i), 200, 0.9f));
        // Eight frames dropped: 54 pixels on, hardly overlapping the last box, which is 60 wide.
        var track = Assert.Single(_frames.Track(tracker, 38 * Step, Person(100 + (6 * 38), 200, 0.9f)));
        Assert.Equal(1, track.Id);
    }

    [Fact]
    public void Two_who_cross_keep_their_numbers()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 120; i++)
        {
            var tracks = _frames.Track(tracker, i * Step,
                Person(100 + (4 * i), 200, 0.9f), Person(580 - (4 * i), 215, 0.85f));
            if (i < 110) continue;
            Assert.Equal(2, tracks.Length);
            Assert.Equal(1, tracks.MaxBy(t => t.Box.Left).Id);
        }
    }

    [Fact]
    public void The_class_is_what_most_of_the_score_says()
    {
        var tracker = SceneFrames.NewTracker();
        Track track = default;
        for (int i = 0; i < 20; i++)
        {
            var box = Person(100, 200, 0.8f) with { Class = i % 4 == 0 ? 7 : 2 };
            track = Assert.Single(_frames.Track(tracker, i * Step, box));
        }

        Assert.Equal(2, track.Class);
        Assert.Equal(0.75f, track.ClassShare, 2);
    }

    [Fact]
    public void One_thing_given_two_classes_is_one_track()
    {
        var tracker = SceneFrames.NewTracker();
        for (int i = 0; i < 10; i++)
        {
            Assert.Single(_frames.Track(tracker, i * Step,
                Person(100, 200, 0.9f), Person(101, 200, 0.8f) with { Class = 7 }));
        }
    }

    [Fact]
    public void No_more_tracks_than_allowed_and_the_rest_is_counted()
    {
        var tracker = new Tracker(new TrackingSettings { TracksMax = 3 });
        var many = Enumerable.Range(0, 8).Select(i => Person(100 * i, 200, 0.9f)).ToArray();
        Assert.Equal(3, _frames.Track(tracker, 0, many).Length);
        Assert.Equal(5, tracker.Refused);
    }

    [Fact]
    public void A_clock_that_goes_back_starts_anew_with_new_numbers()
    {
        var tracker = SceneFrames.NewTracker();
        _frames.Track(tracker, 5, Person(100, 200, 0.9f));
        Assert.Equal(2, Assert.Single(_frames.Track(tracker, 1, Person(100, 200, 0.9f))).Id);
    }

    [Fact]
    public void The_filter_settles_on_a_steady_speed_and_smooths()
    {
        var random = new Random(3);
        var filter = new BoxFilter(new Box(100, 100, 160, 250));
        double raw = 0, filtered = 0;
        for (int i = 1; i <= 300; i++)
        {
            float x = 100 + (3 * i), noise = 3 * (float)Noise.Gauss(random);
            filter.Predict(Step, isLost: false);
            filter.Correct(new Box(x + noise, 100, x + 60 + noise, 250));
            if (i <= 100) continue;
            raw += noise * noise;
            filtered += Math.Pow(filter.Box.Left - x, 2);
        }

        Assert.True(filtered < raw, $"filtered {filtered / 200:F2} px^2, raw {raw / 200:F2} px^2");
        filter.Predict(Step, isLost: false);
        Assert.InRange(filter.Box.Left, 1003 - 6, 1003 + 6);
    }

    [Fact]
    public void The_same_frames_give_the_same_tracks()
    {
        string Run()
        {
            var random = new Random(11);
            var tracker = SceneFrames.NewTracker();
            var text = new System.Text.StringBuilder();
            for (int i = 0; i < 100; i++)
            {
                var seen = Enumerable.Range(0, 6).Where(_ => random.NextDouble() < 0.85)
                    .Select(k => Person(
                        (100 * k) + (k * i / 4f), 200 + random.Next(4), 0.3f + (0.7f * random.NextSingle())));
                foreach (var track in _frames.Track(tracker, i * Step, [.. seen])) text.Append(track).AppendLine();
            }

            return text.ToString();
        }

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void Settings_tell_every_fault_by_its_key()
    {
        Assert.Empty(new TrackingSettings().Faults());
        var faults = new TrackingSettings { ScoreHigh = double.NaN, ScoreNew = 0.2, TracksMax = 0 }.Faults().ToList();
        Assert.Contains(faults, fault => fault.StartsWith("tracking.scoreHigh is NaN", StringComparison.Ordinal));
        Assert.Contains("tracking.tracksMax is 0: 1 to 4096", faults);
    }

    static Detection Person(float left, float top, float score) =>
        new(new Box(left, top, left + 60, top + 150), 0, score);
}
