using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Selection;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Tests.Unit;

public sealed class AnnotatorTests : IDisposable
{
    static readonly TagMatch Good = new("T1", 0.3, 1.2, TimeSpan.FromSeconds(5), 50, 8);
    static readonly string[] Classes = ["person", "car"];

    static readonly TagRegistry Registry = new(
        [new("T1", "person", true), new("T2", "person", false), new("T3", "worker", true)], [],
        new Dictionary<string, double>());

    readonly SceneFrames _frames = new();

    public void Dispose() => _frames.Dispose();

    [Fact]
    public void A_sure_match_is_a_label_with_the_detectors_box_and_the_tags_class()
    {
        var label = Assert.Single(Labels(out _, Track(1, Good)));
        Assert.Equal("person", label.Class);
        Assert.Equal(new Box(100, 100, 160, 250), label.Box);
        Assert.InRange(label.Confidence, 0.8f, 1f);
    }

    [Fact]
    public void Doubt_makes_no_label_and_each_reason_is_counted()
    {
        Assert.Empty(Labels(out var a, Track(1, Good with { Tag = "unknown" })));
        Assert.Equal(1, a.NotRegistered);
        Assert.Empty(Labels(out a, Track(1, Good with { Tag = "T2" })));
        Assert.Equal(1, a.NoConsent);
        Assert.Empty(Labels(out a, Track(1, Good) with { Track = NewTrack(1) with { Measured = null } }));
        Assert.Equal(1, a.NotSeen);
        Assert.Empty(Labels(out a, Track(1, Good with { AgreedWindows = 1 })));
        Assert.Equal(1, a.TooFewWindows);
        var cut = NewTrack(1) with { Measured = new Box(0, 100, 60, 250) };
        Assert.Empty(Labels(out a, Track(1, Good) with { Track = cut }));
        Assert.Equal(1, a.Cut);
        Assert.Empty(Labels(out a, Track(1, Good), Track(2, null)));
        Assert.Equal(1, a.Overlapped);
        Assert.Empty(Labels(out a, Track(1, Good) with { Track = NewTrack(1) with { Class = 1 } }));
        Assert.Equal(1, a.Contradicted);
        Assert.Empty(Labels(out a, Track(1, Good with { CostM = 1.9, MarginM = 0.3 })));
        Assert.Equal(1, a.Unsure);
    }

    [Fact]
    public void Somebody_in_front_of_a_vehicle_is_labelled_and_somebody_behind_it_is_not()
    {
        LocatedTrack Vehicle(float bottom)
        {
            var box = new Box(50, 80, 400, bottom);
            return new(new Track(2, box, box, 1, 1, 0.9f, 20), Vector2.Zero, null, null);
        }

        Assert.Single(Labels(out _, Track(1, Good), Vehicle(bottom: 230)));
        Assert.Empty(Labels(out var abstentions, Track(1, Good), Vehicle(bottom: 270)));
        Assert.Equal(1, abstentions.Overlapped);
    }

    [Fact]
    public void A_class_the_detector_does_not_know_may_be_anything_unless_the_settings_say_what()
    {
        var car = Track(1, Good with { Tag = "T3" }) with { Track = NewTrack(1) with { Class = 1 } };
        Assert.Equal("worker", Assert.Single(Labels(out _, car)).Class);
        var strict = new AnnotationSettings
        {
            DetectorClasses = ImmutableDictionary<string, ImmutableArray<string>>.Empty.Add("worker", ["person"]),
        };
        using var annotated = new Annotator(strict, Registry, Classes).Step(Located(0, car));
        Assert.Empty(annotated.Annotations);
    }

    [Fact]
    public void Confidence_follows_its_evidence()
    {
        var settings = new AnnotationSettings();
        double C(double score = 0.7, double cost = 0.5, double margin = 0.8, int windows = 5) => Annotator.Confidence(
            score, Good with { CostM = cost, MarginM = margin, AgreedWindows = windows }, settings);
        for (int i = 0; i < 10; i++)
        {
            double x = i / 10.0;
            Assert.True(C(score: x + 0.1) > C(score: x));
            Assert.True(C(cost: x + 0.1) < C(cost: x));
            Assert.True(C(margin: x + 0.1) > C(margin: x));
            Assert.True(C(windows: i + 1) > C(windows: i));
        }

        Assert.Equal(0, C(windows: 0));
        Assert.InRange(C(1, 0, 100, 50), 0.999, 1);
    }

