using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests;

/// <summary>Somebody in a frame: who, the box the detector gives, and where he truly stands.</summary>
readonly record struct Seen(int Person, Box Box, Vector2 AtM, bool IsDetected);

/// <summary>What a run of association came to, counted over frames and people.</summary>
/// <param name="Right">given the tag that person wears</param>
/// <param name="Wrong">given a tag somebody else wears, or to somebody who wears none</param>
/// <param name="Owed">times somebody with a tag was detected</param>
sealed record Associated(int Right, int Wrong, int Owed)
{
    public double Precision => Right / (double)Math.Max(1, Right + Wrong);

    public double Recall => Right / (double)Math.Max(1, Owed);

    public override string ToString() => $"precision {Precision:F4}, recall {Recall:F3}, {Right} right, {Wrong} wrong";
}

/// <summary>
/// UWB-like positions of worn tags: white noise, a bias that wanders (multipath as one walks), a fixed way from the
/// body's middle, now and then a reflection. Delivered late, as radio is.
/// </summary>
sealed class WornTags(int seed, double whiteM = 0.15, double biasM = 0.2, double outliers = 0.02, double lateS = 0.15)
{
    const double PeriodS = 0.2, BiasS = 2, WornM = 0.2, ReflectedM = 1.5;

    readonly Random _random = new(seed);
    readonly Dictionary<string, (Vector2 Bias, Vector2 Worn, double Next)> _state = new(StringComparer.Ordinal);
    readonly PriorityQueue<Observation, double> _underWay = new();

    /// <summary>Lets a tag be heard at a place, if it is time for it.</summary>
    public void Hear(double t, string tag, Vector2 atM)
    {
        if (!_state.TryGetValue(tag, out var now))
        {
            var worn = (float)WornM * Vector2.Normalize(Gauss2());
            now = ((float)biasM * Gauss2(), worn, t + (PeriodS * _random.NextDouble()));
        }

        if (t >= now.Next)
        {
            float keep = (float)Math.Exp(-PeriodS / BiasS);
            var bias = (keep * now.Bias) + ((float)(biasM * Math.Sqrt(1 - (keep * keep))) * Gauss2());
            now = (bias, now.Worn, now.Next + PeriodS);
            var heard = atM + now.Worn + bias + ((float)whiteM * Gauss2());
            if (_random.NextDouble() < outliers) heard += (float)ReflectedM * Gauss2();
            var at = MonoTime.FromSeconds(1000 + t);
            _underWay.Enqueue(Observation.OfPosition(at, tag, new Vector3(heard, 1), null), t + lateS);
        }

        _state[tag] = now;
    }

    public void Deliver(double t, Locator into)
    {
        while (_underWay.TryPeek(out var reading, out double due) && due <= t)
        {
            into.Take([_underWay.Dequeue()]);
        }
    }

    Vector2 Gauss2() => new((float)Noise.Gauss(_random), (float)Noise.Gauss(_random));
}

/// <summary>Runs tracker, locator and fuser over people in frames and counts who was taken for whom.</summary>
static class Crowd
{
    /// <param name="frames">time and people, in order of time</param>
    /// <param name="tagOf">the tag a person wears, or null</param>
    /// <param name="unseen">tags heard at places where nobody is detected</param>
    public static Associated Run(
        IEnumerable<(double T, List<Seen> People)> frames, CameraGeometry geometry, FusionSettings settings,
        Func<int, string?> tagOf, WornTags tags, Func<double, IEnumerable<(string Tag, Vector2 AtM)>>? unseen = null,
        int agreedMin = 3)
    {
        var registry = new TagRegistry([], [], new Dictionary<string, double>());
        var locator = new Locator(new RadioSettings(), []);
        var fuser = new Fuser(settings, geometry, locator, registry);
        var tracker = new Tracker(new TrackingSettings());
        using var pool = new SceneFrames(geometry.Width, geometry.Height);
        int right = 0, wrong = 0, owed = 0;
        foreach (var (t, people) in frames)
        {
            foreach (var person in people) if (tagOf(person.Person) is { } tag) tags.Hear(t, tag, person.AtM);
            foreach (var (tag, at) in unseen?.Invoke(t) ?? []) tags.Hear(t, tag, at);
            tags.Deliver(t, locator);
            var detected = people.Where(p => p.IsDetected).ToList();
            owed += detected.Count(p => tagOf(p.Person) is not null);
            var seen = pool.Seen(t, [.. detected.Select(p => new Detection(p.Box, 0, 0.8f))]);
            using var located = fuser.Step(tracker.Step(seen));
            foreach (var track in located.Tracks)
            {
                if (track.Match is not { } match || match.AgreedWindows < agreedMin) continue;
                int who = detected.FindIndex(p => p.Box == track.Track.Measured);
                if (who < 0) continue;
                if (tagOf(detected[who].Person) == match.Tag) right++;
                else wrong++;
            }
        }

        return new Associated(right, wrong, owed);
    }
}
