using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;

namespace EdgeAppliance.Tests.Unit;

public sealed class TwinRadioTests
{
    const double Seconds = 60;
    static readonly MonoTime Epoch = MonoTime.FromSeconds(1000);
    static readonly TwinWorld World = TwinWorld.Create("yard", 3, 128, 72);
    static readonly Lazy<List<Observation>> Minute = new(() => Drain(Seconds));

    [Fact]
    public void Readings_do_not_depend_on_how_they_are_drained()
    {
        var inOne = Drain(5);
        var inMany = Drain(5, step: .013, span: 7);
        Assert.Equal(inOne, inMany);
        Assert.True(inOne.Zip(inOne.Skip(1)).All(pair => pair.First.At <= pair.Second.At), "oldest first");
    }

    [Fact]
    public void Nothing_later_than_asked_for_is_given()
    {
        using var radio = new TwinRadio(World, Epoch);
        Assert.Equal(0, radio.Drain(Epoch - TimeSpan.FromSeconds(1), new Observation[100]));
        var into = new Observation[4000];
        int count = radio.Drain(Epoch + TimeSpan.FromSeconds(.55), into);
        Assert.True(count > 100);
        Assert.All(into.Take(count), one => Assert.True(one.At <= Epoch + TimeSpan.FromSeconds(.55)));
    }

    [Fact]
    public void Ranges_in_sight_have_the_stated_deviation_and_hidden_ones_are_late()
    {
        double[] errors = [.. Minute.Value.Where(one => one.Kind == ObservationKind.Range).Select(RangeError).Order()];
        double rate = errors.Length / Seconds / World.Tags.Count / 6;
        Assert.InRange(rate, 8, 10);
        // The lower half is not touched by delays: its 16th percentile against its median is one deviation.
        Assert.InRange(errors[errors.Length / 100], -.35, -.15);
        Assert.InRange(errors[errors.Length / 2], -.02, .2);
        Assert.InRange(errors.Count(error => error > 1.4) / (double)errors.Length, .008, .06);
        Assert.True(errors[^1] > 5, "outliers of some metres");
    }

    [Fact]
    public void Lying_tags_in_sight_of_an_anchor_are_ranged_to_a_decimetre()
    {
        var tag = World.Tags.Last(one => one.Carrier is null);
        double best = Minute.Value
            .Where(one => one.Kind == ObservationKind.Range && one.Tag == tag.Name)
            .GroupBy(one => one.Station, RangeError)
            .Min(errors => Quantile([.. errors.Order()], .84) - Quantile([.. errors.Order()], .16)) / 2;
        Assert.InRange(best, .08, .13);
    }

    [Fact]
    public void Received_power_follows_the_path_loss_with_the_stated_scatter()
    {
        var readings = Minute.Value.Where(one => one.Kind == ObservationKind.Rssi).ToArray();
        double rate = readings.Length / Seconds / World.Tags.Count / 6;
        Assert.InRange(rate, 5, 10);
        double[] x = [.. readings.Select(one => Math.Log10(Distance(one)))], y = [.. readings.Select(one => one.Value)];
        double meanX = x.Average(), meanY = y.Average();
        double slope = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
        Assert.InRange(slope, -27, -13);
        double scatter = Math.Sqrt(x.Zip(y, (a, b) => Math.Pow(b - meanY - (slope * (a - meanX)), 2)).Average());
        Assert.InRange(scatter, 3.5, 6.5);
        Assert.All(readings, one => Assert.Equal(Math.Round(one.Value), one.Value));
    }

    static double Distance(Observation one) => Vector3.Distance(
        World.TagPositionM(one.Tag, one.At - Epoch)!.Value,
        World.Stations.Single(station => station.Id == one.Station).PositionM);

    static double RangeError(Observation one) => one.Value - Distance(one);

    static double Quantile(double[] sorted, double part) => sorted[(int)(part * (sorted.Length - 1))];

    static List<Observation> Drain(double to, double step = 1000, int span = 5000)
    {
        using var radio = new TwinRadio(World, Epoch);
        var all = new List<Observation>();
        var into = new Observation[span];
        for (double until = Math.Min(to, step); ; until = Math.Min(to, until + step))
        {
            for (int count; (count = radio.Drain(Epoch + TimeSpan.FromSeconds(until), into)) > 0;)
            {
                all.AddRange(into.AsSpan(0, count));
            }

            if (until >= to) return all;
        }
    }
}
