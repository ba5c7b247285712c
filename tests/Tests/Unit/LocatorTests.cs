using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Tests.Unit;

public sealed class LocatorTests
{
    static readonly Station[] Corners =
    [
        new("A", new(0, 0, 2.5f)), new("B", new(12, 0, 2.5f)), new("C", new(12, 10, 2.5f)), new("D", new(0, 10, 2.5f)),
    ];

    [Theory]
    [InlineData(0.0, 0.15)]
    [InlineData(0.15, 0.3)]
    public void Ranges_place_a_walker_though_some_are_reflected(double reflected, double medianM)
    {
        var locator = new Locator(new RadioSettings(), Corners);
        var errors = Walk(locator, (random, at, station) =>
        {
            double range = Vector3.Distance(new Vector3(at, 1), station.PositionM) + (0.1 * Noise.Gauss(random));
            if (random.NextDouble() < reflected) range += 0.5 + (2 * random.NextDouble());
            return (ObservationKind.Range, range);
        });
        Assert.True(errors[errors.Count / 2] < medianM, $"median {errors[errors.Count / 2]:F3} m");
        Assert.True(errors[errors.Count * 95 / 100] < 3 * medianM, $"95 % {errors[errors.Count * 95 / 100]:F3} m");
    }

    [Fact]
    public void Received_powers_place_a_walker_coarsely()
    {
        var locator = new Locator(new RadioSettings(), Corners);
        var errors = Walk(locator, (random, at, station) => (ObservationKind.Rssi,
            -60 - (20 * Math.Log10(Vector3.Distance(new Vector3(at, 1), station.PositionM)))
                + (4 * Noise.Gauss(random))));
        // Four scanners; with twelve in a like room published path-loss fixes have a median of 1.9 m.
        Assert.True(errors[errors.Count / 2] < 2.5, $"median {errors[errors.Count / 2]:F2} m");
    }

    [Fact]
    public void A_surveyed_delay_is_taken_off_ranges()
    {
        var late = Corners.Select(station => station with { DelayM = 0.8 }).ToArray();
        var errors = Walk(new Locator(new RadioSettings(), late), (random, at, station) => (ObservationKind.Range,
            Vector3.Distance(new Vector3(at, 1), station.PositionM) + 0.8 + (0.1 * Noise.Gauss(random))));
        Assert.True(errors[errors.Count / 2] < 0.15, $"median {errors[errors.Count / 2]:F3} m");
    }

    [Fact]
    public void Scanners_with_laws_of_their_own_place_better_than_by_the_settings()
    {
        var laws = Corners.Select(station => new PathLoss(station.Id, -45, 3, 4)).ToArray();
        List<double> By(PathLoss[] known) => Walk(new Locator(new RadioSettings(), Corners, null, known),
            (random, at, station) => (ObservationKind.Rssi,
                laws[0].PowerDbm(Vector3.Distance(new Vector3(at, 1), station.PositionM)) + (4 * Noise.Gauss(random))));
        var (own, settings) = (By(laws), By([]));
        Assert.True(own[own.Count / 2] < 2, $"median {own[own.Count / 2]:F2} m");
        Assert.True(own[own.Count / 2] < 0.8 * settings[settings.Count / 2], $"{settings[settings.Count / 2]:F2} m");
    }

    [Fact]
    public void Stations_that_stand_elsewhere_place_every_tag_anew()
    {
        var locator = new Locator(new RadioSettings(), Corners);
        Walk(locator, Exact);
        var moved = Corners.Select(one => one with { PositionM = one.PositionM + new Vector3(100, 0, 0) }).ToArray();
        locator.Use(moved, null);
        Assert.Empty(locator.Tags);
        var shifted = new List<float>();
        Walk(locator, Exact, (fix, at) => shifted.Add(fix.PositionM.X - at.X));
        Assert.All(shifted, x => Assert.InRange(x, 99, 101));

        static (ObservationKind, double) Exact(Random random, Vector2 at, Station station) =>
            (ObservationKind.Range, Vector3.Distance(new Vector3(at, 1), station.PositionM));
    }

    [Fact]
    public void The_covariance_tells_the_error()
    {
        var locator = new Locator(new RadioSettings(), Corners);
        double lengths = 0;
        int count = 0;
        Walk(locator, (random, at, station) => (ObservationKind.Range,
            Vector3.Distance(new Vector3(at, 1), station.PositionM) + (0.15 * Noise.Gauss(random))),
            (fix, at) =>
            {
                lengths += fix.Covariance.SquaredLength(fix.PositionM - at)!.Value;
                count++;
            });
        // Two degrees of freedom: 2 when it tells it exactly.
        Assert.InRange(lengths / count, 0.5, 4);
    }