    [Fact]
    public void A_sample_says_what_was_labelled_and_keeps_the_rest_apart()
    {
        var annotator = new Annotator(new AnnotationSettings(), Registry, Classes);
        var other = new Detection(new Box(600, -20, 700, 200), 1, 0.4f);
        using var annotated = annotator.Step(Located(0, Track(1, Good)) with
        {
            Detections = [new Detection(new Box(100, 100, 160, 250), 0, 0.9f), other],
        });
        var origin = new SampleOrigin(SampleId.New(), "d1", DateTimeOffset.UnixEpoch, ClockTrust.Synchronised,
            "file:x.mp4", "image/jpeg", "00ff");
        var sample = annotator.SampleOf(annotated, "steady", 0.4, origin);
        var box = Assert.Single(sample.Boxes);
        Assert.Equal(("person", "T1", 1, 0.3, 5.0), (box.Class, box.Tag, box.Track, box.CostM, box.WindowS));
        var rest = Assert.Single(sample.Detections);
        Assert.Equal(("car", 0.0, 200.0), (rest.Class, rest.Top, rest.Height));
        Assert.Equal((1280, 720, "00ff", "yard"),
            (sample.Width, sample.Height, sample.ImageSha256, sample.Calibration));
    }

    [Fact]
    public void The_budget_is_kept_over_any_long_time_and_frames_alike_are_not_kept_twice()
    {
        var selector = new Selector(new SelectionSettings { PerMinute = 6, Burst = 3, ReferenceShare = 0 });
        int kept = 0;
        for (int i = 0; i < 15 * 600; i++)
        {
            // A new track every two seconds.
            if (Keep(selector, i / 15.0, i / 30) is not null) kept++;
        }

        Assert.InRange(kept, 55, 63);
        Assert.True(selector.OverBudget > 0);

        var still = new Selector(new SelectionSettings { ReferenceShare = 0 });
        Assert.Equal("new-track", Keep(still, 0, 1));
        for (int i = 1; i < 15 * 60; i++) Assert.Null(Keep(still, i / 15.0, 1));
        Assert.Equal("steady", Keep(still, 61, 1, shift: 30));
        Assert.Equal("uncertain", Keep(still, 64, 1, score: 0.3f));
    }

    [Fact]
    public void A_small_part_is_drawn_at_random_and_the_same_every_time()
    {
        string Run()
        {
            var selector = new Selector(new SelectionSettings { ReferenceShare = 0.015, Seed = 9 });
            var times = new List<int>();
            for (int i = 0; i < 15 * 3600; i++)
            {
                using var annotated = Annotated(i / 15.0);
                if (selector.TryChoose(annotated, out var chosen))
                {
                    Assert.Equal("reference", chosen.Reason);
                    times.Add(i);
                }
            }

            Assert.InRange(times.Count, 12, 45); // 27 expected of 30 a minute for an hour
            return string.Join(' ', times);
        }

        Assert.Equal(Run(), Run());
    }

    string? Keep(Selector selector, double t, int track, float shift = 0, float score = 0.9f)
    {
        var box = new Box(100 + shift, 100, 160 + shift, 250);
        using var annotated = Annotated(t, new AnnotatedBox(box, "person", 0.8f, track, Good, "person", score));
        return selector.TryChoose(annotated, out var chosen) ? chosen.Reason : null;
    }

    Annotated Annotated(double t, params AnnotatedBox[] labels) => new(_frames.At(t), [.. labels], [], [], "m", null);

    ImmutableArray<AnnotatedBox> Labels(out Abstentions abstentions, params LocatedTrack[] tracks)
    {
        var annotator = new Annotator(new AnnotationSettings(), Registry, Classes);
        using var annotated = annotator.Step(Located(0, tracks));
        abstentions = annotator.Abstentions;
        return annotated.Annotations;
    }

    Located Located(double t, params LocatedTrack[] tracks) => new(_frames.At(t), [.. tracks], [], [], "m", "yard");

    static LocatedTrack Track(int id, TagMatch? match) => new(NewTrack(id), Vector2.Zero, null, match);

    static Track NewTrack(int id)
    {
        var box = new Box(100, 100, 160, 250);
        return new Track(id, box, box, 0, 1, 0.9f, 20);
    }
}
