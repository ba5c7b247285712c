using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>
/// What the locator makes of positions that a DWM1001 module has filtered already. Raw and filtered are compared with
/// the truth over the same instants, as stamped and each at its own best lag. Recordings: uwb_dwm1001_optitrack,
/// uwb_dwm1001_drone, uwb_dwm1001_serial (points).
/// </summary>
static class Dwm1001Bench
{
    const string Tag = "T";

    public static void Measure(Report report, string data)
    {
        int sessions = 0;
        foreach (string folder in Folders(Path.Combine(data, "uwb_dwm1001_optitrack")))
            sessions += Optitrack(report, folder);
        string drone = Path.Combine(data, "uwb_dwm1001_drone");
        if (Directory.Exists(drone))
        {
            foreach (string truth in Directory.GetFiles(drone, "*_mocap.csv").Order(StringComparer.Ordinal))
                sessions += Flight(report, truth);
        }

        foreach (string folder in Folders(Path.Combine(data, "uwb_dwm1001_serial"))) sessions += Points(report, folder);
        report.Add("sessions with truth", sessions, "", ">=1", "uwb_dwm1001_*");
    }

    static IEnumerable<string> Folders(string of) =>
        Directory.Exists(of) ? Directory.GetDirectories(of).Order(StringComparer.Ordinal) : [];

    static int Optitrack(Report report, string folder)
    {
        string truthPath = Path.Combine(folder, "optitrack.csv");
        if (!File.Exists(truthPath)) return 0;
        var truth = Recording.WithoutGlitches(Recording.Read(truthPath, ',', 0, (1, 2, 3), 1, out _));
        int count = 0;
        foreach (string path in Directory.GetFiles(folder, "uwb_listener*.csv").Order(StringComparer.Ordinal))
        {
            var fixes = Recording.Read(path, ',', 0, (1, 2, 3), 1, out int unread);
            string name = Path.GetFileNameWithoutExtension(path)["uwb_".Length..];
            Judge(report, $"{Path.GetFileName(folder)} {name}", fixes, truth, unread);
            count++;
        }

        return count;
    }

    static int Flight(Report report, string truthPath)
    {
        string flight = truthPath[..^"_mocap.csv".Length];
        var truth = Recording.WithoutGlitches(Recording.Read(truthPath, ',', 0, (1, 2, 3), 1, out _));
        string[] tags = [.. Directory.GetFiles(
            Path.GetDirectoryName(truthPath)!, Path.GetFileName(flight) + "_tag_*.csv").Order(StringComparer.Ordinal)];
        var smoothed = new List<TimedPlace[]>();
        foreach (string tag in tags)
        {
            var fixes = Recording.Read(tag, ',', 0, (1, 2, 3), 1, out int unread);
            smoothed.Add(Judge(report, Path.GetFileNameWithoutExtension(tag), fixes, truth, unread));
        }

        if (tags.Length > 1) Apart(report, Path.GetFileName(flight), smoothed, truth, truthPath);
        return tags.Length;
    }

    static TimedPlace[] Judge(
        Report report, string on, List<TimedPlace> fixes, TimedPlace[] truth, int unread)
    {
        var (raw, settled, newest) = Filter(fixes);
        double rawRms = BestLag(raw, truth, out double rawLag, out double rawSpread);
        double rms = BestLag(settled, truth, out double lag, out double spread);
        double nowRms = BestLag(newest, truth, out double nowLag, out _);
        if (unread > 0) report.Add("rows without a fix, passed over", unread, "", "", on);
        report.Add("raw, its best lag", rawRms, "m", "", on);
        report.Add("raw, its best lag is", rawLag, "s", "", on);
        report.Add("raw as stamped", Rms(raw, truth, 0, out _), "m", "", on);
        report.Add("filtered", rms, "m", "", on);
        report.Add("filtered, lag left", lag, "s", "", on);
        report.Add("filtered, as stamped", Rms(settled, truth, 0, out _), "m", "", on);
        report.Add("filtered with its lag corrected / raw as stamped",
            Rms(settled, truth, 0, out _) / Rms(raw, truth, 0, out _), "", "<=0.8", on);
        // The harder reading of the goal: what is left is nearly all of the place, which no filter of a path can see.
        report.Add("filtered / raw, each at its best lag", rms / rawRms, "", "<=0.8", on);
        report.Add("filtered / raw, means taken off both", spread / rawSpread, "", "", on);
        report.Add("filtered without waiting, as stamped", Rms(newest, truth, 0, out _), "m", "", on);
        report.Add("filtered without waiting / raw, best lags", nowRms / rawRms, "", "", on);
        return settled;
    }

