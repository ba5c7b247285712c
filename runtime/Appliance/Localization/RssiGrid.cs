using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Where a tag is by received power, at the end of a filter.</summary>
/// <param name="VelocityMps">mean velocity</param>
/// <param name="OffsetDb">by how much this tag is heard louder than the field says</param>
readonly record struct RssiEstimate(Vector2 PositionM, Vector2 VelocityMps, Covariance2 Covariance, double OffsetDb);

/// <summary>
/// Where one tag can be, by received power: a histogram filter over the floor's open cells and thirteen velocities
/// (Thrun, Burgard and Fox, Probabilistic Robotics, 2005, section 8.3), in steps of half a second. Of one scanner's
/// readings in a step their mean counts. Filtered estimates use readings up to now; <see cref="Smooth"/> corrects the
/// last steps by those after them (forward and backward, Rabiner 1989). Nothing is allocated after the start.
/// </summary>
sealed class RssiGrid
{
    /// <summary>
    /// A step, seconds: at two readings a second of each scanner one falls in each, and a walker goes a cell.
    /// </summary>
    public const double StepS = 0.5;

    /// <summary>How many steps before the newest are corrected by what came after.</summary>
    public const int Lag = 4;

    // Speeds along an axis, m/s: a walker's, half of it, none. Those of both axes make 13 velocities up to 1.5 m/s.
    const float SlowMps = 0.75f, FastMps = 1.5f;

    static readonly float[] Speeds = [-FastMps, -SlowMps, 0, SlowMps, FastMps];

    // Velocity is an Ornstein-Uhlenbeck process: renewed over three seconds, with this deviation along each axis.
    // Walkers of 1.4 m/s who stand half of the time have 0.7; recordings score alike from 0.4 to 0.7.
    const double RenewedS = 3, SpeedSigmaMps = 0.6;

    // Shadowing stays for metres: readings of one scanner within a second are as good as one. With StepS this makes a
    // step's likelihood the square root of Student's t density of three degrees, which is 1 / (1 + z^2 / 3) / sqrt(s).
    const double IndependentS = 1, DegreesOfFreedom = 3;

    // Somewhere else altogether, each step: a tag may have been carried off unheard.
    const float ElsewhereShare = 1e-6f;

    // The tag's own power and wearing: a walk of 4 dB between tags, 0.1 dB per square root of a second in one.
    const double OffsetSigmaDb = 4, OffsetWalk = 0.01, ReadingVariance = 36, OffsetFloor = 4, InnovationMaxDb = 10;

    readonly RssiField _field;
    readonly FloorGrid _grid;
    readonly Velocity[] _velocities;
    readonly float[] _turns; // from, to: chances of velocities
    readonly Kernel[] _kernels; // by speed: -1.5 to 1.5
    readonly float[] _prior;
    readonly float[][] _filtered; // by step, newest last: velocities x cells
    readonly float[][] _likelihoods; // by step: cells
    readonly float[] _moved;
    readonly float[] _row;
    readonly float[] _backward;
    readonly float[] _marginal;
    readonly RssiEstimate[] _estimates = new RssiEstimate[Lag + 1];
    double _offset, _offsetVariance;
    int _steps;

    public RssiGrid(RssiField field)
    {
        _field = field;
        _grid = field.Grid;
        _kernels = [.. Speeds.Select(speed => Kernel.Of(speed, _grid.CellM))];
        _velocities = [.. Velocities()];
        (_turns, _prior) = Turns(_velocities);
        int states = _velocities.Length * _grid.Length;
        _filtered = [.. Enumerable.Range(0, Lag + 1).Select(_ => new float[states])];
        _likelihoods = [.. Enumerable.Range(0, Lag + 1).Select(_ => new float[_grid.Length])];
        _moved = new float[states];
        _backward = new float[states];
        _row = new float[_grid.Length];
        _marginal = new float[_grid.Length];
        Reset();
    }

    /// <summary>Steps since the start, at most as many as are remembered.</summary>
    public int Remembered => Math.Min(_steps, Lag + 1);

    /// <summary>Anywhere, at any usual speed.</summary>
    public void Reset()
    {
        _steps = 0;
        _offset = 0;
        _offsetVariance = OffsetSigmaDb * OffsetSigmaDb;
    }

    /// <summary>
    /// One step on: moves, then weighs with the readings taken in the step.
    /// </summary>
    /// <param name="sums">by scanner: the readings' sum, dBm</param>
    /// <param name="counts">by scanner: how many</param>
    public void Step(ReadOnlySpan<float> sums, ReadOnlySpan<int> counts)
    {
        // The oldest arrays are the next newest.
        Rotate(_filtered);
        Rotate(_likelihoods);
        float[] now = _filtered[Lag], likelihood = _likelihoods[Lag];
        if (_steps == 0) Spread(now);
        else Predict(_filtered[Lag - 1], now);
        Weigh(sums, counts, likelihood);
        float total = 0;
        for (int v = 0; v < _velocities.Length; v++) total += Multiply(Of(now, v), likelihood);
        Leak(now, total);
        _steps = Math.Min(_steps + 1, Lag + 1);
        _estimates[Lag] = Judge(now, null);
        LearnOffset(sums, counts);
    }

