using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>One packet as a scanner heard it, of a tag whose place is known.</summary>
readonly record struct HeardPower(string Scanner, Vector3 AtM, double Dbm);

/// <summary>How one scanner hears tags: power falls with the logarithm of the distance.</summary>
/// <param name="AtOneMetreDbm">received power at 1 m, dBm</param>
/// <param name="Exponent">2 in free space</param>
/// <param name="SigmaDb">standard deviation of what the law leaves over: shadowing, bodies, fading</param>
readonly record struct PathLoss(string Scanner, double AtOneMetreDbm, double Exponent, double SigmaDb)
{
    /// <summary>Nearer than this the law does not hold: antennas' near field, the tag's own holder.</summary>
    public const double NearestM = 0.5;

    /// <summary>Expected power at a distance, dBm.</summary>
    public double PowerDbm(double distanceM) =>
        AtOneMetreDbm - (10 * Exponent * Math.Log10(Math.Max(NearestM, distanceM)));
}

/// <summary>One scanner's law with how far it can be believed.</summary>
/// <param name="Readings">it was fitted to</param>
/// <param name="InterceptError">standard error of the power at 1 m, dB, as if readings were independent</param>
/// <param name="ExponentError">standard error of the exponent, likewise</param>
readonly record struct ScannerFit(PathLoss Law, int Readings, double InterceptError, double ExponentError);

/// <summary>
/// Path loss by scanner from a walk whose places are known: least squares on log distance, drawn to what is usual
/// indoors where the walk says little.
/// </summary>
static class PathLossFit
{
    // Published fits for BLE indoors: -57 to -66 dBm at 1 m, exponents 1 to 2.3. They enter as a prior of this width,
    // worth one reading of an ordinary residual: a walk of a minute has a hundred.
    const double UsualDbm = -60, UsualExponent = 2, UsualDbmSigma = 10, ExponentSigma = 0.7, ReadingSigmaDb = 4;

    /// <summary>Fewer readings of a scanner than this make no law.</summary>
    public const int ReadingsMin = 20;

    /// <summary>
    /// The laws of all scanners that stand somewhere and were heard often enough, in order of their names. A scanner
    /// nobody placed is left out.
    /// </summary>
    /// <param name="least">readings a scanner needs</param>
    public static ImmutableArray<ScannerFit> Fit(
        IEnumerable<HeardPower> walk, IReadOnlyList<Station> stations, int least = ReadingsMin)
    {
        var places = stations.ToDictionary(station => station.Id, station => station.PositionM, StringComparer.Ordinal);
        var sums = new SortedDictionary<string, Sums>(StringComparer.Ordinal);
        foreach (var heard in walk)
        {
            if (!places.TryGetValue(heard.Scanner, out var from) || !double.IsFinite(heard.Dbm)) continue;
            double slope = Slope(Vector3.Distance(heard.AtM, from));
            sums[heard.Scanner] = sums.GetValueOrDefault(heard.Scanner).With(slope, heard.Dbm);
        }

        return [.. sums.Where(one => one.Value.Count >= least).Select(one => Solve(one.Key, one.Value))];
    }

    /// <summary>What the exponent is multiplied with in the law: -10 lg d.</summary>
    static double Slope(double distanceM) => -10 * Math.Log10(Math.Max(PathLoss.NearestM, distanceM));

    static ScannerFit Solve(string scanner, in Sums s)
    {
        const double variance = ReadingSigmaDb * ReadingSigmaDb;
        double w0 = variance / (UsualDbmSigma * UsualDbmSigma), w1 = variance / (ExponentSigma * ExponentSigma);
        double a = s.Count + w0, b = s.X, c = s.Xx + w1;
        double p = s.Y + (w0 * UsualDbm), q = s.Xy + (w1 * UsualExponent);
        double det = (a * c) - (b * b); // above 0: both weights are
        double intercept = ((c * p) - (b * q)) / det, exponent = ((a * q) - (b * p)) / det;
        double squares = s.Yy - (2 * intercept * s.Y) - (2 * exponent * s.Xy) + (intercept * intercept * s.Count)
            + (2 * intercept * exponent * s.X) + (exponent * exponent * s.Xx);
        double residual = Math.Max(0, squares) / Math.Max(1, s.Count - 2);
        return new ScannerFit(
            new PathLoss(scanner, intercept, exponent, Math.Sqrt(residual)), s.Count,
            Math.Sqrt(residual * c / det), Math.Sqrt(residual * a / det));
    }

    readonly record struct Sums(int Count, double X, double Y, double Xx, double Xy, double Yy)
    {
        public Sums With(double x, double y) => new(
            Count + 1, X + x, Y + y, Xx + (x * x), Xy + (x * y), Yy + (y * y));
    }
}