    /// <summary>
    /// Positions as a session would see them. Raw: as stamped; settled: the locator's, each of the instant a position
    /// is of, asked when what comes after it has had its say; newest: of the instant a position came, asked at once.
    /// All three over the same positions.
    /// </summary>
    public static (TimedPlace[] Raw, TimedPlace[] Settled, TimedPlace[] Newest) Filter(IReadOnlyList<TimedPlace> places)
    {
        var settings = new RadioSettings();
        var locator = new Locator(settings, []);
        List<TimedPlace> raw = [], settled = [], newest = [];
        var waiting = new Queue<(TimedPlace Place, MonoTime Of, TimedPlace Now)>();
        foreach (var place in places)
        {
            var stamp = MonoTime.FromSeconds(place.AtS);
            var reading = UwbLimits.OfDwm1001(stamp, Tag, place.Place, null);
            locator.Take([reading]);
            while (waiting.TryPeek(out var oldest)
                && place.AtS - oldest.Place.AtS > settings.SmoothS)
            {
                waiting.Dequeue();
                if (!locator.TryFixAt(Tag, oldest.Of, out var fix)) continue;
                raw.Add(oldest.Place);
                settled.Add(Flat(fix));
                newest.Add(oldest.Now);
            }

            if (locator.TryFixAt(Tag, stamp, out var now)) waiting.Enqueue((place, reading.At, Flat(now)));
        }

        return ([.. raw], [.. settled], [.. newest]);

        static TimedPlace Flat(in Fix fix) => new(fix.At.Seconds, new Vector3(fix.PositionM, 0));
    }

    // The least error over lags of -0.6 to 1.2 s; spread: the same without the mean error.
    static double BestLag(TimedPlace[] places, TimedPlace[] truth, out double lag, out double spread)
    {
        double least = double.PositiveInfinity;
        lag = spread = double.NaN;
        for (int step = -24; step <= 48; step++)
        {
            double rms = Rms(places, truth, step * 0.025, out double without);
            if (!(rms < least)) continue;
            (least, lag, spread) = (rms, step * 0.025, without);
        }

        return least;
    }

    static double Rms(TimedPlace[] places, TimedPlace[] truth, double lagS, out double spread)
    {
        int at = 1, count = 0;
        double squares = 0, x = 0, y = 0;
        foreach (var place in places)
        {
            if (TimedPlaces.At(truth, place.AtS - lagS, 0.3, ref at) is not { } real) continue;
            var off = place.Place - real;
            squares += (off.X * off.X) + (off.Y * off.Y);
            x += off.X;
            y += off.Y;
            count++;
        }

        spread = Math.Sqrt(Math.Max(0, (squares / count) - (((x * x) + (y * y)) / count / count)));
        return Math.Sqrt(squares / count);
    }

    // Tags on one body sit at fixed places of it. Where each sits is taken from the first half of the flight; in the
    // second, each must be nearer to its own place than to the other's.
    static void Apart(
        Report report, string on, List<TimedPlace[]> tags, TimedPlace[] truth, string truthPath)
    {
        var vectors = Recording.Read(truthPath, ',', 0, (4, 5, 6), 1, out _);
        var scalars = Recording.Read(truthPath, ',', 0, (7, 7, 7), 1, out _);
        var turns = vectors.Zip(scalars, (v, w) => (v.AtS, new Quaternion(v.Place, w.Place.X))).ToArray();
        double middle = (truth[0].AtS + truth[^1].AtS) / 2;
        var seats = tags.Select(tag => Seat(tag.Where(p => p.AtS < middle), truth, turns)).ToArray();
        int right = 0, all = 0;
        for (int tag = 0; tag < tags.Count; tag++)
        {
            foreach (var place in tags[tag].Where(p => p.AtS >= middle))
            {
                if (InBody(place, truth, turns) is not { } seat) continue;
                all++;
                int nearest = Enumerable.Range(0, seats.Length)
                    .MinBy(other => Recording.Flat(seat - seats[other]));
                if (nearest == tag) right++;
            }
        }

        double apart = Recording.Flat(seats[0] - seats[1]);
        report.Add("tags of one drone, apart on it", apart, "m", "", on);
        report.Add("tags of one drone told apart", all == 0 ? null : (double)right / all, "", ">=0.95", on);
    }