    /// <summary>The newest step's, by readings up to its end; it is for the step's middle.</summary>
    public RssiEstimate Filtered => _estimates[Lag];

    /// <summary>
    /// A step's, so many steps before the newest, by all readings so far; after <see cref="Smooth"/>.
    /// </summary>
    public RssiEstimate Smoothed(int before) => _estimates[Lag - before];

    /// <summary>Corrects the remembered steps by those after them.</summary>
    public void Smooth()
    {
        Array.Fill(_backward, 1f);
        for (int before = 1; before < Remembered; before++)
        {
            float[] likelihood = _likelihoods[Lag - before + 1];
            float most = 0;
            for (int v = 0; v < _velocities.Length; v++)
            {
                var part = Of(_backward, v);
                Multiply(part, likelihood);
                most = Math.Max(most, Most(part));
            }

            Scale(_backward, 1 / most);
            // What comes after a velocity is a mix of what comes after those it turns to; then each moves back.
            Mix(_backward, _moved, isBack: true);
            for (int v = 0; v < _velocities.Length; v++) Move(Of(_moved, v), Of(_backward, v), v, isBack: true);
            _estimates[Lag - before] = Judge(_filtered[Lag - before], _backward);
        }
    }

    // Moves by each velocity, then lets velocities turn.
    void Predict(float[] before, float[] now)
    {
        for (int v = 0; v < _velocities.Length; v++) Move(Of(before, v), Of(_moved, v), v, isBack: false);
        Mix(_moved, now, isBack: false);
        for (int v = 0; v < _velocities.Length; v++) Multiply(Of(now, v), _grid.Open);
    }

    void Mix(float[] from, float[] into, bool isBack)
    {
        int count = _velocities.Length;
        for (int to = 0; to < count; to++)
        {
            var sum = Of(into, to);
            sum.Clear();
            for (int other = 0; other < count; other++)
            {
                float chance = isBack ? _turns[(to * count) + other] : _turns[(other * count) + to];
                if (chance > 0) AddScaled(Of(from, other), sum, chance, shift: 0);
            }
        }
    }

    void Move(ReadOnlySpan<float> from, Span<float> into, int velocity, bool isBack)
    {
        var (x, y) = (_kernels[_velocities[velocity].X], _kernels[_velocities[velocity].Y]);
        int sign = isBack ? -1 : 1;
        _row.AsSpan().Clear();
        for (int i = 0; i < x.Weights.Length; i++) AddScaled(from, _row, x.Weights[i], sign * (x.First + i));
        into.Clear();
        for (int i = 0; i < y.Weights.Length; i++)
            AddScaled(_row, into, y.Weights[i], sign * (y.First + i) * _grid.Stride);
        // What left a row at its end lies in the closed cells there: back to nothing before it enters the next row.
        Multiply(into, _grid.Open);
    }

    void Weigh(ReadOnlySpan<float> sums, ReadOnlySpan<int> counts, Span<float> likelihood)
    {
        const int ScaledEach = 4; // twelve scanners that all disagree would leave no float above zero
        _grid.Open.CopyTo(likelihood);
        int weighed = 0;
        for (int s = 0; s < counts.Length; s++)
        {
            if (counts[s] == 0) continue;
            float read = (sums[s] / counts[s]) - (float)_offset;
            Weigh(read, 1f / counts[s], _field.MeanDbm(s), _field.Fast(s), _field.Slow(s), likelihood);
            if (++weighed % ScaledEach == 0) Scale(likelihood, 1 / Most(likelihood));
        }

        float most = Most(likelihood);
        if (most > 0) Scale(likelihood, 1 / most);
    }

