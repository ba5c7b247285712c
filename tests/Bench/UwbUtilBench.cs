using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>
/// UWB range differences and ranges on a flying tag indoors (uwb_util), against Vicon, by the radio alone. Every flight
/// that is there is measured while it is in the air: on the floor half the anchors are heard by way of it, metres late.
/// </summary>
static class UwbUtilBench
{
    /// <summary>In the air: so far above where it stood at first, metres.</summary>
    const float AirborneM = .5f;

    /// <summary>After it rose so far, seconds.</summary>
    const double SinceRiseS = 1;

    /// <summary>Beyond this a reading is an outlier, metres, and so much wilder are those put in.</summary>
    const double OutlierM = 10, WildestM = 100, WildShare = .02;

    /// <summary>The antenna in the body's frame, metres (the recording's README).</summary>
    static readonly Vector3 AntennaM = new(-.01245f, .00127f, .0908f);

    /// <summary>What the site knows: its tags fly, and gently.</summary>
    public static RadioSettings Site => new() { HeightSigmaM = null, AccelerationMps2 = .3 };

    public static void Measure(Report report, string data)
    {
        int flights = 0;
        foreach (var flight in Flights(data))
        {
            flights++;
            Measure(report, flight);
        }

        if (flights == 0) report.Add("3-D rms", null, "m", "", "uwb_util, which is not there");
    }

    public static IEnumerable<RecordedTag> Flights(string data)
    {
        string root = Path.Combine(data, "uwb_util");
        if (!Directory.Exists(root)) yield break;
        foreach (string path in Directory.GetFiles(root, "*_vicon.csv").Order(StringComparer.Ordinal))
            if (Read(root, Path.GetFileName(path)[..^"_vicon.csv".Length]) is { } flight) yield return flight;
    }

    /// <summary>When it is in the air, seconds.</summary>
    public static (double From, double To) InAir(RecordedTag flight)
    {
        float floor = flight.Truth[0].AtM.Z + AirborneM;
        var up = flight.Truth.Where(point => point.AtM.Z > floor).Select(point => point.T).ToList();
        return up.Count == 0 ? (flight.Truth[0].T, flight.Truth[^1].T) : (up[0] + SinceRiseS, up[^1]);
    }

    static void Measure(Report report, RecordedTag flight)
    {
        string on = $"util {flight.Name}";
        var settings = Site;
        var (from, to) = InAir(flight);
        var fixes = flight.Fixes(settings, settings.SmoothS, from, to);
        var errors = new FixErrors(fixes, flight.TrueM, inSpace: true);
        report.Add($"3-D rms in the air, lag {settings.SmoothS} s", errors.Rms, "m", "<=0.2", on);
        report.Add("3-D median", errors.Quantile(.5), "m", "", on);
        report.Add("3-D 90 %", errors.Quantile(.9), "m", "", on);
        var now = new FixErrors(flight.Fixes(settings, 0, from, to), flight.TrueM, inSpace: true);
        report.Add("3-D rms in the air without lag", now.Rms, "m", "", on);
        var whole = flight.Fixes(settings, settings.SmoothS, flight.Truth[0].T + 1, flight.Truth[^1].T - 1);
        report.Add("3-D rms with what it stood on the floor", new FixErrors(whole, flight.TrueM, inSpace: true).Rms,
            "m", "", on);
        report.Add("errors within one stated deviation", errors.Inner / errors.Axes, "", "", on);
        report.Add("readings more than 10 m off", flight.Readings.Count(one => IsWild(flight, one)), "", "", on);
        var without = flight with { Readings = [.. flight.Readings.Where(one => !IsWild(flight, one))] };
        report.Add("they move a fix by, at most", Moved(fixes, without.Fixes(settings, settings.SmoothS, from, to)),
            "m", "<=0.5", on);
        report.Add("2 % more of 10 to 100 m move a fix by, at most",
            Moved(fixes, WithOutliers(flight, from).Fixes(settings, settings.SmoothS, from, to)), "m", "<=0.5", on);
    }

    static bool IsWild(RecordedTag flight, Observation one)
    {
        var at = flight.TrueM(one.At.Seconds);
        double expected = Vector3.Distance(at, Place(one.Station));
        if (one.Kind == ObservationKind.RangeDifference) expected = Vector3.Distance(at, Place(one.Other)) - expected;
        return Math.Abs(one.Value - expected) > OutlierM;

        Vector3 Place(string id) => flight.Stations.First(station => station.Id == id).PositionM;
    }

