using System.Globalization;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>
/// A camera and a radio on one target: frames aligned and clocks' offset found by themselves, and whose track the tag's
/// is. Recordings: camera_uwb_ait (a marker and a tag in space), camera_uwb_sdu (people under a ceiling tracker).
/// </summary>
static class CameraUwbBench
{
    // Residuals of the best similarity fit, as the recordings' descriptions have them; a run that is not described is
    // measured without a goal.
    static readonly Dictionary<string, double> Described = new(StringComparer.Ordinal)
    {
        ["run1"] = 0.083,
        ["run2"] = 0.129,
        ["run3"] = 0.138,
        ["run4"] = 0.088,
        ["run5"] = 0.083,
        ["run6"] = 0.062,
        ["run7"] = 0.062,
    };

    // For putting frames on each other a quarter of a second does: these targets move at half a metre a second.
    const double AlignSigmaMaxS = 0.25;

    static readonly string[] Carrier = ["27966", "27977", "27984"];
    static readonly string[] Others = ["27971", "27974", "27976", "27978", "27979", "27981"];

    public static void Measure(Report report, string data)
    {
        string ait = Path.Combine(data, "camera_uwb_ait"), sdu = Path.Combine(data, "camera_uwb_sdu");
        string[] runs = Directory.Exists(ait)
            ? [.. Directory.GetFiles(ait, "*_camera.csv").Order(StringComparer.Ordinal)]
            : [];
        if (runs.Length == 0) report.Add("runs with camera and radio", null, "", ">=1", "camera_uwb_ait");
        foreach (string run in runs) Run(report, run);
        if (File.Exists(Path.Combine(ait, "validation_vicon.csv"))) Validation(report, ait);
        if (Directory.Exists(sdu)) People(report, sdu);
        else report.Add("carrier", null, "", ">=1", "camera_uwb_sdu");
    }

    static void Run(Report report, string cameraPath)
    {
        string name = Path.GetFileName(cameraPath)[..^"_camera.csv".Length];
        string radioPath = Path.Combine(Path.GetDirectoryName(cameraPath)!, name + "_uwb.csv");
        if (!File.Exists(radioPath)) return;
        var camera = Recording.Read(cameraPath, ',', 0, (1, 2, 3), 1e-3, out _);
        var radio = Recording.Read(radioPath, ',', 0, (1, 2, 3), 1e-3, out _);
        var rules = new OffsetRules { SigmaMaxS = AlignSigmaMaxS };
        var doubt = ClockOffset.TryEstimate([.. radio], [.. camera], rules, 0, out var found);
        string on = $"ait {name}" + (doubt == OffsetDoubt.None ? "" : $": {doubt}");
        string goal = Described.TryGetValue(name, out double fit)
            ? "<=" + (1.1 * fit).ToString("0.####", CultureInfo.InvariantCulture)
            : "";
        report.Add("residual, best 90 % of points", found?.Alignment.Residual, "m", goal, on);
        report.Add("scale", found?.Alignment.Scale, "", "", on);
        report.Add("clock offset", found?.OffsetS, "s", "", on);
        report.Add("clock offset, standard deviation", found?.SigmaS, "s", "", on);
        Injected(report, on, [.. radio], [.. camera], rules);
    }

    // The offset of the recording itself is not known. It is found on one half of the recording; the other half has
    // half a second put in, and what is found there beyond the first half's is compared with it.
    static void Injected(Report report, string on, TimedPlace[] radio, TimedPlace[] target, OffsetRules rules)
    {
        double middle = (target[0].AtS + target[^1].AtS) / 2, worst = 0, worstSame = 0;
        bool isTold = true;
        TimedPlace[] first = [.. target.Where(p => p.AtS < middle)], second = [.. target.Where(p => p.AtS >= middle)];
        foreach (double put in new[] { -0.5, -0.487, 0.487, 0.5 })
        {
            var moved = Recording.Shifted(radio, put);
            ClockOffset.TryEstimate(radio, target, rules, 0, out var plain);
            ClockOffset.TryEstimate(moved, target, rules, 0, out var whole);
            ClockOffset.TryEstimate(radio, put < 0 ? first : second, rules, 0, out var here);
            ClockOffset.TryEstimate(moved, put < 0 ? second : first, rules, 0, out var there);
            worstSame = Math.Max(worstSame, Error(plain, whole, put) ?? double.PositiveInfinity);
            if (Error(here, there, put) is { } error) worst = Math.Max(worst, error);
            else isTold = false;
        }

        report.Add("500 ms put in, error", double.IsFinite(worstSame) ? worstSame : null, "s", "<=0.05", on);
        report.Add("500 ms put in, against the other half", isTold ? worst : null, "s", "", on);
    }

