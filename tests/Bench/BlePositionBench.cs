using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>
/// Walks through an office with camera-made truth, heard by twelve scanners (ble_position_rssi): by survey, and by
/// path loss fitted to the other walks. All walks and surveys in the folder are taken.
/// </summary>
static class BlePositionBench
{
    const float CellM = 0.5f, MarginM = 1;

    public static void Measure(Report report, string data)
    {
        string folder = Path.Combine(data, "ble_position_rssi");
        if (!Directory.Exists(folder))
        {
            report.Add("fingerprint median", null, "m", "<=1.10", "ble_position_rssi is not there");
            return;
        }

        var watch = Stopwatch.StartNew();
        var office = Office.Load(folder);
        bool isFirst = true;
        foreach (string survey in Directory.GetFiles(folder, "fingerprints_*_counts.csv").Order(StringComparer.Ordinal))
        {
            string set = Path.GetFileNameWithoutExtension(survey)["fingerprints_".Length..^"_counts".Length];
            var field = RssiFingerprint.Field(office.Grid, Office.Survey(survey), office.Stations);
            var scores = RssiScore.OfEach(office.Tracks, _ => field);
            for (int i = 0; i < scores.Count; i++)
            {
                string on = $"{office.Tracks[i].Name}, {set}";
                report.Add("fingerprint median", RssiScore.At(scores[i].Errors, 0.5), "m", "", on);
                report.Add("fingerprint p90", RssiScore.At(scores[i].Errors, 0.9), "m", "", on);
            }

            RssiScore.Sum(scores).Tell(report, $"ble_position_rssi, {office.Tracks.Count} tracks, {set}",
                "fingerprint", isFirst ? "<=1.10" : "", isFirst ? "<=2.5" : "");
            isFirst = false;
        }

        var byLaw = RssiScore.Sum(RssiScore.OfEach(office.Tracks, track => office.FieldByLaw(without: track)));
        byLaw.Tell(report, $"ble_position_rssi, {office.Tracks.Count} tracks, laws of the others", "path loss",
            "<=1.7", "");
        report.Add("whole set", watch.Elapsed.TotalSeconds, "s", "<=10", "ble_position_rssi");
    }

    /// <summary>The office as its folder tells it.</summary>
    internal sealed record Office(FloorGrid Grid, IReadOnlyList<Station> Stations, IReadOnlyList<RadioTrack> Tracks)
    {
        public static Office Load(string folder)
        {
            var scanners = Scanners(Directory.GetFiles(folder, "*.dev").Order(StringComparer.Ordinal).First());
            Station[] stations = [.. scanners.Values];
            var walkable = Directory.GetFiles(folder, "*.occ").Order(StringComparer.Ordinal).Select(Walkable)
                .FirstOrDefault();
            var grid = FloorGrid.Around(stations.Select(station => station.PositionM)
                .Concat((walkable ?? []).Select(at => new Vector3(at / 2f, 0))), MarginM, CellM,
                walkable is null ? null : at => IsBeside(walkable, at));
            return new Office(grid, stations, [.. Directory.GetFiles(folder, "*.mbd.csv")
                .Where(path => !Path.GetFileName(path).StartsWith("raw_", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).Select(path => Track(path, scanners))]);
        }

        /// <summary>
        /// A survey as it was counted: our format but for the first column's name, and with a few powers above 0 dBm,
        /// which nothing receives: faults of the scanners' own, left out.
        /// </summary>
        public static FingerprintMap Survey(string path) => FingerprintMap.Read(path, File.ReadLines(path)
            .Where((line, i) => i == 0 || line.Split(',') is [_, _, _, _, ['-', ..], _])
            .Select((line, i) => i == 0 ? line.Replace("sensor,", "scanner,", StringComparison.Ordinal) : line));

        /// <summary>Null with no other track.</summary>
        public RssiField? FieldByLaw(RadioTrack without)
        {
            var others = Tracks.Where(track => track != without).SelectMany(track => track.Heard).ToList();
            if (others.Count == 0) return null;
            double heightM = others.Average(heard => heard.Power.AtM.Z);
            var fits = PathLossFit.Fit(others.Select(heard => heard.Power), Stations);
            return RssiPathLoss.Field(Grid, fits.Select(fit => fit.Law), Stations, heightM);
        }

        // Cells of half a metre; people walk, and trolleys reach, one beside those that are marked.
        static bool IsBeside(HashSet<Vector2> walkable, Vector2 atM)
        {
            for (int dy = -1; dy <= 1; dy++)
            {
                for (int dx = -1; dx <= 1; dx++)
                {
                    if (walkable.Contains(new(MathF.Round(2 * atM.X) + dx, MathF.Round(2 * atM.Y) + dy))) return true;
                }
            }

            return false;
        }

        // Lines "[x, y]::0", 0 being walkable; the first line is the size. In units of half a metre.
        static HashSet<Vector2> Walkable(string path)
        {
            var open = new HashSet<Vector2>();
            foreach (string line in File.ReadLines(path).Skip(1))
            {
                string[] parts = line.Split("::");
                string[] at = parts[0].Trim('[', ']').Split(',');
                if (parts.Length == 2 && parts[1].Trim() == "0" && at.Length == 2)
                    open.Add(new(MathF.Round(2 * Number(at[0])), MathF.Round(2 * Number(at[1]))));
            }

            return open;
        }

        // By hardware address: "Dongles:{...}" then "Beacons:{...}".
        static Dictionary<string, Station> Scanners(string path)
        {
            string text = File.ReadAllText(path);
            int begin = text.IndexOf("Dongles:", StringComparison.Ordinal) + "Dongles:".Length;
            int end = text.IndexOf("Beacons:", StringComparison.Ordinal);
            using var json = JsonDocument.Parse(text[begin..end]);
            return json.RootElement.EnumerateObject().ToDictionary(one => one.Name, one => new Station(
                one.Value[2].GetString()!,
                new(one.Value[0][0].GetSingle(), one.Value[0][1].GetSingle(), one.Value[0][2].GetSingle())));
        }

        static RadioTrack Track(string path, Dictionary<string, Station> scanners)
        {
            var heard = new List<(double AtS, HeardPower Power)>();
            foreach (string line in File.ReadLines(path))
            {
                string[] cells = line.Split(',');
                if (cells.Length < 7 || !scanners.TryGetValue(cells[1], out var scanner)) continue;
                heard.Add((double.Parse(cells[0], CultureInfo.InvariantCulture), new HeardPower(
                    scanner.Id, new(Number(cells[4]), Number(cells[5]), Number(cells[6])), Number(cells[3]))));
            }

            return new RadioTrack(Path.GetFileName(path)[..^".mbd.csv".Length], [.. heard.OrderBy(one => one.AtS)]);
        }

        static float Number(string text) => float.Parse(text, CultureInfo.InvariantCulture);
    }
}