    // Times 1 / (1 + z^2 / 3) / sqrt(s), z = (read - mean) / s, of a mean of readings: s^2 = fast / n + slow.
    static void Weigh(
        float read, float perReading, ReadOnlySpan<float> mean, ReadOnlySpan<float> fast, ReadOnlySpan<float> slow,
        Span<float> likelihood)
    {
        const float third = (float)(1 / DegreesOfFreedom);
        int width = Vector<float>.Count, i = 0;
        var (vRead, vPer, vThird) = (new Vector<float>(read), new Vector<float>(perReading), new Vector<float>(third));
        for (; i <= likelihood.Length - width; i += width)
        {
            var variance = (new Vector<float>(fast[i..]) * vPer) + new Vector<float>(slow[i..]);
            var off = vRead - new Vector<float>(mean[i..]);
            // Both sides times the variance: v / (v + d^2 / 3), and 1 / sqrt(s) is v^(-1/4).
            var factor = Vector.SquareRoot(Vector.SquareRoot(variance * variance * variance))
                / (variance + (off * off * vThird));
            (new Vector<float>(likelihood[i..]) * factor).CopyTo(likelihood[i..]);
        }

        for (; i < likelihood.Length; i++)
        {
            float variance = (fast[i] * perReading) + slow[i], off = read - mean[i];
            likelihood[i] *= MathF.Sqrt(MathF.Sqrt(variance * variance * variance)) / (variance + (off * off * third));
        }
    }

    // The common part of all scanners' innovations is the tag's.
    void LearnOffset(ReadOnlySpan<float> sums, ReadOnlySpan<int> counts)
    {
        double innovation = 0;
        int heard = 0;
        for (int s = 0; s < counts.Length; s++)
        {
            if (counts[s] == 0) continue;
            double expected = Dot(_marginal, _field.MeanDbm(s));
            innovation += Math.Clamp(
                (sums[s] / counts[s]) - _offset - expected, -InnovationMaxDb, InnovationMaxDb);
            heard++;
        }

        _offsetVariance += OffsetWalk * StepS;
        if (heard == 0) return;
        double variance = ((ReadingVariance / heard) + OffsetFloor) * IndependentS / StepS;
        double gain = _offsetVariance / (_offsetVariance + variance);
        _offset += gain * innovation / heard;
        _offsetVariance *= 1 - gain;
    }

    // Mean and covariance of the filtered chances times what came after, and the cells' chances whatever the velocity.
    RssiEstimate Judge(float[] filtered, float[]? after)
    {
        _marginal.AsSpan().Clear();
        double total = 0, vx = 0, vy = 0;
        for (int v = 0; v < _velocities.Length; v++)
        {
            double share = after is null
                ? AddTo(_marginal, Of(filtered, v)) : AddProduct(_marginal, Of(filtered, v), Of(after, v));
            total += share;
            vx += share * _velocities[v].XMps;
            vy += share * _velocities[v].YMps;
        }

        double mx = Dot(_marginal, _grid.X) / total, my = Dot(_marginal, _grid.Y) / total;
        double xx = 0, xy = 0, yy = 0;
        for (int cell = 0; cell < _marginal.Length; cell++)
        {
            float chance = _marginal[cell];
            if (chance == 0) continue;
            double dx = _grid.X[cell] - mx, dy = _grid.Y[cell] - my;
            xx += chance * dx * dx;
            xy += chance * dx * dy;
            yy += chance * dy * dy;
        }

        return new RssiEstimate(
            new Vector2((float)mx, (float)my), new Vector2((float)(vx / total), (float)(vy / total)),
            new Covariance2(xx / total, xy / total, yy / total), _offset);
    }

    void Spread(float[] now)
    {
        for (int v = 0; v < _velocities.Length; v++)
        {
            var part = Of(now, v);
            _grid.Open.CopyTo(part);
            Scale(part, _prior[v] / _grid.OpenCells);
        }
    }

    // To a sum of one, with a little everywhere.
    void Leak(float[] now, float total)
    {
        if (!(total > 0))
        {
            Spread(now); // no cell could be told from another
            return;
        }

        for (int v = 0; v < _velocities.Length; v++)
        {
            var part = Of(now, v);
            Scale(part, (1 - ElsewhereShare) / total);
            AddScaled(_grid.Open, part, ElsewhereShare * _prior[v] / _grid.OpenCells, shift: 0);
        }
    }

    Span<float> Of(float[] states, int velocity) => states.AsSpan(velocity * _grid.Length, _grid.Length);

    static void Rotate(float[][] ring)
    {
        float[] oldest = ring[0];
        for (int i = 1; i < ring.Length; i++) ring[i - 1] = ring[i];
        ring[^1] = oldest;
    }

    static IEnumerable<Velocity> Velocities()
    {
        for (int y = 0; y < Speeds.Length; y++)
        {
            for (int x = 0; x < Speeds.Length; x++)
            {
                if ((Speeds[x] * Speeds[x]) + (Speeds[y] * Speeds[y]) <= FastMps * FastMps * 1.01f)
                    yield return new Velocity(x, y, Speeds[x], Speeds[y]);
            }
        }
    }

