using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Tests.Unit;

public sealed class RssiTests
{
    static readonly Station[] Corners =
    [
        new("A", new(0, 0, 2.3f)), new("B", new(12, 0, 2.3f)), new("C", new(12, 9, 2.3f)), new("D", new(0, 9, 2.3f)),
        new("E", new(6, 4.5f, 2.3f)),
    ];

    [Fact]
    public void A_walk_tells_each_scanners_law()
    {
        var random = new Random(5);
        var walk = new List<HeardPower>();
        foreach (var station in Corners)
        {
            var law = LawOf(station.Id);
            for (int i = 0; i < 400; i++)
            {
                var at = new Vector3(12 * random.NextSingle(), 9 * random.NextSingle(), 1);
                walk.Add(new HeardPower(station.Id, at,
                    law.PowerDbm(Vector3.Distance(at, station.PositionM)) + (3 * Noise.Gauss(random))));
            }
        }

        walk.Add(new HeardPower("nobody placed this one", default, -50));
        var fits = PathLossFit.Fit(walk, Corners);
        Assert.Equal(["A", "B", "C", "D", "E"], fits.Select(fit => fit.Law.Scanner));
        foreach (var fit in fits)
        {
            var law = LawOf(fit.Law.Scanner);
            Assert.InRange(fit.Law.AtOneMetreDbm, law.AtOneMetreDbm - (4 * fit.InterceptError),
                law.AtOneMetreDbm + (4 * fit.InterceptError));
            Assert.InRange(fit.Law.Exponent, law.Exponent - (4 * fit.ExponentError),
                law.Exponent + (4 * fit.ExponentError));
            Assert.InRange(fit.ExponentError, 0.01, 0.2);
            Assert.InRange(fit.Law.SigmaDb, 2.7, 3.3);
        }

        Assert.Empty(PathLossFit.Fit(walk.Take(PathLossFit.ReadingsMin - 1), Corners));
    }

    [Fact]
    public void Powers_place_a_walker_and_the_covariance_tells_how_well()
    {
        double squares = 0;
        var errors = new List<double>();
        for (int seed = 0; seed < 4; seed++)
        {
            var trail = new RssiTrail(FieldByLaw(), 15, 2);
            Walk(seed, 40, (at, station, dbm, place) =>
            {
                Assert.Equal(Uptake.Used, trail.Take(At(at), station, dbm));
                if (at < 5 || station != "A") return;
                Assert.True(trail.TryEstimateAt(At(at - 2), out var estimate));
                var off = estimate.PositionM - Place(at - 2);
                errors.Add(off.Length());
                squares += estimate.Covariance.SquaredLength(off)!.Value;
            });
        }

        errors.Sort();
        Assert.True(errors[errors.Count / 2] < 1.8, $"median {errors[errors.Count / 2]:F2} m");
        // Two degrees of freedom: 2 when the covariance tells the error exactly.
        Assert.InRange(squares / errors.Count, 1, 4);
    }

    [Fact]
    public void A_survey_places_a_walker_where_the_law_does_not_hold()
    {
        // The same law everywhere, but for a wall through the room's middle that takes 12 dB.
        double Wall(string station, Vector2 at) =>
            (station is "A" or "D") == (at.X < 6) || station == "E" ? 0 : -12;
        var random = new Random(7);
        var survey = new List<HeardPower>();
        for (float x = 0; x <= 12; x += 1.5f)
        {
            for (float y = 0; y <= 9; y += 1.5f)
            {
                foreach (var station in Corners)
                {
                    for (int i = 0; i < 30; i++)
                    {
                        survey.Add(new HeardPower(station.Id, new(x, y, 1), Power(station, new(x, y))
                            + Wall(station.Id, new(x, y)) + (3 * Noise.Gauss(random))));
                    }
                }
            }
        }

        var field = RssiFingerprint.Field(Floor(), FingerprintMap.Build(survey), Corners);
        double[] medians = [.. new[] { field, FieldByLaw() }.Select(one =>
        {
            var errors = new List<double>();
            for (int seed = 0; seed < 4; seed++)
            {
                var trail = new RssiTrail(one, 15, 2);
                Walk(seed, 40, (at, station, dbm, place) =>
                {
                    trail.Take(At(at), station, dbm + Wall(station, place));
                    if (at > 5 && trail.TryEstimateAt(At(at - 2), out var estimate))
                        errors.Add(Vector2.Distance(estimate.PositionM, Place(at - 2)));
                });
            }

            errors.Sort();
            return errors[errors.Count / 2];
        })];
        Assert.True(medians[0] < 1.8, $"median {medians[0]:F2} m by survey");
        Assert.True(medians[0] < 0.9 * medians[1], $"median {medians[0]:F2} m by survey, {medians[1]:F2} m by law");
    }

