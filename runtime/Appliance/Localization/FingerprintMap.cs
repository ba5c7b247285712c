using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What one scanner heard of a tag that stayed at one place: how often each whole dBm.</summary>
/// <param name="Counts">by dBm, ascending</param>
sealed record Fingerprint(string Scanner, Vector3 AtM, ImmutableSortedDictionary<int, int> Counts)
{
    public int Readings { get; } = Counts.Values.Sum();

    public double MeanDbm { get; } = Mean(Counts);

    /// <summary>Of single readings, dB^2; 0 with one.</summary>
    public double Variance { get; } = Spread(Counts);

    static double Mean(ImmutableSortedDictionary<int, int> counts) =>
        counts.Sum(one => (double)one.Key * one.Value) / Math.Max(1, counts.Values.Sum());

    static double Spread(ImmutableSortedDictionary<int, int> counts)
    {
        double mean = Mean(counts);
        return counts.Sum(one => (one.Key - mean) * (one.Key - mean) * one.Value) / Math.Max(1, counts.Values.Sum());
    }
}

/// <summary>
/// A survey: what each scanner hears of a tag at known places. Kept as text of one histogram entry a line, see
/// docs/localization-rssi.md.
/// </summary>
sealed class FingerprintMap
{
    /// <summary>The first line of a file; a later format gets a later number.</summary>
    public const string Version = "# edge-appliance fingerprints 1";

    /// <summary>
    /// Places a map keeps: making a field of them inverts a matrix of this size. More are put together in coarser
    /// squares.
    /// </summary>
    public const int PlacesMax = 256;

    const string Columns = "scanner,x_m,y_m,z_m,rssi_dbm,count";
    const int LinesMax = 1_000_000, DbmMin = -127, DbmMax = 20, FaultsMax = 20;
    const double FarthestM = 10_000;

    FingerprintMap(IEnumerable<Fingerprint> fingerprints) => Fingerprints = [.. fingerprints];

    /// <summary>By scanner, then place; one for each pair.</summary>
    public ImmutableArray<Fingerprint> Fingerprints { get; }

    /// <summary>A map of a walk: readings that fall in one square are one place, at their middle.</summary>
    /// <param name="squareM">how wide a square is; wider where that would be too many places</param>
    /// <exception cref="ArgumentException">no usable reading</exception>
    public static FingerprintMap Build(IEnumerable<HeardPower> walk, double squareM = 0.5)
    {
        var readings = walk.Where(heard => double.IsFinite(heard.Dbm) && IsNear(heard.AtM)).ToList();
        if (readings.Count == 0) throw new ArgumentException("no reading to make a fingerprint map of");
        while (readings.Select(heard => Square(heard.AtM, squareM)).Distinct().Count() > PlacesMax) squareM *= 1.2;
        var middles = readings.GroupBy(heard => Square(heard.AtM, squareM)).ToDictionary(
            square => square.Key, square => Middle([.. square.Select(heard => heard.AtM)]));
        return new FingerprintMap(readings
            .GroupBy(heard => (heard.Scanner, Square: Square(heard.AtM, squareM)))
            .OrderBy(one => one.Key.Scanner, StringComparer.Ordinal).ThenBy(one => one.Key.Square)
            .Select(one => new Fingerprint(one.Key.Scanner, middles[one.Key.Square], one
                .GroupBy(heard => (int)Math.Clamp(Math.Round(heard.Dbm), DbmMin, DbmMax))
                .ToImmutableSortedDictionary(same => same.Key, same => same.Count()))));
    }

    /// <summary>Reads a map; all its faults are told at once, at most twenty.</summary>
    /// <exception cref="InvalidDataException">one line a fault, with the file and the line</exception>
    public static FingerprintMap Load(string path) => Read(path, File.ReadLines(path));

    /// <summary>Reads a map's lines; a file without the version's line is taken for version 1.</summary>
    /// <param name="name">for the faults</param>
    /// <exception cref="InvalidDataException">one line a fault</exception>
    public static FingerprintMap Read(string name, IEnumerable<string> lines)
    {
        var faults = new List<string>();
        var counts = new Dictionary<(string Scanner, Vector3 AtM), SortedDictionary<int, int>>();
        bool hasColumns = false;
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            string? fault = null;
            if (number > LinesMax) fault = $"more than {LinesMax} lines: survey fewer places";
            else if (line.StartsWith('#'))
                fault = line.TrimEnd() == Version ? null : $"'{Cut(line)}': {Version} is needed";
            else if (string.IsNullOrWhiteSpace(line)) continue;
            else if (!hasColumns)
            {
                hasColumns = true; // told once
                if (line.Trim() != Columns) fault = $"'{Cut(line)}': the columns {Columns} are needed first";
            }
            else fault = Take(line, counts);
            if (fault is not null) faults.Add($"{name}:{number}: {fault}");
            if (faults.Count >= FaultsMax || number > LinesMax) break;
        }

