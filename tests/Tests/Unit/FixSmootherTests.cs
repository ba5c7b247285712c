using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Tests.Unit;

public sealed class FixSmootherTests
{
    static readonly SmootherRules Rules = new();

    [Fact]
    public void A_path_whose_corners_the_module_cut_is_found_again_a_second_later()
    {
        double raw = 0, smoothed = 0;
        Run((t, _) => Averaged(t), (t, at) =>
        {
            raw += Vector2.DistanceSquared(Averaged(t + Rules.DelayS), Circle(t));
            smoothed += Vector2.DistanceSquared(at, Circle(t));
        }, waitS: 1);
        Assert.True(smoothed < 0.3 * raw, $"{Math.Sqrt(smoothed / raw):F2} of the error is left");
    }

    [Fact]
    public void White_noise_on_the_positions_becomes_less()
    {
        double raw = 0, smoothed = 0;
        Run((t, noise) => Averaged(t) + noise, (t, at) =>
        {
            raw += 2 * 0.15 * 0.15;
            smoothed += Vector2.DistanceSquared(at, Circle(t));
        });
        Assert.True(smoothed < 0.4 * raw, $"{Math.Sqrt(smoothed / raw):F2} of the error is left");
    }

    [Fact]
    public void A_position_tens_of_metres_off_moves_no_answer_by_half_a_metre()
    {
        double worst = 0;
        int count = 0;
        Run((t, _) => Averaged(t) + (count++ % 17 == 16 ? new Vector2(40, -30) : Vector2.Zero),
            (t, at) => worst = Math.Max(worst, Vector2.Distance(at, Circle(t))));
        Assert.True(worst < 0.5, $"off by {worst:F2} m");
    }

    [Fact]
    public void What_is_no_position_is_passed_over_and_counted()
    {
        var smoother = new FixSmoother(Rules);
        Assert.Null(smoother.SettledS);
        Assert.False(smoother.TryAt(0, out _));
        for (int i = 0; i < 40; i++)
        {
            smoother.Take(0.1 * i, i % 4 == 3 ? new Vector2(float.NaN, 1) : new Vector2(1, 2));
        }

        smoother.Take(1, new Vector2(9, 9));
        Assert.Equal(11, smoother.Unused);
        Assert.True(smoother.TryAt(smoother.SettledS!.Value, out var at));
        Assert.True(Vector2.Distance(at, new Vector2(1, 2)) < 1e-3);
    }

    [Fact]
    public void Over_a_silence_nothing_is_answered()
    {
        var smoother = new FixSmoother(Rules);
        for (int i = 0; i < 40; i++) smoother.Take(0.1 * i, new Vector2(1, 2));
        smoother.Take(10, new Vector2(5, 5));
        Assert.False(smoother.TryAt(9, out _));
        for (int i = 1; i < 10; i++) smoother.Take(10 + (0.1 * i), new Vector2(5, 5));
        Assert.False(smoother.TryAt(8, out _));
        Assert.True(smoother.TryAt(10.2, out var at));
        Assert.True(Vector2.Distance(at, new Vector2(5, 5)) < 1e-3);
    }

    [Fact]
    public void Of_a_queue_that_was_emptied_late_only_the_newest_counts()
    {
        var smoother = new FixSmoother(Rules);
        for (int i = 0; i < 200; i++) smoother.Take(5 + (0.0003 * i), new Vector2(-0.05f * i, 0));
        for (int i = 1; i < 30; i++) smoother.Take(5.06 + (0.1 * i), new Vector2(-10, 0));
        Assert.True(smoother.TryAt(6, out var at));
        Assert.True(Vector2.Distance(at, new Vector2(-10, 0)) < 0.2, $"{at}");
    }

    [Fact]
    public void Nothing_is_allocated_once_warm()
    {
        var smoother = new FixSmoother(Rules);
        double t = 0;
        void Second()
        {
            for (int i = 0; i < 10; i++, t += 0.1)
            {
                smoother.Take(t, Averaged(t));
                smoother.TryAt(t, out _);
            }
        }

        for (int i = 0; i < 10; i++) Second();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Second();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    // Ten positions a second for a minute; answers once they are settled, after the first window.
    static void Run(
        Func<double, Vector2, Vector2> position, Action<double, Vector2> answer, double waitS = 0)
    {
        var smoother = new FixSmoother(Rules);
        var random = new Random(8);
        for (int i = 0; i < 600; i++)
        {
            double t = 0.1 * i;
            var noise = 0.15f * new Vector2((float)Noise.Gauss(random), (float)Noise.Gauss(random));
            smoother.Take(t, position(t, noise));
            if (t > 5 && smoother.SettledS - waitS is { } then && smoother.TryAt(then, out var at)) answer(then, at);
        }
    }

    // 1.2 m/s round a circle of 1 m.
    static Vector2 Circle(double t) => new((float)Math.Cos(1.2 * t), (float)Math.Sin(1.2 * t));

    // What a module makes of it: the mean over its width, which ended before the stamp.
    static Vector2 Averaged(double stampS)
    {
        double half = 1.2 * Rules.WidthS / 2;
        return (float)(Math.Sin(half) / half) * Circle(stampS - Rules.DelayS);
    }
}