    /// <summary>
    /// A yard of 41 x 29 m with six scanners at its rim. Shadowing that changes within half a metre averages out over
    /// a walker's steps, as the filter takes it; the twin's own, over two metres, does so less.
    /// </summary>
    [Theory]
    [InlineData(0.5, 0.5, 0.8)]
    [InlineData(2, 0.35, 0.8)]
    public void The_twins_packets_place_walkers_and_the_covariance_tells_how_well(
        double shadowingM, double least, double most)
    {
        var world = TwinWorld.Create("yard", 3, 128, 72);
        var epoch = MonoTime.FromSeconds(1000);
        var model = TwinRadioModel.Default with { ShadowingM = shadowingM };
        using var radio = new TwinRadio(world, epoch, model);
        Station[] scanners = [.. world.Stations];
        // Shadowing, fading and a body now and then, as the twin's numbers say.
        double sigma = Math.Sqrt((model.ShadowingDb * model.ShadowingDb) + (model.FadingDb * model.FadingDb) + 6);
        var laws = scanners.Select(one => new PathLoss(one.Id, model.PowerAt1MDbm, model.PathLossExponent, sigma));
        var floor = FloorGrid.Around(scanners.Select(one => one.PositionM), 4, 0.5f);
        var field = RssiPathLoss.Field(floor, laws, scanners, 1);
        var walkers = world.Tags.Where(tag => tag.Carrier is { Person: not null }).ToList();
        var trails = walkers.ToDictionary(tag => tag.Name, _ => new RssiTrail(field, 15, 2));
        var errors = new List<double>();
        int inside = 0;
        var readings = new Observation[4096];
        for (double at = 0.5; at < 60; at += 0.5)
        {
            int count = radio.Drain(epoch + TimeSpan.FromSeconds(at), readings);
            foreach (var one in readings.AsSpan(0, count))
            {
                if (one.Kind == ObservationKind.Rssi && trails.TryGetValue(one.Tag, out var trail))
                    trail.Take(one.At, one.Station, one.Value);
            }

            if (at < 5) continue;
            foreach (var tag in walkers)
            {
                if (!trails[tag.Name].TryEstimateAt(epoch + TimeSpan.FromSeconds(at - 2), out var estimate)) continue;
                var truth = tag.PositionM(TimeSpan.FromSeconds(at - 2));
                var off = estimate.PositionM - new Vector2(truth.X, truth.Y);
                errors.Add(off.Length());
                if (off.X * off.X <= estimate.Covariance.Xx) inside++;
                if (off.Y * off.Y <= estimate.Covariance.Yy) inside++;
            }
        }

        errors.Sort();
        Assert.True(errors.Count > 100 * walkers.Count, $"{errors.Count} answers of {walkers.Count} walkers");
        Assert.True(errors[errors.Count / 2] < 4, $"median {errors[errors.Count / 2]:F2} m");
        Assert.InRange(inside / (2.0 * errors.Count), least, most);
    }

    [Fact]
    public void Louder_tags_are_placed_as_well()
    {
        var trail = new RssiTrail(FieldByLaw(), 15, 2);
        var errors = new List<double>();
        Walk(3, 60, (at, station, dbm, place) =>
        {
            trail.Take(At(at), station, dbm + 6);
            if (at > 20 && trail.TryEstimateAt(At(at - 2), out var estimate))
                errors.Add(Vector2.Distance(estimate.PositionM, Place(at - 2)));
        });
        Assert.InRange(trail.Newest!.Value.Estimate.OffsetDb, 3, 9);
        errors.Sort();
        Assert.True(errors[errors.Count / 2] < 1.5, $"median {errors[errors.Count / 2]:F2} m");
    }