        if (faults.Count == 0 && counts.Count == 0) faults.Add($"{name}: no fingerprint in it");
        if (faults.Count > 0) throw new InvalidDataException(string.Join('\n', faults));
        return Of(counts);
    }

    /// <summary>Writes the map as <see cref="Load"/> reads it.</summary>
    public void Save(string path)
    {
        var text = new StringBuilder().Append(Version).Append('\n').Append(Columns).Append('\n');
        foreach (var one in Fingerprints)
        {
            foreach (var (dbm, count) in one.Counts)
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"{one.Scanner},{one.AtM.X:0.###},{one.AtM.Y:0.###},{one.AtM.Z:0.###},{dbm},{count}\n");
            }
        }

        string made = path + ".new";
        File.WriteAllText(made, text.ToString());
        File.Move(made, path, overwrite: true);
    }

    /// <summary>The map without a scanner, or of some places only: for trying it on what it has not seen.</summary>
    public FingerprintMap Where(Func<Fingerprint, bool> isKept) => new(Fingerprints.Where(isKept));

    static FingerprintMap Of(Dictionary<(string Scanner, Vector3 AtM), SortedDictionary<int, int>> counts)
    {
        if (counts.Keys.Select(one => one.AtM).Distinct().Count() <= PlacesMax)
        {
            return new FingerprintMap(counts
                .OrderBy(one => one.Key.Scanner, StringComparer.Ordinal)
                .ThenBy(one => one.Key.AtM.X).ThenBy(one => one.Key.AtM.Y).ThenBy(one => one.Key.AtM.Z)
                .Select(one => new Fingerprint(one.Key.Scanner, one.Key.AtM, one.Value.ToImmutableSortedDictionary())));
        }

        return Build(counts.SelectMany(one => one.Value.SelectMany(entry => Enumerable.Repeat(
            new HeardPower(one.Key.Scanner, one.Key.AtM, entry.Key), Math.Min(entry.Value, 100)))));
    }

    static string? Take(string line, Dictionary<(string, Vector3), SortedDictionary<int, int>> counts)
    {
        string[] cells = line.Split(',');
        if (cells.Length != 6) return $"{cells.Length} columns: {Columns} are needed";
        string scanner = cells[0].Trim();
        if (scanner.Length is 0 or > 200) return "scanner: a name of 1 to 200 characters is needed";
        Span<float> at = stackalloc float[3];
        for (int i = 0; i < 3; i++)
        {
            if (!float.TryParse(cells[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out at[i])
                || !(Math.Abs(at[i]) <= FarthestM))
            {
                string name = Columns.Split(',')[i + 1];
                return $"{name} is '{Cut(cells[i + 1])}': metres, within {FarthestM} of the origin";
            }
        }

        if (!int.TryParse(cells[4], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int dbm)
            || dbm is < DbmMin or > DbmMax)
            return $"rssi_dbm is '{Cut(cells[4])}': a whole number from {DbmMin} to {DbmMax} is needed";
        if (!int.TryParse(cells[5], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            || count is < 1 or > 10_000_000)
            return $"count is '{Cut(cells[5])}': a whole number from 1 to 10000000 is needed";
        var key = (scanner, new Vector3(at[0], at[1], at[2]));
        if (!counts.TryGetValue(key, out var histogram)) counts[key] = histogram = [];
        return histogram.TryAdd(dbm, count) ? null : $"{dbm} dBm of {scanner} at this place is there already";
    }

    static string Cut(string text) => text.Length <= 40 ? text : text[..40] + "...";

    static bool IsNear(Vector3 at) =>
        Math.Abs(at.X) <= FarthestM && Math.Abs(at.Y) <= FarthestM && Math.Abs(at.Z) <= FarthestM;

    static (int, int) Square(Vector3 at, double squareM) =>
        ((int)Math.Floor(at.X / squareM), (int)Math.Floor(at.Y / squareM));

    static Vector3 Middle(IReadOnlyList<Vector3> places) =>
        new(places.Average(at => at.X), places.Average(at => at.Y), places.Average(at => at.Z));
}