    // Chances of turning within a step, from and to, and of a velocity nothing is known of.
    static (float[] Turns, float[] Prior) Turns(Velocity[] velocities)
    {
        int count = velocities.Length;
        float[] turns = new float[count * count], prior = new float[count];
        double kept = Math.Exp(-StepS / RenewedS);
        double variance = SpeedSigmaMps * SpeedSigmaMps * (1 - (kept * kept));
        // Between coarse speeds a small change would never happen: at least 0.4 of their spacing.
        variance = Math.Max(variance, 0.4 * SlowMps * 0.4 * SlowMps);
        for (int from = 0; from < count; from++)
        {
            double sum = 0;
            for (int to = 0; to < count; to++)
            {
                double dx = velocities[to].XMps - (kept * velocities[from].XMps);
                double dy = velocities[to].YMps - (kept * velocities[from].YMps);
                double chance = Math.Exp(-((dx * dx) + (dy * dy)) / (2 * variance));
                turns[(from * count) + to] = chance < 1e-4 ? 0 : (float)chance;
                sum += turns[(from * count) + to];
            }

            for (int to = 0; to < count; to++) turns[(from * count) + to] /= (float)sum;
            double speed = (velocities[from].XMps * velocities[from].XMps)
                + (velocities[from].YMps * velocities[from].YMps);
            prior[from] = (float)Math.Exp(-speed / (2 * SpeedSigmaMps * SpeedSigmaMps));
        }

        float all = prior.Sum();
        for (int v = 0; v < count; v++) prior[v] /= all;
        return (turns, prior);
    }

    // into[i] += weight * from[i - shift].
    static void AddScaled(ReadOnlySpan<float> from, Span<float> into, float weight, int shift)
    {
        if (Math.Abs(shift) >= from.Length) return;
        int overlap = from.Length - Math.Abs(shift);
        from = from.Slice(Math.Max(0, -shift), overlap);
        into = into.Slice(Math.Max(0, shift), overlap);
        int whole = from.Length - (from.Length % Vector<float>.Count);
        var reads = MemoryMarshal.Cast<float, Vector<float>>(from[..whole]);
        var sums = MemoryMarshal.Cast<float, Vector<float>>(into[..whole]);
        var factor = new Vector<float>(weight);
        for (int i = 0; i < sums.Length; i++) sums[i] += reads[i] * factor;
        for (int i = whole; i < into.Length; i++) into[i] += from[i] * weight;
    }

    static float Multiply(Span<float> values, ReadOnlySpan<float> factors)
    {
        int whole = values.Length - (values.Length % Vector<float>.Count);
        var products = MemoryMarshal.Cast<float, Vector<float>>(values[..whole]);
        var by = MemoryMarshal.Cast<float, Vector<float>>(factors[..whole]);
        var sum = Vector<float>.Zero;
        for (int i = 0; i < products.Length; i++) sum += products[i] *= by[i];
        float total = Vector.Sum(sum);
        for (int i = whole; i < values.Length; i++) total += values[i] *= factors[i];
        return total;
    }

    static void Scale(Span<float> values, float factor)
    {
        int whole = values.Length - (values.Length % Vector<float>.Count);
        var parts = MemoryMarshal.Cast<float, Vector<float>>(values[..whole]);
        var by = new Vector<float>(factor);
        for (int i = 0; i < parts.Length; i++) parts[i] *= by;
        for (int i = whole; i < values.Length; i++) values[i] *= factor;
    }

    static double AddTo(Span<float> sums, ReadOnlySpan<float> values)
    {
        double total = 0;
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += values[i];
            total += values[i];
        }

        return total;
    }

    static double AddProduct(Span<float> sums, ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double total = 0;
        for (int i = 0; i < sums.Length; i++)
        {
            float product = a[i] * b[i];
            sums[i] += product;
            total += product;
        }

        return total;
    }

    static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    static float Most(ReadOnlySpan<float> values)
    {
        float most = 0;
        foreach (float value in values) most = Math.Max(most, value);
        return most;
    }

    readonly record struct Velocity(int X, int Y, float XMps, float YMps);

    /// <summary>Where one step of a speed leads along an axis, in cells: a Gaussian of half a cell.</summary>
    readonly record struct Kernel(int First, float[] Weights)
    {
        const double SigmaCells = 0.5, LeastWeight = 1e-3;

        public static Kernel Of(float speedMps, float cellM)
        {
            double middle = speedMps * StepS / cellM;
            int first = (int)Math.Ceiling(middle - 2), last = (int)Math.Floor(middle + 2);
            double[] weights = [.. Enumerable.Range(first, last - first + 1)
                .Select(i => Math.Exp(-0.5 * Math.Pow((i - middle) / SigmaCells, 2)))];
            double sum = weights.Sum();
            int skipped = weights.TakeWhile(weight => weight < LeastWeight * sum).Count();
            float[] kept = [.. weights.Where(weight => weight >= LeastWeight * sum)
                .Select(weight => (float)(weight / sum))];
            return new Kernel(first + skipped, kept);
        }
    }
}
