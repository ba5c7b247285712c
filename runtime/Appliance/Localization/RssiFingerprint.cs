using System.Numerics;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// Received powers by a survey: the histograms' means and deviations, carried from the surveyed places to every cell
/// by Gaussian-process regression of what the law of path loss leaves over (kernel exp(-d / l); Rasmussen and
/// Williams, 2006, chapter 2). Length, size and noise are those that best foretell each place from the others
/// (section 5.4.2, leave one out).
/// </summary>
static class RssiFingerprint
{
    /// <summary>
    /// How far a moving tag's power strays from a surveyed one that stands, dB: the carrier's body and way of holding
    /// it. Recorded walks are located alike with 2 to 6 dB.
    /// </summary>
    public const double BodyDb = 4;

    // A scanner heard at fewer places than this has no map; fewer readings than this at a place are no fingerprint.
    const int PlacesMin = 5, ReadingsMin = 2;

    // Places with few readings have the pooled deviation, as if this many readings had shown it.
    const double PooledReadings = 3;

    // Choosing lengths on so many places inverts small matrices only.
    const int ChosenOn = 128;

    // A survey ends about where people can go, metres.
    const float EdgeM = 1;

    static readonly double[] LengthsM = [1, 1.5, 2, 3, 4, 6, 8], NoiseRatios = [0.15, 0.3, 0.5, 0.7, 1, 1.5];

    /// <summary>What all scanners of a map are expected to hear, on the floor that was surveyed.</summary>
    /// <exception cref="ArgumentException">no scanner was heard at enough places</exception>
    public static RssiField Field(FingerprintMap map, IReadOnlyList<Station> stations) => Field(
        FloorGrid.Around(map.Fingerprints.Select(one => one.AtM), EdgeM, FloorGrid.UsualM), map, stations);

    /// <summary>What all scanners of the map are expected to hear.</summary>
    /// <param name="stations">where scanners stand; one that nobody placed has its own mean for a law</param>
    /// <exception cref="ArgumentException">no scanner was heard at enough places</exception>
    public static RssiField Field(FloorGrid grid, FingerprintMap map, IReadOnlyList<Station> stations)
    {
        var surveys = map.Fingerprints.Where(one => one.Readings >= ReadingsMin)
            .GroupBy(one => one.Scanner, StringComparer.Ordinal).Where(scanner => scanner.Count() >= PlacesMin)
            .Take(RssiField.ScannersMax).Select(scanner => Survey.Of(scanner.Key, [.. scanner], stations)).ToList();
        if (surveys.Count == 0)
            throw new ArgumentException($"a fingerprint map needs a scanner heard at {PlacesMin} places or more");
        var kernel = Choose(surveys);
        double tagHeightM = map.Fingerprints.Average(one => one.AtM.Z);
        int count = surveys.Count;
        float[][] mean = new float[count][], fast = new float[count][], slow = new float[count][];
        // Scanners heard at the same places share the weights of these, which are large: one set at a time.
        foreach (var same in Enumerable.Range(0, count).GroupBy(i => surveys[i].PlacesKey, StringComparer.Ordinal))
        {
            var smoothing = new Smoothing(grid, surveys[same.First()].Places, kernel);
            foreach (int i in same)
            {
                mean[i] = surveys[i].Law is { } law
                    ? RssiPathLoss.Means(grid, law, surveys[i].ScannerM, tagHeightM) : new float[grid.Length];
                (fast[i], slow[i]) = Carry(surveys[i], smoothing, mean[i]);
            }
        }

        return new RssiField(grid, [.. surveys.Select(survey => survey.Scanner)], mean, fast, slow);
    }

    static (float[] Fast, float[] Slow) Carry(Survey survey, Smoothing smoothing, float[] mean)
    {
        float[] fast = new float[mean.Length], slow = new float[mean.Length];
        for (int cell = 0; cell < mean.Length; cell++)
        {
            double log = smoothing.At(cell, survey.LogDeviations) + survey.LogDeviation;
            mean[cell] += (float)(smoothing.At(cell, survey.Residuals) + survey.Mean);
            fast[cell] = (float)Math.Exp(2 * Math.Clamp(log, 0, 2.5)); // 1 to 12 dB
            slow[cell] = (float)((BodyDb * BodyDb) + smoothing.Variance(cell));
        }

        return (fast, slow);
    }

    /// <summary>The kernel under which all scanners' places, each left out in turn, are likeliest.</summary>
    static Kernel Choose(List<Survey> surveys)
    {
        var few = surveys.Select(survey => survey.Every(1 + ((survey.Places.Length - 1) / ChosenOn))).ToList();
        (double Likelihood, Kernel Kernel) best = (double.NegativeInfinity, default);
        foreach (double length in LengthsM)
        {
            foreach (double ratio in NoiseRatios)
            {
                double squares = 0, logs = 0;
                int count = 0;
                var inverses = new Dictionary<string, double[,]>(StringComparer.Ordinal);
                foreach (var survey in few)
                {
                    if (!inverses.TryGetValue(survey.PlacesKey, out double[,]? inverse))
                        inverses[survey.PlacesKey] = inverse = Smoothing.Inverse(survey.Places, length, ratio);
                    LeaveOneOut(inverse, survey.Residuals, ref squares, ref logs);
                    count += survey.Places.Length;
                }

                double size = squares / count; // the kernel's own size then has its likeliest value
                double likelihood = (-0.5 * logs) - (0.5 * count * Math.Log(Math.Max(size, 1e-6)));
                if (likelihood > best.Likelihood) best = (likelihood, new Kernel(length, ratio, size));
            }
        }

        return best.Kernel;
    }

