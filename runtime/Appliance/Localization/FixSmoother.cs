using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What a module does to the positions it works out, and how its bearer moves.</summary>
sealed record SmootherRules
{
    /// <summary>
    /// How long a position is under way: the middle of the time it is an average of lies so much before its stamp,
    /// seconds. Measured on DWM1001 modules (PANS firmware) against motion capture: 0.35 to 0.45 in all recordings.
    /// </summary>
    public double DelayS { get; init; } = 0.4;

    /// <summary>
    /// Positions are averages over so much of the path, seconds: their response to movement is as of a box of about a
    /// second, and what the module does to noise lengthens it. Of 1.0, 1.2 and 1.4 the last is best with any of seven
    /// recordings left out; it is the end of what was tried.
    /// </summary>
    public double WidthS { get; init; } = 1.4;

    /// <summary>
    /// How stiff the path is: variance of a position over the density of the bearer's acceleration, s^3. A tenth is
    /// 0.1 m and 0.1 m^2/s^3. Best with five of seven recordings left out; with the other two a third of it is. Three
    /// times more or less changes the error of a recording by up to 8 %.
    /// </summary>
    public double StiffnessS3 { get; init; } = 0.1;

    /// <summary>How much of the past is fitted, seconds.</summary>
    public double WindowS { get; init; } = 4;

    /// <summary>How long an answer waits for positions after it, seconds, beyond the module's own delay.</summary>
    public double LagS { get; init; } = 0.5;
}

/// <summary>
/// The path behind the positions of a module that has filtered them already. Such positions are late, cut corners and
/// have errors that last, so a filter that takes each for a new reading believes them too much and adds a lag of its
/// own. Here each is an average over a stretch of path that ended before it was stamped; the path of least acceleration
/// that gives those averages is found by least squares over the last seconds (a fixed-lag smoother and a deconvolution
/// in one; banded Cholesky, nothing allocated once warm). What stands still or goes with the place, a survey's
/// error or a reflection, no filter can see: it stays. Not thread safe.
/// </summary>
sealed class FixSmoother
{
    const double NodeS = 0.1;

    // Modules give ten positions a second at most; a bunch is a queue that was emptied late: the newest of it is real.
    const double BunchS = 0.03;

    // Over a longer silence no path leads.
    const double GapMaxS = 1.5;

    const int FixesMin = 5, Samples = 14, Rounds = 3;

    // Positions farther from the path than this count less (Huber): five times what a module is off in the open.
    const double BoundM = 0.5;

    readonly SmootherRules _rules;
    readonly Seen[] _seen;
    readonly int _band;
    readonly double[] _normal, _x, _y, _weights, _row;
    double _firstNodeS;
    int _count, _nodes;
    bool _isSolved;

    public FixSmoother(SmootherRules rules)
    {
        _rules = rules;
        _seen = new Seen[(int)(rules.WindowS / BunchS) + 2];
        _band = (int)Math.Ceiling(rules.WidthS / NodeS) + 3;
        int nodes = (int)((rules.WindowS + rules.WidthS) / NodeS) + 8;
        _normal = new double[nodes * _band];
        _x = new double[nodes];
        _y = new double[nodes];
        _weights = new double[_seen.Length];
        _row = new double[_band];
    }

    /// <summary>The newest instant whose answer waits for nothing more, seconds; null before any position.</summary>
    public double? SettledS => _count == 0 ? null : _seen[_count - 1].AtS - _rules.DelayS - _rules.LagS;

    /// <summary>Root mean square of the positions about the path, metres; null while there is no path.</summary>
    public double? SpreadM { get; private set; }

    /// <summary>Positions that came older than one before them, or were no numbers: not used.</summary>
    public long Unused { get; private set; }

    /// <summary>Takes in a position as it is stamped.</summary>
    public void Take(double atS, Vector2 placeM)
    {
        bool isLate = _count > 0 && atS < _seen[_count - 1].AtS;
        if (isLate || !double.IsFinite(atS) || !float.IsFinite(placeM.X) || !float.IsFinite(placeM.Y))
        {
            Unused++;
            return;
        }

        _isSolved = false;
        if (_count > 0 && atS - _seen[_count - 1].AtS > GapMaxS) _count = 0;
        if (_count > 0 && atS - _seen[_count - 1].AtS < BunchS) _count--;
        int old = 0;
        while (old < _count && (_seen[old].AtS < atS - _rules.WindowS || _count - old >= _seen.Length)) old++;
        if (old > 0)
        {
            Array.Copy(_seen, old, _seen, 0, _count - old);
            _count -= old;
        }

        _seen[_count++] = new Seen(atS, placeM);
    }

    /// <summary>
    /// Where the bearer was at an instant: within the window, settled up to <see cref="SettledS"/>, from there to the
    /// newest stamp with less and less behind it. False outside, or with fewer than five positions since a silence.
    /// </summary>
    public bool TryAt(double atS, out Vector2 placeM)
    {
        placeM = default;
        if (_count < FixesMin) return false;
        if (!(atS >= _seen[0].AtS - _rules.DelayS) || !(atS <= _seen[_count - 1].AtS)) return false;
        if (!_isSolved) Solve();
        double place = (atS - _firstNodeS) / NodeS;
        int node = Math.Clamp((int)place, 0, _nodes - 2);
        double share = place - node;
        placeM = new Vector2(
            (float)(_x[node] + (share * (_x[node + 1] - _x[node]))),
            (float)(_y[node] + (share * (_y[node + 1] - _y[node]))));
        return true;
    }