    [Fact]
    public void Scanners_the_field_does_not_know_are_counted()
    {
        var trail = new RssiTrail(FieldByLaw(), 15, 2);
        Assert.Equal(Uptake.Refused, trail.Take(At(0), "X", -60));
        Assert.Equal(1, trail.UnknownScanner);
        Assert.False(trail.TryEstimateAt(At(0), out _));
        Assert.Null(trail.Newest);
    }

    [Fact]
    public void A_tag_not_heard_is_soon_unknown_and_starts_anew_later()
    {
        var trail = new RssiTrail(FieldByLaw(), 15, 2);
        Walk(2, 10, (at, station, dbm, place) => trail.Take(At(at), station, dbm));
        Assert.True(trail.TryEstimateAt(At(10), out _));
        Assert.False(trail.TryEstimateAt(At(13), out _));
        Assert.Equal(Uptake.Used, trail.Take(At(30), "A", -60));
        Assert.False(trail.TryEstimateAt(At(30), out _)); // one reading, its step not over
        Walk(2, 5, (at, station, dbm, place) => trail.Take(At(at + 30.5), station, dbm));
        Assert.True(trail.TryEstimateAt(At(33.5), out _));
        Assert.False(trail.TryEstimateAt(At(9), out _));
    }

    [Fact]
    public void Readings_a_little_late_change_nothing_and_later_ones_are_refused()
    {
        var inOrder = new RssiTrail(FieldByLaw(), 15, 2);
        var swapped = new RssiTrail(FieldByLaw(), 15, 2);
        var taken = new List<(double At, string Station, double Dbm)>();
        Walk(4, 8, (at, station, dbm, place) => taken.Add((at, station, dbm)));
        foreach (var (at, station, dbm) in taken) inOrder.Take(At(at), station, Math.Round(dbm));
        for (int i = 1; i + 1 < taken.Count; i += 2) (taken[i], taken[i + 1]) = (taken[i + 1], taken[i]);
        foreach (var (at, station, dbm) in taken)
            Assert.Equal(Uptake.Used, swapped.Take(At(at), station, Math.Round(dbm)));
        Assert.True(inOrder.TryEstimateAt(At(5), out var a));
        Assert.True(swapped.TryEstimateAt(At(5), out var b));
        Assert.Equal(a, b);
        Assert.Equal(Uptake.Late, swapped.Take(At(6), "A", -60));
    }