    static double? Error(OffsetEstimate? plain, OffsetEstimate? moved, double put) =>
        plain is null || moved is null ? null : Math.Abs(moved.OffsetS + put - plain.OffsetS);

    static void Validation(Report report, string folder)
    {
        var truth = Recording.Read(Path.Combine(folder, "validation_vicon.csv"), ',', 0, (1, 2, 3), 1e-3, out _);
        var radio = Recording.Read(Path.Combine(folder, "validation_uwb.csv"), ',', 0, (1, 2, 3), 1e-3, out _);
        var rules = new OffsetRules { SigmaMaxS = AlignSigmaMaxS };
        ClockOffset.TryEstimate([.. radio], [.. truth], rules, 0, out var found);
        report.Add("residual, all points", found?.Alignment.ResidualOfAll, "m", "<=0.132", "ait validation, vicon");
        report.Add("clock offset", found?.OffsetS, "s", "", "ait validation, vicon");
        Injected(report, "ait validation, vicon", [.. radio], [.. truth], rules);
    }

    static void People(Report report, string folder)
    {
        const string on = "sdu";
        var radio = Radio(Path.Combine(folder, "raw_uwbtags.csv"));
        var tracks = Tracks(Path.Combine(folder, "raw_xovis.csv"), radio[0].AtS);
        radio = [.. Recording.Shifted(radio, -radio[0].AtS)];
        var result = CarrierSearch.Find(radio, tracks, isPlanar: true);
        report.Add("tracks", tracks.Count, "", "", on);
        // A recording kept aside may hold other people: only tracks named in the description are owed.
        string[] owed = [.. Carrier.Where(id => tracks.Any(track => track.Id == id))];
        report.Add("carrier's tracks found", result?.Tracks.Count(id => owed.Contains(id)), "",
            $">={owed.Length}", on);
        report.Add("other people's tracks taken", result?.Tracks.Count(id => Others.Contains(id)), "", "<=0", on);
        report.Add("clock offset, carrier search", result?.OffsetS, "s", "", on);
        foreach (var stretch in result?.Stretches ?? [])
            Console.Error.WriteLine($"  {stretch.TrackId}: {stretch.FromS:F1} to {stretch.ToS:F1} s");
        if (result is null) return;
        string longest = result.Stretches.MaxBy(stretch => stretch.ToS - stretch.FromS).TrackId;
        var track = tracks.First(one => one.Id == longest);
        var rules = new OffsetRules
        {
            Alignment = new AlignmentRules { IsPlanar = true, KeptShare = 1 },
            GapMaxS = 1.5,
            // In the camera's unit, some 14 mm; half the variance cannot be asked of positions this noisy.
            ExplainedMin = 0.2,
            SigmaMaxS = 0.5,
            NoiseMin = 1,
        };
        var doubt = ClockOffset.TryEstimate([.. radio], [.. track.Places], rules, 0, out var found);
        string of = $"{on} {longest}" + (doubt == OffsetDoubt.None ? "" : $": {doubt}");
        report.Add("residual", found?.Alignment.Residual, "units", longest == "27966" ? "<=18.15" : "", of);
        report.Add("clock offset", found?.OffsetS, "s", "", of);
        report.Add("clock offset, standard deviation", found?.SigmaS, "s", "", of);
    }

    static List<TimedPlace> Radio(string path)
    {
        var rows = new List<TimedPlace>();
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            string[] cells = line.Split(';');
            if (cells.Length < 5 || !DateTime.TryParse(cells[4], CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)) continue;
            // Local time, two hours ahead of UTC, as the description has it; millimetres.
            double seconds = (at - DateTime.UnixEpoch).TotalSeconds - 7200;
            rows.Add(new TimedPlace(seconds, new System.Numerics.Vector3(Number(1), Number(2), Number(3)) / 1000));
            float Number(int cell) => float.TryParse(cells[cell], NumberStyles.Float, CultureInfo.InvariantCulture,
                out float value) ? value : float.NaN;
        }

        return rows;
    }

    static List<CameraTrack> Tracks(string path, double zeroS)
    {
        var tracks = new SortedDictionary<string, List<TimedPlace>>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            string[] cells = line.Split(';');
            if (cells.Length < 5
                || !double.TryParse(cells[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double at)
                || !float.TryParse(cells[3], NumberStyles.Float, CultureInfo.InvariantCulture, out float x)
                || !float.TryParse(cells[4], NumberStyles.Float, CultureInfo.InvariantCulture, out float y)) continue;
            if (!tracks.TryGetValue(cells[2], out var places)) tracks.Add(cells[2], places = []);
            places.Add(new TimedPlace((at / 1000) - zeroS, new System.Numerics.Vector3(x, y, 0)));
        }

        return [.. tracks.Select(track => new CameraTrack(track.Key, track.Value))];
    }
}
