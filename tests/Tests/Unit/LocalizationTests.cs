using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Tests.Unit;

public sealed class LocalizationTests
{
    static readonly Station[] Hall =
    [
        new("0", new(0, 0, 0.2f)), new("1", new(8, 0, 3)), new("2", new(8, 7, 0.2f)), new("3", new(0, 7, 3)),
        new("4", new(0, 0, 3)), new("5", new(8, 0, 0.2f)), new("6", new(8, 7, 3)), new("7", new(0, 7, 0.2f)),
    ];

    [Theory]
    [InlineData(nameof(ClueKind.Range))]
    [InlineData(nameof(ClueKind.RangeDifference))]
    [InlineData(nameof(ClueKind.Azimuth))]
    [InlineData(nameof(ClueKind.Elevation))]
    [InlineData(nameof(ClueKind.PlaceX))]
    [InlineData(nameof(ClueKind.PlaceY))]
    [InlineData(nameof(ClueKind.PlaceZ))]
    public void A_models_slope_is_how_its_expectation_changes(string name)
    {
        var kind = Enum.Parse<ClueKind>(name);
        var random = new Random(3);
        for (int i = 0; i < 50; i++)
        {
            var at = new Vector3(Between(random, -5, 5), Between(random, -5, 5), Between(random, 0, 3));
            var clue = new Clue(
                Time(0), kind, 1, 1, new(6, -7, 4), 0.3, new(-8, 6, -2), Slot: 1, OtherSlot: 2);
            const double After = 0.02;
            Assert.True(MeasurementModels.TryAt(clue, at, After, out _, out var slope));
            double[] slopes = [slope.PlaceX, slope.PlaceY, slope.PlaceZ];
            for (int axis = 0; axis < 3; axis++)
            {
                const float Step = 0.05f;
                var step = Step * (axis switch { 0 => Vector3.UnitX, 1 => Vector3.UnitY, _ => Vector3.UnitZ });
                Vector3 more = at + step, less = at - step;
                MeasurementModels.TryAt(clue, more, After, out double above, out _);
                MeasurementModels.TryAt(clue, less, After, out double below, out _);
                double difference = AngleOrNot(kind, above - below) / (2 * Step);
                Assert.InRange(slopes[axis] - difference, -0.004, 0.004);
            }

            // A state's slope: velocities count by the time since the state's own instant.
            var row = new double[MotionFilter.Size];
            slope.AddTo(row, 1);
            for (int axis = 0; axis < 3; axis++)
                Assert.Equal(slopes[axis] * After, row[MotionFilter.Velocity + axis], 9);
        }
    }

    [Fact]
    public void Readings_out_of_order_give_what_readings_in_order_give()
    {
        var random = new Random(5);
        var ordered = Flight(random, 20, reflected: 0.02).ToList();
        // Each is up to 0.3 s late; the first second starts both filters alike.
        var late = ordered.Select((reading, i) => (Reading: reading,
            Due: reading.At.Seconds + (i < 100 ? 0 : 0.3 * random.NextDouble())))
            .OrderBy(each => each.Due).Select(each => each.Reading).ToList();
        Locator a = new(Flying(), Hall), b = new(Flying(), Hall);
        a.Take([.. ordered]);
        foreach (var reading in late) b.Take([reading]);
        Assert.Equal(0, b.Counts.Late);
        for (double t = 3; t < 19.5; t += 0.1)
        {
            Assert.True(a.TryFixAt("T", Time(t), out var one));
            Assert.True(b.TryFixAt("T", Time(t), out var other));
            // What has left the window, older than its lag of 2 s before the last reading at 20 s, was smoothed with up
            // to half a second more or less of what came after.
            bool isSettled = t < 18.05;
            Assert.InRange(Vector2.Distance(one.PositionM, other.PositionM), 0, isSettled ? 2e-2 : 1e-4);
            // The factor that the last innovations give hangs on the order in which they came.
            Assert.InRange(one.Covariance.Xx / other.Covariance.Xx, 0.8, 1.25);
        }

        b.Take([ordered[0]]);
        Assert.Equal(1, b.Counts.Late);
    }

