using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;
using Xunit.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class ClockOffsetTests(ITestOutputHelper output)
{
    static readonly OffsetRules OneFrame = new()
    {
        Alignment = new AlignmentRules { IsPlanar = true, Freedom = FrameFreedom.Shift },
    };

    static readonly OffsetRules AnyFrame = new();

    [Theory]
    [InlineData(-0.5)]
    [InlineData(0)]
    [InlineData(0.237)]
    [InlineData(0.5)]
    public void The_offset_is_found_whatever_the_frames_are(double offsetS)
    {
        var camera = Walk(60, 0.05, seed: 1).ToArray();
        var radio = Walk(60, 0.1, seed: 1, noiseM: 0.1).Select(place => new TimedPlace(
            place.AtS - offsetS,
            3 * Vector3.Transform(place.Place, Quaternion.CreateFromYawPitchRoll(1, 2, 0.5f)))).ToArray();
        Assert.Equal(OffsetDoubt.None, ClockOffset.TryEstimate(radio, camera, AnyFrame, 0, out var found));
        output.WriteLine($"{found!.OffsetS:F4} +- {found.SigmaS:F4}");
        Assert.InRange(found.OffsetS, offsetS - 0.05, offsetS + 0.05);
        Assert.True(Math.Abs(found.OffsetS - offsetS) < 4 * found.SigmaS);
    }

    [Fact]
    public void Who_stands_still_tells_no_clock()
    {
        var random = new Random(3);
        TimedPlace[] Stand(double everyS) => [.. Enumerable.Range(0, 600).Select(i => new TimedPlace(
            i * everyS, new Vector3(Gauss(random), Gauss(random), 0) * 0.1f))];
        Assert.Equal(
            OffsetDoubt.TooLittleMotion, ClockOffset.TryEstimate(Stand(0.1), Stand(0.1), OneFrame, 0, out var found));
        Assert.Null(found);
        Assert.Equal(OffsetDoubt.TooLittleMotion, ClockOffset.TryEstimate(Stand(0.1), Stand(0.1), AnyFrame, 0, out _));
    }

    [Fact]
    public void A_walk_straight_on_is_a_shift_in_place_as_well_as_in_time()
    {
        TimedPlace[] line =
            [.. Enumerable.Range(0, 600).Select(i => new TimedPlace(0.1 * i, new Vector3(0.12f * i, 0, 0)))];
        var doubt = ClockOffset.TryEstimate(line, line, OneFrame, 0, out var found);
        Assert.NotEqual(OffsetDoubt.None, doubt);
        Assert.Null(found);
    }

    [Fact]
    public void An_offset_beyond_reach_is_not_made_up()
    {
        var camera = Walk(60, 0.05, seed: 2).ToArray();
        var radio = camera.Select(place => place with { AtS = place.AtS - 3 }).ToArray();
        Assert.NotEqual(OffsetDoubt.None, ClockOffset.TryEstimate(radio, camera, OneFrame, 0, out var found));
        Assert.Null(found);
    }

    [Fact]
    public void A_movement_that_repeats_itself_is_ambiguous()
    {
        // Round and round in 1.5 s: within reach of two seconds there are three answers.
        TimedPlace[] camera = [.. Enumerable.Range(0, 1200).Select(i => new TimedPlace(0.05 * i, new Vector3(
            (float)Math.Cos(2 * Math.PI * 0.05 * i / 1.5), (float)Math.Sin(2 * Math.PI * 0.05 * i / 1.5), 0)))];
        Assert.Equal(OffsetDoubt.Ambiguous, ClockOffset.TryEstimate(camera, camera, OneFrame, 0, out _));
    }

    [Theory]
    [InlineData(-0.5)]
    [InlineData(0.5)]
    public void The_twins_radio_is_found_off_by_what_it_is_off(double offsetS)
    {
        for (int seed = 1; seed <= 3; seed++)
        {
            var world = TwinWorld.Create("yard", seed, 128, 72);
            var trails = Trails(world, 60, offsetS);
            double sum = 0, weights = 0;
            foreach (string tag in trails.Keys)
            {
                var camera = Enumerable.Range(0, 600).Select(i => 0.1 * i)
                    .Select(t => (t, At: world.TagPositionM(tag, TimeSpan.FromSeconds(t))))
                    .Where(seen => seen.At is not null)
                    .Select(seen => new TimedPlace(1000 + seen.t, seen.At!.Value)).ToArray();
                var rules = OneFrame with { LeadSigma = 0.1, NoiseMin = 0.05, SigmaMaxS = 0.2 };
                var doubt = ClockOffset.TryEstimate(trails[tag], camera, rules, 0, out var found);
                output.WriteLine($"seed {seed} {tag}: {doubt} {found?.OffsetS:F3} +- {found?.SigmaS:F3}");
                if (found is null) continue;
                Assert.InRange(found.OffsetS, offsetS - (3 * found.SigmaS), offsetS + (3 * found.SigmaS));
                sum += found.OffsetS / (found.SigmaS * found.SigmaS);
                weights += 1 / (found.SigmaS * found.SigmaS);
            }

            output.WriteLine($"seed {seed}, all: {sum / weights:F3}");
            Assert.InRange(sum / weights, offsetS - 0.05, offsetS + 0.05);
        }
    }

    [Fact]
    public void The_monitor_follows_a_clock_that_drifts_and_finds_a_jump()
    {
        var monitor = new ClockMonitor(FrameFreedom.Shift);
        Assert.Null(monitor.At(0));
        double Offset(double t) => t < 420 ? 0.2 + (100e-6 * t) : -0.4;
        Follow(monitor, 400, 0, Offset);
        var state = monitor.At(400);
        Assert.NotNull(state);
        output.WriteLine($"{state} {monitor.Estimates} used {monitor.Refused} refused {monitor.Jumps} jumps");
        Assert.InRange(state.Value.OffsetS, Offset(399) - 0.05, Offset(399) + 0.05);
        Assert.InRange(state.Value.DriftPpm ?? double.NaN, -300, 500);
        // The radio is silent for longer than a window, and comes back with another clock.
        Follow(monitor, 540, 440, Offset);
        Assert.Equal(1, monitor.Jumps);
        Assert.InRange(monitor.At(540)!.Value.OffsetS, -0.45, -0.35);
    }

    [Fact]
    public void What_is_known_of_a_clock_ages_until_nothing_is()
    {
        var monitor = new ClockMonitor(FrameFreedom.Shift);
        Follow(monitor, 60, 0, _ => 0.3);
        double young = monitor.At(60)!.Value.SigmaS;
        Assert.True(monitor.At(120)!.Value.SigmaS > young);
        Assert.Null(monitor.At(60 + 36_000));
    }

    [Theory]
    [InlineData(-0.5)]
    [InlineData(0.5)]
    public void The_fuser_corrects_a_radio_whose_clock_is_off(double offsetS)
    {
        var locator = new Locator(new RadioSettings(), []);
        var registry = new TagRegistry([], [], new Dictionary<string, double>());
        var fuser = new Fuser(new FusionSettings(), Street.Camera, locator, registry);
        var tracker = new Tracker(new TrackingSettings());
        using var pool = new SceneFrames(Street.Width, Street.Height);
        var random = new Random(7);
        double next = 0;
        Assert.Null(fuser.Clock);
        foreach (var (t, people) in Street.Walk(1, 90, seed: 4))
        {
            if (t >= next)
            {
                next += 0.1;
                var heard = people[0].AtM + (0.1f * new Vector2(Gauss(random), Gauss(random)));
                locator.Take([Observation.OfPosition(
                    MonoTime.FromSeconds(1000 + t - offsetS), "T", new Vector3(heard, 1), null)]);
            }

            var seen = pool.Seen(t, [.. people.Where(p => p.IsDetected).Select(p => new Detection(p.Box, 0, 0.8f))]);
            using var located = fuser.Step(tracker.Step(seen));
        }

        output.WriteLine($"{fuser.Clock}");
        Assert.NotNull(fuser.Clock);
        // The fixes' own lag is corrected with it.
        Assert.InRange(fuser.Clock.Value.OffsetS, offsetS - 0.15, offsetS + 0.15);
    }

    static void Follow(ClockMonitor monitor, double untilS, double fromS, Func<double, double> offset)
    {
        var random = new Random(11);
        int i = 0;
        foreach (var place in Walk(untilS, 0.1, seed: 6))
        {
            if (place.AtS < fromS) continue;
            var noisy = place.Place + (0.1f * new Vector3(Gauss(random), Gauss(random), 0));
            monitor.TakeRadio("T", new TimedPlace(place.AtS - offset(place.AtS), noisy));
            monitor.TakeCamera("T", place);
            if (i++ % 10 == 0) monitor.Step(place.AtS);
        }
    }

    static Dictionary<string, TimedPlace[]> Trails(TwinWorld world, double seconds, double offsetS)
    {
        using var radio = new TwinRadio(world, MonoTime.FromSeconds(1000));
        var locator = new Locator(new RadioSettings(), world.Stations);
        var trails = new Dictionary<string, List<TimedPlace>>(StringComparer.Ordinal);
        var into = new Observation[500];
        for (double t = 0; t < seconds; t += 0.1)
        {
            int count;
            while ((count = radio.Drain(MonoTime.FromSeconds(1000 + t), into)) > 0)
            {
                for (int i = 0; i < count; i++)
                    into[i] = into[i] with { At = into[i].At - TimeSpan.FromSeconds(offsetS) };
                locator.Take(into.AsSpan(0, count));
            }

            var then = MonoTime.FromSeconds(1000 + t - offsetS - 1);
            foreach (string tag in locator.Tags)
            {
                if (!locator.TryFixAt(tag, then, out var fix)) continue;
                if (!trails.TryGetValue(tag, out var trail)) trails.Add(tag, trail = []);
                trail.Add(new TimedPlace(then.Seconds, new Vector3(fix.PositionM, 0)));
            }
        }

        return trails.ToDictionary(trail => trail.Key, trail => trail.Value.ToArray());
    }

    // A walk whose speed and direction change every few seconds.
    static IEnumerable<TimedPlace> Walk(double seconds, double everyS, int seed, double noiseM = 0)
    {
        var random = new Random(seed);
        var noise = new Random(seed + 100);
        double[] phases = [.. Enumerable.Range(0, 9).Select(_ => 6.28 * random.NextDouble())];
        for (double t = 0; t < seconds; t += everyS)
        {
            var place = new Vector3();
            for (int i = 0; i < 9; i++)
                place[i % 3] += (float)((i % 3 == 2 ? 0.3 : 1.5) * Math.Sin((t / (1.3 + (0.9 * i))) + phases[i]));
            yield return new TimedPlace(
                t, place + ((float)noiseM * new Vector3(Gauss(noise), Gauss(noise), Gauss(noise))));
        }
    }

    static float Gauss(Random random) => (float)Noise.Gauss(random);
}
