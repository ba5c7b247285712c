using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>A tag's readings with where it truly was.</summary>
/// <param name="Readings">in order of time</param>
/// <param name="Truth">seconds on the readings' clock and places, in order of time</param>
sealed record RecordedTag(
    string Name, IReadOnlyList<Station> Stations, IReadOnlyList<Observation> Readings,
    IReadOnlyList<(double T, Vector3 AtM)> Truth)
{
    public const string Tag = "T";

    /// <summary>Asked so far apart, seconds.</summary>
    const double StepS = .1;

    /// <summary>Where it was, straight between the instants the truth has.</summary>
    public Vector3 TrueM(double t)
    {
        int low = 0, high = Truth.Count - 1;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Truth[middle].T <= t) low = middle;
            else high = middle;
        }

        double share = Math.Clamp((t - Truth[low].T) / (Truth[high].T - Truth[low].T), 0, 1);
        return Vector3.Lerp(Truth[low].AtM, Truth[high].AtM, (float)share);
    }

    /// <summary>
    /// Fixes between two times, each asked when all readings up to <paramref name="lagS"/> after it have come and none
    /// later.
    /// </summary>
    public IReadOnlyList<Fix> Fixes(RadioSettings settings, double lagS, double from, double to)
    {
        var locator = new Locator(settings, Stations);
        var fixes = new List<Fix>();
        double asked = from;
        foreach (var reading in Readings)
        {
            while (asked <= to && asked + lagS < reading.At.Seconds) Ask();
            locator.Take([reading]);
        }

        while (asked <= to) Ask();
        return fixes;

        void Ask()
        {
            if (locator.TryFixAt(Tag, MonoTime.FromSeconds(asked), out var fix)) fixes.Add(fix);
            asked += StepS;
        }
    }

    /// <summary>Lines of numbers in a file with a line of names; null when one does not parse.</summary>
    public static IReadOnlyList<double[]>? Numbers(string path)
    {
        var rows = new List<double[]>();
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            if (line.Length == 0) continue;
            string[] cells = line.Split(',');
            double[] row = new double[cells.Length];
            for (int i = 0; i < cells.Length; i++)
            {
                if (!double.TryParse(cells[i], NumberStyles.Float, CultureInfo.InvariantCulture, out row[i]))
                    return null;
            }

            rows.Add(row);
        }

        return rows;
    }
}

/// <summary>How far fixes are from the truth.</summary>
sealed class FixErrors
{
    readonly double[] _metres;

    /// <param name="truth">where it was at a fix's time, seconds</param>
    /// <param name="inSpace">heights count, and are known</param>
    public FixErrors(IReadOnlyList<Fix> fixes, Func<double, Vector3> truth, bool inSpace)
    {
        double within = 0;
        int axes = inSpace ? 3 : 2;
        _metres = new double[fixes.Count];
        for (int i = 0; i < fixes.Count; i++)
        {
            var fix = fixes[i];
            var true3 = truth(fix.At.Seconds);
            double x = fix.PositionM.X - true3.X, y = fix.PositionM.Y - true3.Y, z = 0;
            within += Inside(x, fix.Covariance.Xx) + Inside(y, fix.Covariance.Yy);
            if (inSpace)
            {
                z = (fix.HeightM ?? double.NaN) - true3.Z;
                within += Inside(z, fix.HeightVariance ?? 0);
            }

            _metres[i] = Math.Sqrt((x * x) + (y * y) + (z * z));
        }

        Inner = within;
        Axes = axes * fixes.Count;
        Array.Sort(_metres);

        static int Inside(double error, double variance) => error * error <= variance ? 1 : 0;
    }

    public int Count => _metres.Length;

    /// <summary>Errors along an axis that are within one stated deviation, of <see cref="Axes"/>.</summary>
    public double Inner { get; }

    public int Axes { get; }

    public double? Rms => Count == 0 ? null : Math.Sqrt(_metres.Average(m => m * m));

    public double? Quantile(double share) => Count == 0 ? null : _metres[(int)(share * (Count - 1))];
}
