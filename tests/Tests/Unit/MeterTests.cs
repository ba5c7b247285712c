using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Pipeline;

namespace EdgeAppliance.Tests.Unit;

public sealed class MeterTests
{
    [Fact]
    public void A_rate_is_unknown_before_the_first_second_and_right_after_it()
    {
        var start = MonoTime.FromSeconds(1000);
        var meter = new RateMeter(start);
        Assert.Null(meter.PerSecond(start));
        for (int i = 0; i < 300; i++) meter.Count(start + TimeSpan.FromSeconds(i / 30.0));
        Assert.Equal(30, meter.PerSecond(start + TimeSpan.FromSeconds(10)) ?? 0, 0.5);
        Assert.Equal(300, meter.Total);
    }

    [Fact]
    public void A_rate_falls_to_zero_when_nothing_comes_for_ten_seconds()
    {
        var start = MonoTime.FromSeconds(5);
        var meter = new RateMeter(start);
        meter.Count(start);
        Assert.Equal(0, meter.PerSecond(start + TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Durations_are_unknown_until_there_was_one()
    {
        var meter = new DurationMeter();
        Assert.Null(meter.Read().MeanMs);
        for (int ms = 1; ms <= 100; ms++) meter.Count(TimeSpan.FromMilliseconds(ms));
        var read = meter.Read();
        Assert.Equal(50.5, read.MeanMs!.Value, 3);
        Assert.InRange(read.HalfBelowMs!.Value, 50, 50 * 1.42);
        Assert.InRange(read.P95BelowMs!.Value, 95, 100);
        Assert.Equal(100, read.MaxMs);
    }
}