    [Fact]
    public void Between_two_fixes_it_is_between_them_and_after_the_last_it_grows_unsure()
    {
        var locator = new Locator(new RadioSettings(), []);
        for (int i = 0; i <= 20; i++) locator.Take([At(i * 0.5, new Vector2(i * 0.5f, 0))]);
        Assert.True(locator.TryFixAt("T", Time(5.25), out var middle));
        Assert.InRange(Vector2.Distance(middle.PositionM, new Vector2(5.25f, 0)), 0, 0.1);
        Assert.True(locator.TryFixAt("T", Time(10), out var last));
        Assert.True(locator.TryFixAt("T", Time(11.5), out var later));
        Assert.InRange(later.PositionM.X, 11.2f, 11.8f);
        Assert.True(later.Covariance.Xx > 4 * last.Covariance.Xx);
        Assert.False(locator.TryFixAt("T", Time(12.1), out _));
        Assert.False(locator.TryFixAt("T", Time(-1), out _));
        Assert.False(locator.TryFixAt("nobody", Time(5), out _));
    }

    [Fact]
    public void One_wild_position_moves_nothing_and_a_real_move_is_followed()
    {
        var locator = new Locator(new RadioSettings(), []);
        for (int i = 0; i < 50; i++) locator.Take([At(i * 0.1, Vector2.Zero)]);
        locator.Take([At(5, new Vector2(20, 0))]);
        Assert.Equal(1, locator.Counts.Refused);
        Assert.True(locator.TryFixAt("T", Time(5), out var still));
        Assert.InRange(still.PositionM.Length(), 0, 0.3);
        for (int i = 51; i < 80; i++) locator.Take([At(i * 0.1, new Vector2(20, 0))]);
        Assert.True(locator.TryFixAt("T", Time(7.9), out var moved));
        Assert.InRange(moved.PositionM.X, 19.5f, 20.5f);
    }

    [Fact]
    public void Tags_and_memory_are_limited_and_useless_readings_are_counted()
    {
        var locator = new Locator(new RadioSettings { TagsMax = 4, HistoryS = 2 }, Corners);
        for (int i = 0; i < 100; i++) locator.Take([Observation.OfPosition(Time(i), $"T{i}", Vector3.Zero, 0.1)]);
        Assert.Equal(["T96", "T97", "T98", "T99"], locator.Tags);
        for (int i = 0; i < 2000; i++) locator.Take([At(100 + (i * 0.1), Vector2.Zero)]);
        Assert.False(locator.TryFixAt("T", Time(200), out _));
        locator.Take([
            Observation.OfRange(Time(300), "T", "nowhere", 3, null),
            Observation.OfRange(Time(300), "T", "A", double.NaN, null),
        ]);
        Assert.Equal((1, 1), (locator.Counts.UnknownStation, locator.Counts.Unusable));
    }

    [Fact]
    public void Stations_on_one_line_give_no_place()
    {
        Assert.False(Multilateration.TrySolve(
            [Range(0, 0, 3), Range(3, 0, 4.2), Range(6, 0, 6.7)], 0, 0.3, out _));
        Assert.True(Multilateration.TrySolve(
            [Range(0, 0, 5), Range(6, 0, 5), Range(0, 8, 5)], 0, 0.3, out var start));
        Assert.InRange(Vector3.Distance(start.PlaceM, new Vector3(3, 4, 0)), 0, 0.01);
        Assert.InRange(Math.Sqrt(start.Variances.X), 0.05, 0.3);

        static Clue Range(float x, float y, double rangeM) =>
            new(Time(0), ClueKind.Range, rangeM, 0.01, new(x, y, 0), 0, default, null, null);
    }

    static List<double> Walk(
        Locator locator, Func<Random, Vector2, Station, (ObservationKind Kind, double Value)> read,
        Action<Fix, Vector2>? each = null)
    {
        var random = new Random(8);
        var errors = new List<double>();
        for (int i = 0; i < 1200; i++)
        {
            double t = i * 0.05;
            var at = new Vector2(6 + (4 * (float)Math.Cos(t / 4)), 5 + (3 * (float)Math.Sin(t / 4)));
            var station = Corners[i % 4];
            var (kind, value) = read(random, at, station);
            locator.Take([new Observation(Time(t), kind, "T", station.Id, value, default, null)]);
            if (t < 5 || !locator.TryFixAt("T", Time(t), out var fix)) continue;
            errors.Add(Vector2.Distance(fix.PositionM, at));
            each?.Invoke(fix, at);
        }

        Assert.True(errors.Count > 1000, $"{errors.Count} fixes");
        errors.Sort();
        return errors;
    }

    static Observation At(double t, Vector2 place) => Observation.OfPosition(Time(t), "T", new Vector3(place, 1), 0.04);

    static MonoTime Time(double t) => MonoTime.FromSeconds(1000 + t);
}