    [Fact]
    public void What_comes_after_an_instant_improves_its_fix_and_its_covariance_says_so()
    {
        var locator = new Locator(Flying(), Hall);
        double before = 0, after = 0;
        int count = 0;
        double asked = 2;
        foreach (var reading in Flight(new Random(6), 60, reflected: 0))
        {
            while (asked + 2 < reading.At.Seconds - 1000)
            {
                Assert.True(locator.TryFixAt("T", Time(asked), out var settled));
                after += Vector2.DistanceSquared(settled.PositionM, Flat(asked));
                asked += 0.25;
                count++;
            }

            locator.Take([reading]);
            double now = reading.At.Seconds - 1000;
            if (Math.Abs(now - asked - 2) > 0.02) continue;
            Assert.True(locator.TryFixAt("T", Time(now), out var fresh));
            Assert.True(locator.TryFixAt("T", Time(now - 2), out var earlier));
            Assert.True(earlier.Covariance.Xx < fresh.Covariance.Xx);
            before += Vector2.DistanceSquared(fresh.PositionM, Flat(now));
        }

        Assert.True(count > 200, $"{count}");
        Assert.True(Math.Sqrt(after / count) < 0.08, $"{Math.Sqrt(after / count):F3} m");
        Assert.True(before > after, $"without what came after {before:F2}, with it {after:F2}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_flying_tag_is_placed_in_space(bool byDifferences)
    {
        var locator = new Locator(Flying(), Hall);
        double squares = 0;
        int count = 0;
        foreach (var reading in Flight(new Random(7), 30, reflected: 0.05, byDifferences))
        {
            locator.Take([reading]);
            double now = reading.At.Seconds - 1000;
            if (now < 4 || !locator.TryFixAt("T", Time(now - 2), out var fix)) continue;
            squares += (new Vector3(fix.PositionM, (float)fix.HeightM!.Value) - Place(now - 2)).LengthSquared();
            Assert.True(fix.HeightVariance > 0);
            count++;
        }

        Assert.True(count > 1000);
        Assert.True(Math.Sqrt(squares / count) < 0.15, $"{Math.Sqrt(squares / count):F3} m");
    }

    [Fact]
    public void Outliers_of_tens_of_metres_move_no_fix_by_half_a_metre()
    {
        var random = new Random(8);
        Locator clean = new(Flying(), Hall), dirty = new(Flying(), Hall);
        double most = 0;
        foreach (var reading in Flight(new Random(9), 30, reflected: 0, byDifferences: true))
        {
            clean.Take([reading]);
            bool isWild = reading.At.Seconds > 1001 && random.NextDouble() < 0.05;
            double wild = (random.Next(2) == 0 ? -1 : 1) * (10 + (90 * random.NextDouble()));
            dirty.Take([isWild ? reading with { Value = reading.Value + wild } : reading]);
            if (clean.TryFixAt("T", reading.At, out var one) && dirty.TryFixAt("T", reading.At, out var other))
                most = Math.Max(most, Vector2.Distance(one.PositionM, other.PositionM));
        }

        Assert.InRange(most, 0, 0.5);
    }

    [Fact]
    public void A_delay_that_all_ranges_share_is_found_where_stations_surround_the_tag()
    {
        var locator = new Locator(Flying(), Hall);
        foreach (var reading in Flight(new Random(10), 30, reflected: 0))
            locator.Take([reading with { Value = reading.Value - 0.25 }]);
        double squares = 0;
        for (double t = 18; t < 28; t += 0.1)
        {
            Assert.True(locator.TryFixAt("T", Time(t), out var fix));
            squares += (new Vector3(fix.PositionM, (float)fix.HeightM!.Value) - Place(t)).LengthSquared() / 100;
        }

        Assert.True(Math.Sqrt(squares) < 0.12, $"{Math.Sqrt(squares):F3} m");
    }

    [Fact]
    public void One_station_with_range_and_angle_places_a_walker()
    {
        var station = new Station("G", new(2, 1, 2.5f)) { YawRad = 1 };
        var locator = new Locator(new RadioSettings(), [station]);
        var random = new Random(11);
        double squares = 0;
        int count = 0;
        for (double t = 0; t < 30; t += 0.1)
        {
            var at = new Vector3(Flat(t), 1);
            var away = at - station.PositionM;
            double azimuth = Math.Atan2(away.Y, away.X) - 1 + (0.05 * Noise.Gauss(random));
            locator.Take([
                Observation.OfAngle(Time(t), "T", "G", AngleModel.Turned(azimuth), null, null),
                Observation.OfRange(Time(t), "T", "G", away.Length() + (0.05 * Noise.Gauss(random)), null),
            ]);
            if (t < 5 || !locator.TryFixAt("T", Time(t), out var fix)) continue;
            squares += Vector2.DistanceSquared(fix.PositionM, Flat(t));
            count++;
        }

        Assert.True(count > 200);
        Assert.True(Math.Sqrt(squares / count) < 0.4, $"{Math.Sqrt(squares / count):F3} m");
    }

    [Fact]
    public void Numbers_that_mean_nothing_are_counted_and_move_nothing()
    {
        var locator = new Locator(Flying(), Hall);
        locator.Take([.. Flight(new Random(12), 5, reflected: 0)]);
        Assert.True(locator.TryFixAt("T", Time(4), out var before));
        locator.Take([
            Observation.OfRange(Time(5), "T", "0", double.NaN, null),
            Observation.OfRange(Time(5), "T", "0", double.PositiveInfinity, null),
            Observation.OfRange(Time(5), "T", "0", -3, null),
            Observation.OfRangeDifference(Time(5), "T", "0", "1", double.NegativeInfinity, null),
            Observation.OfRangeDifference(Time(5), "T", "0", "0", 1, null),
            Observation.OfAngle(Time(5), "T", "0", double.NaN, null, null),
            Observation.OfAngle(Time(5), "T", "0", 1, double.NaN, null),
            Observation.OfPosition(Time(5), "T", new Vector3(float.NaN, 0, 0), null),
        ]);
        Assert.Equal(8, locator.Counts.Unusable);
        Assert.True(locator.TryFixAt("T", Time(4), out var after));
        Assert.Equal(before, after);
        locator.Take([Observation.OfRangeDifference(Time(5), "T", "0", "nowhere", 1, null)]);
        Assert.Equal(1, locator.Counts.UnknownStation);
    }

    [Fact]
    public void Quality_falls_when_stations_disagree_and_when_nothing_is_heard()
    {
        var locator = new Locator(Flying(), Hall);
        foreach (var reading in Flight(new Random(13), 10, reflected: 0)) locator.Take([reading]);
        Assert.True(locator.TryFixAt("T", Time(9.9), out var good));
        Assert.Equal(FixQuality.Good, good.Quality);
        Assert.True(locator.TryFixAt("T", Time(11.5), out var lost));
        Assert.Equal(FixQuality.Lost, lost.Quality);
        Assert.InRange(locator.ConsistencyOf("T")!.Value, 0.05, 2);
        foreach (var reading in Flight(new Random(14), 12, reflected: 0.4))
            if (reading.At.Seconds > 1010) locator.Take([reading]);
        Assert.True(locator.TryFixAt("T", Time(11.9), out var doubtful));
        Assert.Equal(FixQuality.NlosSuspected, doubtful.Quality);
    }

    [Fact]
    public void Nothing_is_allocated_for_a_reading_once_all_is_under_way()
    {
        var locator = new Locator(Flying(), Hall);
        Observation[] readings = [.. Flight(new Random(15), 40, reflected: 0.02)];
        int warm = readings.Length / 2;
        for (int i = 0; i < warm; i++) locator.Take(readings.AsSpan(i, 1));
        locator.TryFixAt("T", Time(18), out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = warm; i < readings.Length; i++)
        {
            locator.Take(readings.AsSpan(i, 1));
            locator.TryFixAt("T", readings[i].At - TimeSpan.FromSeconds(1), out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Errors_on_the_twin_are_what_the_covariance_says()
    {
        var epoch = MonoTime.FromSeconds(1000);
        var world = TwinWorld.Create("yard", 3, 128, 72);
        using var radio = new TwinRadio(world, epoch);
        var locator = new Locator(new RadioSettings(), radio.Stations);
        var into = new Observation[4096];
        int within = 0, all = 0;
        for (double t = 0; t < 60; t += 0.5)
        {
            int count = radio.Drain(epoch + TimeSpan.FromSeconds(t), into);
            locator.Take([.. into.Take(count).Where(one => one.Kind == ObservationKind.Range)]);
            if (t < 6) continue;
            var asked = TimeSpan.FromSeconds(t - 2);
            foreach (string tag in locator.Tags)
            {
                if (!locator.TryFixAt(tag, epoch + asked, out var fix)) continue;
                var truth = world.TagPositionM(tag, asked)!.Value;
                double length = fix.Covariance.SquaredLength(fix.PositionM - new Vector2(truth.X, truth.Y))!.Value;
                // Chi-square of two degrees of freedom: 95 % lie between these.
                if (length is >= 0.0506 and <= 7.378) within++;
                all++;
            }
        }

        Assert.True(all > 500, $"{all}");
        Assert.True(within >= 0.85 * all, $"{within} of {all}");
    }

    static double AngleOrNot(ClueKind kind, double difference) =>
        kind is ClueKind.Azimuth or ClueKind.Elevation ? AngleModel.Turned(difference) : difference;

    static RadioSettings Flying() => new() { HeightSigmaM = null };

    static IEnumerable<Observation> Flight(
        Random random, double seconds, double reflected, bool byDifferences = false)
    {
        for (int i = 0; i / 100.0 < seconds; i++)
        {
            double t = i / 100.0;
            var at = Place(t);
            Station from = Hall[i % 8], other = Hall[((i % 8) + 1 + (i / 8 % 7)) % 8];
            double value = Vector3.Distance(at, from.PositionM) + (0.05 * Noise.Gauss(random));
            if (byDifferences)
                value = Vector3.Distance(at, other.PositionM) - value + (0.1 * Noise.Gauss(random));
            if (random.NextDouble() < reflected) value += 0.5 + (3 * random.NextDouble());
            yield return byDifferences
                ? Observation.OfRangeDifference(Time(t), "T", from.Id, other.Id, value, null)
                : Observation.OfRange(Time(t), "T", from.Id, value, null);
        }
    }

    static Vector3 Place(double t) => new(Flat(t), 1.5f + (0.3f * (float)Math.Sin(t / 3)));

    static Vector2 Flat(double t) =>
        new(4 + (2 * (float)Math.Cos(t / 3)), 3.5f + (2 * (float)Math.Sin(t / 3)));

    static float Between(Random random, float least, float most) => least + ((most - least) * random.NextSingle());

    static MonoTime Time(double t) => MonoTime.FromSeconds(1000 + t);
}