    static RecordedTag WithOutliers(RecordedTag flight, double from)
    {
        var random = new Random(1);
        return flight with
        {
            Readings = [.. flight.Readings.Select(one => one.At.Seconds < from || random.NextDouble() >= WildShare
                ? one : one with { Value = Math.Abs(one.Value + Wild(random)) })],
        };
    }

    static double Wild(Random random) =>
        (random.Next(2) == 0 ? -1 : 1) * (OutlierM + ((WildestM - OutlierM) * random.NextDouble()));

    static double? Moved(IReadOnlyList<Fix> one, IReadOnlyList<Fix> other)
    {
        if (one.Count == 0 || one.Count != other.Count) return null;
        return one.Zip(other).Max(pair => Math.Sqrt(
            Vector2.DistanceSquared(pair.First.PositionM, pair.Second.PositionM)
            + Math.Pow((pair.First.HeightM - pair.Second.HeightM) ?? double.NaN, 2)));
    }

    static RecordedTag? Read(string root, string name)
    {
        string differences = Path.Combine(root, name + "_tdoa.csv"), ranges = Path.Combine(root, name + "_range.csv");
        bool isDifferences = File.Exists(differences);
        if (!isDifferences && !File.Exists(ranges)) return null;
        var rows = RecordedTag.Numbers(isDifferences ? differences : ranges);
        var truth = RecordedTag.Numbers(Path.Combine(root, name + "_vicon.csv"));
        if (rows is null || truth is null || truth.Count < 2) return null;
        var flight = new RecordedTag(
            name, [], [.. rows.OrderBy(row => row[0]).Select(row => isDifferences
                ? Observation.OfRangeDifference(At(row), RecordedTag.Tag, Id(row[1]), Id(row[2]), row[3], null)
                : Observation.OfRange(At(row), RecordedTag.Tag, Id(row[1]), row[2], null))],
            [.. truth.Select(row => (row[0] / 1000, Antenna(row)))]);
        return Surveyed(root, flight);

        static MonoTime At(double[] row) => MonoTime.FromSeconds(row[0] / 1000);
    }

    /// <summary>
    /// Which of the surveys a flight belongs to: the one whose name its own has in it, else the one its readings fit.
    /// </summary>
    static RecordedTag? Surveyed(string root, RecordedTag flight)
    {
        RecordedTag? best = null;
        double least = double.PositiveInfinity;
        foreach (string path in Directory.GetFiles(root, "anchors_*.csv").Order(StringComparer.Ordinal))
        {
            if (RecordedTag.Numbers(path) is not { } rows) continue;
            var surveyed = flight with { Stations = [.. rows.Select(row => new Station(Id(row[0]), Vector(row, 1)))] };
            string survey = Path.GetFileNameWithoutExtension(path)["anchors_".Length..];
            if (flight.Name.Contains(survey, StringComparison.Ordinal)) return surveyed;
            double misfit = Misfit(surveyed);
            if (misfit < least) (best, least) = (surveyed, misfit);
        }

        return best;
    }

    static double Misfit(RecordedTag flight)
    {
        var places = flight.Stations.ToDictionary(station => station.Id, station => station.PositionM);
        var some = flight.Readings.Where((one, i) => i % 7 == 0 && places.ContainsKey(one.Station));
        double[] offs = [.. some.Select(one =>
        {
            var at = flight.TrueM(one.At.Seconds);
            double near = Vector3.Distance(at, places[one.Station]);
            return Math.Abs(one.Value - (places.TryGetValue(one.Other, out var other)
                ? Vector3.Distance(at, other) - near : near));
        }).Order()];
        return offs.Length == 0 ? double.PositiveInfinity : offs[offs.Length / 2];
    }

    static Vector3 Antenna(double[] row) => Vector(row, 1) + Vector3.Transform(
        AntennaM, new Quaternion((float)row[4], (float)row[5], (float)row[6], (float)row[7]));

    static Vector3 Vector(double[] row, int first) =>
        new((float)row[first], (float)row[first + 1], (float)row[first + 2]);

    static string Id(double number) => number.ToString(CultureInfo.InvariantCulture);
}