    [Fact]
    public void Readings_allocate_nothing()
    {
        var trail = new RssiTrail(FieldByLaw(), 15, 2);
        var taken = new List<(MonoTime At, string Station, double Dbm)>();
        Walk(6, 40, (at, station, dbm, place) => taken.Add((At(at), station, dbm)));
        long before = 0;
        for (int i = 0; i < taken.Count; i++)
        {
            if (i == 200) before = GC.GetAllocatedBytesForCurrentThread();
            trail.Take(taken[i].At, taken[i].Station, taken[i].Dbm);
            trail.TryEstimateAt(taken[i].At, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_floor_too_large_for_fine_cells_gets_coarser_ones()
    {
        var floor = FloorGrid.Over(Vector2.Zero, new(200, 150), 0.5f);
        Assert.InRange(floor.Length, FloorGrid.CellsMax / 2, FloorGrid.CellsMax);
        Assert.InRange(floor.CellM, 1.5f, 3);
        Assert.Throws<ArgumentException>(() => FloorGrid.Over(Vector2.Zero, new(0, 5), 0.5f));
        Assert.Throws<ArgumentException>(() => FloorGrid.Over(Vector2.Zero, new(5, 5), 0.5f, _ => false));
    }

    [Fact]
    public void A_map_is_read_as_it_was_written()
    {
        var map = FingerprintMap.Build(
        [
            new("A", new(1, 2, 1), -60), new("A", new(1.1f, 2.1f, 1), -62), new("A", new(1, 2, 1), -60),
            new("B", new(7, 3, 1), -71.4), new("B", new(7, 3, 1), double.NaN),
        ]);
        string path = Path.GetTempFileName();
        try
        {
            map.Save(path);
            var read = FingerprintMap.Load(path);
            Assert.Equal(2, read.Fingerprints.Length);
            Assert.Equal(map.Fingerprints.Select(one => (one.Scanner, one.MeanDbm, one.Readings, one.Variance)),
                read.Fingerprints.Select(one => (one.Scanner, one.MeanDbm, one.Readings, one.Variance)));
            Assert.Equal((3, -182.0 / 3), (read.Fingerprints[0].Readings, read.Fingerprints[0].MeanDbm));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("# edge-appliance fingerprints 2", "map:1: '# edge-appliance fingerprints 2': # edge-appliance")]
    [InlineData("A,1,2,1,-60,5", "map:1: 'A,1,2,1,-60,5': the columns")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count", "map: no fingerprint in it")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|A,1,2,1,-60", "map:2: 5 columns")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|,1,2,1,-60,5", "map:2: scanner")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|A,NaN,2,1,-60,5", "map:2: x_m is 'NaN'")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|A,1,1e9,1,-60,5", "map:2: y_m is '1e9'")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|A,1,2,1,62,5", "map:2: rssi_dbm is '62'")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|A,1,2,1,-60,0", "map:2: count is '0'")]
    [InlineData("scanner,x_m,y_m,z_m,rssi_dbm,count|A,1,2,1,-60,5|A,1,2,1,-60,5", "map:3: -60 dBm of A")]
    public void A_malformed_map_says_where_and_why(string lines, string fault)
    {
        var thrown = Assert.Throws<InvalidDataException>(() => FingerprintMap.Read("map", lines.Split('|')));
        Assert.StartsWith(fault, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_map_with_too_few_places_makes_no_field()
    {
        var map = FingerprintMap.Build([new("A", new(1, 2, 1), -60), new("A", new(1, 2, 1), -61)]);
        Assert.Throws<ArgumentException>(() => RssiFingerprint.Field(Floor(), map, Corners));
    }

    static FloorGrid Floor() => FloorGrid.Around(Corners.Select(one => one.PositionM), 1, 0.5f);

    static RssiField FieldByLaw() =>
        RssiPathLoss.Field(Floor(), Corners.Select(one => LawOf(one.Id) with { SigmaDb = 5 }), Corners, 1);

    static PathLoss LawOf(string scanner) =>
        new(scanner, -58 - (scanner[0] - 'A'), 1.8 + (0.1 * (scanner[0] - 'A')), 3);

    static double Power(Station station, Vector2 at) =>
        LawOf(station.Id).PowerDbm(Vector3.Distance(new(at, 1), station.PositionM));

    static MonoTime At(double seconds) => MonoTime.FromSeconds(1000 + seconds);

    // A round of the room in half a minute, about a metre a second.
    static Vector2 Place(double at)
    {
        double turn = 2 * Math.PI * at / 30;
        return new((float)(6 + (4.5 * Math.Cos(turn))), (float)(4.5 + (3 * Math.Sin(turn))));
    }

    // Each scanner hears a packet each half second.
    static void Walk(int seed, double seconds, Action<double, string, double, Vector2> hear)
    {
        var random = new Random(seed);
        double[] shadow = new double[Corners.Length];
        for (int step = 0; step < seconds * 2; step++)
        {
            for (int s = 0; s < Corners.Length; s++)
            {
                // Of 3 dB, renewed over a second: metres at a walk.
                shadow[s] = (0.6 * shadow[s]) + (0.8 * 3 * Noise.Gauss(random));
                double at = (step * 0.5) + (0.08 * s) + (0.02 * random.NextDouble());
                var place = Place(at);
                hear(at, Corners[s].Id, Power(Corners[s], place) + shadow[s] + (3 * Noise.Gauss(random)), place);
            }
        }
    }
}