    static Vector3 Seat(IEnumerable<TimedPlace> tag, TimedPlace[] truth, (double AtS, Quaternion Turn)[] turns)
    {
        var seats = tag.Select(place => InBody(place, truth, turns)).OfType<Vector3>().ToArray();
        return seats.Length == 0 ? default : seats.Aggregate(Vector3.Add) / seats.Length;
    }

    static Vector3? InBody(in TimedPlace place, TimedPlace[] truth, (double AtS, Quaternion Turn)[] turns)
    {
        int at = 1;
        if (TimedPlaces.At(truth, place.AtS, 0.3, ref at) is not { } body) return null;
        int turn = Array.BinarySearch(turns, (place.AtS, default(Quaternion)),
            Comparer<(double AtS, Quaternion Turn)>.Create((a, b) => a.AtS.CompareTo(b.AtS)));
        var pose = turns[Math.Clamp(turn < 0 ? ~turn : turn, 0, turns.Length - 1)].Turn;
        var off = place.Place - body;
        return Vector3.Transform(new Vector3(off.X, off.Y, 0), Quaternion.Inverse(pose));
    }

    // Points that stand still: what is off is mostly the survey and the place. One figure over a site's points.
    static int Points(Report report, string folder)
    {
        string truthPath = Path.Combine(folder, "truth.csv");
        if (!File.Exists(truthPath)) return 0;
        var truth = File.ReadLines(truthPath).Select(line => line.Split(',')).Where(cells => cells[0] == "tag")
            .ToDictionary(cells => cells[1], cells => new Vector2(Number(cells[2]), Number(cells[3])));
        double raw = 0, filtered = 0, rawSpread = 0, spread = 0;
        int points = 0, count = 0, unread = 0;
        foreach (string path in Directory.GetFiles(folder, "*pos*.txt").Order(StringComparer.Ordinal))
        {
            var fixes = Shell(path, ref unread);
            // pos6_repeated.txt is of point 6: the first number of the name. Without a fix there is nothing to judge.
            string index = new([.. Path.GetFileName(path).SkipWhile(c => !char.IsDigit(c)).TakeWhile(char.IsDigit)]);
            // A site with one point has it measured once, whatever number its log has.
            if (truth.Count == 1) index = truth.Keys.First();
            if (fixes.Count == 0 || !truth.TryGetValue(index, out var real)) continue;
            var (before, after, _) = Filter(fixes);
            points++;
            count += before.Length;
            raw += Squares(before, real, out double still);
            rawSpread += still;
            filtered += Squares(after, real, out still);
            spread += still;
        }

        if (count == 0) return 0;
        string on = $"{Path.GetFileName(folder)}, {points} points";
        if (unread > 0) report.Add("lines without a fix, passed over", unread, "", "", on);
        report.Add("raw", Math.Sqrt(raw / count), "m", "", on);
        report.Add("filtered", Math.Sqrt(filtered / count), "m", "", on);
        report.Add("filtered / raw", Math.Sqrt(filtered / raw), "", "<=0.8", on);
        report.Add("filtered / raw, means taken off both", Math.Sqrt(spread / rawSpread), "", "", on);
        return points;
    }

    static double Squares(TimedPlace[] places, Vector2 real, out double aboutMean)
    {
        double squares = 0, x = 0, y = 0;
        foreach (var place in places)
        {
            double dx = place.Place.X - real.X, dy = place.Place.Y - real.Y;
            squares += (dx * dx) + (dy * dy);
            x += dx;
            y += dy;
        }

        aboutMean = squares - (((x * x) + (y * y)) / Math.Max(1, places.Length));
        return squares;
    }

    // POS,<slot>,<tag>,<x>,<y>,<z>,<quality>,<counter>; the shell gives no time: ten lines are a second.
    static List<TimedPlace> Shell(string path, ref int unread)
    {
        var fixes = new List<TimedPlace>();
        int line = 0;
        foreach (string text in File.ReadLines(path))
        {
            string[] cells = text.Split(',');
            double at = 0.1 * line++;
            bool isFix = cells.Length == 8 && cells[0] == "POS" && float.IsFinite(Number(cells[3]))
                && float.IsFinite(Number(cells[4])) && float.IsFinite(Number(cells[5]));
            if (isFix)
                fixes.Add(new TimedPlace(at, new Vector3(Number(cells[3]), Number(cells[4]), Number(cells[5]))));
            else unread++;
        }

        return fixes;
    }

    static float Number(string cell) =>
        float.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) ? value : float.NaN;
}