    static void LeaveOneOut(double[,] inverse, double[] residuals, ref double squares, ref double logs)
    {
        for (int i = 0; i < residuals.Length; i++)
        {
            double sum = 0;
            for (int j = 0; j < residuals.Length; j++) sum += inverse[i, j] * residuals[j];
            squares += sum * sum / inverse[i, i]; // error^2 / variance, with error sum / inverse_ii
            logs -= Math.Log(inverse[i, i]);
        }
    }

    /// <param name="NoiseRatio">of a place's own error to the kernel's deviation</param>
    /// <param name="Variance">the kernel's size, dB^2</param>
    readonly record struct Kernel(double LengthM, double NoiseRatio, double Variance);

    /// <summary>One scanner's places, ready for regression.</summary>
    /// <param name="PlacesKey">the same for scanners heard at the same places</param>
    /// <param name="Residuals">means less the law and their own mean, dB</param>
    /// <param name="LogDeviations">logarithms of deviations less their own mean</param>
    sealed record Survey(
        string Scanner, Vector3 ScannerM, PathLoss? Law, Vector2[] Places, string PlacesKey, double Mean,
        double[] Residuals, double LogDeviation, double[] LogDeviations)
    {
        public static Survey Of(string scanner, Fingerprint[] heard, IReadOnlyList<Station> stations)
        {
            var fits = PathLossFit.Fit(
                heard.Select(one => new HeardPower(scanner, one.AtM, one.MeanDbm)), stations, PlacesMin);
            PathLoss? law = fits.IsEmpty ? null : fits[0].Law;
            var scannerM = stations.FirstOrDefault(station => station.Id == scanner)?.PositionM ?? default;
            double[] means = [.. heard.Select(one =>
                one.MeanDbm - (law?.PowerDbm(Vector3.Distance(one.AtM, scannerM)) ?? 0))];
            double pooled = heard.Sum(one => one.Variance * one.Readings) / heard.Sum(one => (double)one.Readings);
            double[] logs = [.. heard.Select(one => 0.5 * Math.Log(Math.Max(1,
                ((one.Variance * one.Readings) + (pooled * PooledReadings)) / (one.Readings + PooledReadings))))];
            // With a law the residuals are drawn to it; without one to their own mean.
            double mean = law is null ? means.Average() : 0;
            double log = logs.Average();
            Vector2[] places = [.. heard.Select(one => new Vector2(one.AtM.X, one.AtM.Y))];
            return new Survey(scanner, scannerM, law, places, string.Join(' ', places), mean,
                [.. means.Select(one => one - mean)], log, [.. logs.Select(one => one - log)]);
        }

        /// <summary>Every n-th place only.</summary>
        public Survey Every(int n) => n <= 1 ? this : this with
        {
            Places = [.. Places.Where((_, i) => i % n == 0)],
            Residuals = [.. Residuals.Where((_, i) => i % n == 0)],
            LogDeviations = [.. LogDeviations.Where((_, i) => i % n == 0)],
        };
    }

    /// <summary>By cell, how much each place's residual counts there, and what stays unknown.</summary>
    sealed class Smoothing
    {
        readonly double[][] _weights;
        readonly double[] _variance;

        public Smoothing(FloorGrid grid, Vector2[] places, Kernel kernel)
        {
            double[,] inverse = Inverse(places, kernel.LengthM, kernel.NoiseRatio);
            int n = places.Length;
            _weights = new double[grid.Length][];
            _variance = new double[grid.Length];
            double[] near = new double[n];
            for (int cell = 0; cell < grid.Length; cell++)
            {
                var at = new Vector2(grid.X[cell], grid.Y[cell]);
                for (int i = 0; i < n; i++) near[i] = Math.Exp(-Vector2.Distance(at, places[i]) / kernel.LengthM);
                double[] weights = _weights[cell] = new double[n];
                double known = 0;
                for (int i = 0; i < n; i++)
                {
                    double sum = 0;
                    for (int j = 0; j < n; j++) sum += inverse[i, j] * near[j];
                    weights[i] = sum;
                    known += sum * near[i];
                }

                _variance[cell] = kernel.Variance * Math.Max(0, 1 - known);
            }
        }

        public double At(int cell, double[] values)
        {
            double[] weights = _weights[cell];
            double sum = 0;
            for (int i = 0; i < values.Length; i++) sum += weights[i] * values[i];
            return sum;
        }

        public double Variance(int cell) => _variance[cell];

        /// <summary>Of the places' correlation with the noise on its diagonal, by Cholesky's factor.</summary>
        public static double[,] Inverse(Vector2[] places, double lengthM, double noiseRatio)
        {
            int n = places.Length;
            double[,] factor = new double[n, n];
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    double sum = Math.Exp(-Vector2.Distance(places[i], places[j]) / lengthM);
                    if (i == j) sum += noiseRatio * noiseRatio;
                    for (int k = 0; k < j; k++) sum -= factor[i, k] * factor[j, k];
                    factor[i, j] = i == j ? Math.Sqrt(sum) : sum / factor[j, j];
                }
            }

            return OfFactor(factor, n);
        }

        static double[,] OfFactor(double[,] factor, int n)
        {
            double[,] lower = new double[n, n], inverse = new double[n, n]; // lower: the factor's own inverse
            for (int column = 0; column < n; column++)
            {
                for (int i = column; i < n; i++)
                {
                    double sum = i == column ? 1 : 0;
                    for (int k = column; k < i; k++) sum -= factor[i, k] * lower[k, column];
                    lower[i, column] = sum / factor[i, i];
                }
            }

            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    double sum = 0;
                    for (int k = i; k < n; k++) sum += lower[k, i] * lower[k, j];
                    inverse[i, j] = inverse[j, i] = sum;
                }
            }

            return inverse;
        }
    }
}