    void Solve()
    {
        double half = _rules.WidthS / 2;
        _firstNodeS = _seen[0].AtS - _rules.DelayS - half - NodeS;
        double last = Math.Max(_seen[_count - 1].AtS, _seen[_count - 1].AtS - _rules.DelayS + half) + NodeS;
        _nodes = (int)((last - _firstNodeS) / NodeS) + 2;
        _weights.AsSpan(0, _count).Fill(1);
        for (int round = 0; round < Rounds; round++)
        {
            FillNormal();
            Factor();
            Substitute(_x);
            Substitute(_y);
            if (!Reweigh()) break;
        }

        _isSolved = true;
    }

    // Lower band: _normal[row * _band + k] couples row with row - k.
    void FillNormal()
    {
        _normal.AsSpan(0, _nodes * _band).Clear();
        _x.AsSpan(0, _nodes).Clear();
        _y.AsSpan(0, _nodes).Clear();
        for (int fix = 0; fix < _count; fix++)
        {
            int first = Average(_seen[fix].AtS, out int length);
            double weight = _weights[fix];
            for (int i = 0; i < length; i++)
            {
                double wi = weight * _row[i];
                _x[first + i] += wi * _seen[fix].PlaceM.X;
                _y[first + i] += wi * _seen[fix].PlaceM.Y;
                for (int k = 0; k <= i; k++) _normal[((first + i) * _band) + k] += wi * _row[i - k];
            }
        }

        // An acceleration of white density q has second differences of variance q h^3.
        double stiff = _rules.StiffnessS3 / (NodeS * NodeS * NodeS);
        Span<double> bend = [1, -2, 1];
        for (int node = 0; node + 2 < _nodes; node++)
        {
            for (int i = 0; i < 3; i++)
            {
                for (int k = 0; k <= i; k++) _normal[((node + i) * _band) + k] += stiff * bend[i] * bend[i - k];
            }
        }
    }

    // The shares that the nodes from the answer on have in a position stamped then.
    int Average(double stampS, out int length)
    {
        Array.Clear(_row);
        double begin = (stampS - _rules.DelayS - (_rules.WidthS / 2) - _firstNodeS) / NodeS;
        double step = _rules.WidthS / NodeS / Samples;
        int first = (int)begin;
        length = 0;
        for (int sample = 0; sample < Samples; sample++)
        {
            double at = begin + ((sample + 0.5) * step) - first;
            int node = (int)at;
            double share = at - node;
            _row[node] += (1 - share) / Samples;
            _row[node + 1] += share / Samples;
            length = node + 2;
        }

        return first;
    }

    void Factor()
    {
        for (int row = 0; row < _nodes; row++)
        {
            int reach = Math.Min(row, _band - 1);
            for (int k = reach; k >= 0; k--)
            {
                int col = row - k;
                double sum = _normal[(row * _band) + k];
                int common = Math.Min(_band - 1 - k, Math.Min(reach - k, col));
                for (int m = 1; m <= common; m++)
                    sum -= _normal[(row * _band) + k + m] * _normal[(col * _band) + m];
                _normal[(row * _band) + k] = k > 0 ? sum / _normal[col * _band] : Math.Sqrt(Math.Max(sum, 1e-12));
            }
        }
    }

    void Substitute(double[] b)
    {
        for (int row = 0; row < _nodes; row++)
        {
            double sum = b[row];
            for (int k = Math.Min(row, _band - 1); k > 0; k--) sum -= _normal[(row * _band) + k] * b[row - k];
            b[row] = sum / _normal[row * _band];
        }

        for (int row = _nodes - 1; row >= 0; row--)
        {
            double sum = b[row];
            for (int k = Math.Min(_nodes - 1 - row, _band - 1); k > 0; k--)
                sum -= _normal[((row + k) * _band) + k] * b[row + k];
            b[row] = sum / _normal[row * _band];
        }
    }

    // False when nothing is beyond the bound: the path is final.
    bool Reweigh()
    {
        bool isAnyFar = false;
        double squares = 0, weights = 0;
        for (int fix = 0; fix < _count; fix++)
        {
            int first = Average(_seen[fix].AtS, out int length);
            double dx = _seen[fix].PlaceM.X, dy = _seen[fix].PlaceM.Y;
            for (int i = 0; i < length; i++)
            {
                dx -= _row[i] * _x[first + i];
                dy -= _row[i] * _y[first + i];
            }

            double square = (dx * dx) + (dy * dy), off = Math.Sqrt(square);
            squares += _weights[fix] * square;
            weights += _weights[fix];
            isAnyFar |= off > BoundM;
            // Its square: a reflection of metres must not pull at all, and this is no longer asked to be convex.
            _weights[fix] = off > BoundM ? BoundM / off * (BoundM / off) : 1;
        }

        SpreadM = Math.Sqrt(squares / weights);
        return isAnyFar;
    }

    readonly record struct Seen(double AtS, Vector2 PlaceM);
}
