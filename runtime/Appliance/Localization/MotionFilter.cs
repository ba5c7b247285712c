using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// Where one tag is, how fast it goes, and by how much its readings are wrong: a Kalman filter of nearly constant
/// velocity in space with states for the errors that stay, corrected by one scalar reading at a time.
/// <para>
/// State: place (3), velocity (3), the tag's own delay (1: what all its ranges have in common), and for each station
/// what its ranges are off by (1) and what the path from it adds (1). Place and errors can be told apart because a tag
/// that moves sees stations from changing sides while the errors stay.
/// </para>
/// </summary>
sealed class MotionFilter
{
    public const int Velocity = 3, Delay = 6, FirstStation = 7, PerStation = 2;

    /// <summary>Stations whose errors are kept apart; the one silent longest makes room for another.</summary>
    public const int StationsMax = 12;

    public const int Size = FirstStation + (PerStation * StationsMax);

    /// <summary>What is saved beside the covariance: states, when each slot was heard, its path's variance.</summary>
    public const int Kept = Size + (2 * StationsMax);

    readonly MotionModel _model;
    readonly double[] _state = new double[Kept];
    readonly double[] _covariance = new double[Size * Size];
    readonly double[] _gain = new double[Size];
    readonly ErrorKind[] _kinds = new ErrorKind[StationsMax];

    public MotionFilter(MotionModel model)
    {
        _model = model;
    }

    /// <summary>States in use: seven and two for each station heard.</summary>
    public int Count { get; private set; } = FirstStation;

    public ReadOnlySpan<double> State => _state.AsSpan(0, Size);

    /// <summary>Row by row, <see cref="Size"/> a row.</summary>
    public ReadOnlySpan<double> Covariance => _covariance;

    /// <summary>What the last reading was multiplied by, state by state.</summary>
    public ReadOnlySpan<double> Gain => _gain;

    /// <summary>Whether a state is the error of a path, which is forgotten sooner than a station's own.</summary>
    public static bool IsPath(int state) => state >= FirstStation && (state - FirstStation) % PerStation == 1;

    /// <summary>At rest at a place known as well as said; all errors forgotten.</summary>
    /// <param name="variances">of x, y and z, m^2</param>
    public void Begin(Vector3 atM, Vector3 variances)
    {
        Array.Clear(_state);
        Array.Clear(_covariance);
        Count = FirstStation;
        for (int axis = 0; axis < 3; axis++)
        {
            _state[axis] = atM[axis];
            Variance(axis) = variances[axis];
            Variance(Velocity + axis) = _model.SpeedVariance(axis);
        }

        Variance(Delay) = _model.DelaySigmaM * _model.DelaySigmaM;
    }

    /// <summary>A station's slot begins as one nothing is known of.</summary>
    public void Open(int slot, ErrorKind kind)
    {
        _kinds[slot] = kind;
        _state[Size + slot] = double.NegativeInfinity;
        int own = FirstStation + (PerStation * slot), path = own + 1;
        Count = Math.Max(Count, path + 1);
        Forget(own, _model.StationSigmaM * _model.StationSigmaM);
        Forget(path, PathVariance(slot) = _model.PathVariance(kind));
    }

    /// <summary>Copies what is in use out.</summary>
    public void Save(double[] state, double[] covariance)
    {
        _state.CopyTo(state, 0);
        for (int row = 0; row < Count; row++)
            _covariance.AsSpan(row * Size, Count).CopyTo(covariance.AsSpan(row * Size));
    }

    /// <summary>Copies it back in.</summary>
    /// <param name="count">states that were in use then; slots opened since are opened again</param>
    public void Restore(double[] state, double[] covariance, int count)
    {
        int open = Count;
        Count = count;
        state.CopyTo(_state, 0);
        for (int row = 0; row < count; row++)
            covariance.AsSpan(row * Size, count).CopyTo(_covariance.AsSpan(row * Size));
        for (int slot = SlotOf(count); slot < SlotOf(open); slot++) Open(slot, _kinds[slot]);
    }

    /// <summary>Moves on by so many seconds.</summary>
    public void Predict(double seconds)
    {
        int n = Count;
        var step = _model.Over(seconds);
        step.Forward(_state.AsSpan(0, n));
        for (int axis = 0; axis < 3; axis++)
        {
            _state[axis] += step.PlaceShift(axis);
            var place = _covariance.AsSpan(axis * Size, n);
            var speed = _covariance.AsSpan((Velocity + axis) * Size, n);
            double keep = step.PlaceKept(axis), reach = step.Reach(axis), slow = step.VelocityKept(axis);
            Rows.Add(place, keep - 1, place);
            Rows.Add(place, reach, speed);
            Rows.Add(speed, slow - 1, speed);
        }

        for (int i = Delay; i < n; i++)
        {
            var row = _covariance.AsSpan(i * Size, n);
            Rows.Add(row, step.ErrorKept(i) - 1, row);
        }

        for (int i = 0; i < n; i++) step.Forward(_covariance.AsSpan(i * Size, n));
        Learn(seconds);
        AddNoise(step);
    }

    /// <summary>
    /// How far a reading that has not been taken in may be off by the state's own doubt, squared. Leaves the product of
    /// covariance and slope behind for <see cref="Correct"/>.
    /// </summary>
    public double Spread(in Slope slope)
    {
        int n = Count;
        for (int i = 0; i < n; i++) _gain[i] = slope.Dot(_covariance.AsSpan(i * Size, n));
        return slope.Dot(_gain);
    }

    /// <summary>Takes in a scalar reading; <see cref="Spread"/> of its slope was asked just before.</summary>
    /// <param name="innovation">read minus expected</param>
    /// <param name="total">the variance the innovation is taken to have</param>
    public void Correct(double innovation, double total)
    {
        int n = Count;
        var through = _gain.AsSpan(0, n);
        double step = innovation / total;
        for (int i = 0; i < n; i++) _state[i] += through[i] * step;
        for (int i = 0; i < n; i++) Rows.Add(_covariance.AsSpan(i * Size, n), -through[i] / total, through);
        for (int i = 0; i < n; i++) through[i] /= total;
    }

    /// <summary>
    /// Lays what cannot be explained on a path, as a share of it: as much as of the path's memory has passed since it
    /// was last heard, so that readings that agree on being surprising become a path that has changed, at any rate.
    /// </summary>
    /// <param name="unexplained">the innovation squared less the variance it should have, m^2</param>
    public void Blame(int slot, double unexplained, double atS)
    {
        var kind = _kinds[slot];
        if (kind == ErrorKind.Place) return;
        double share = Math.Clamp((atS - _state[Size + slot]) / _model.PathS, 0, 1);
        // Half for each of the two paths of a difference, and half since noise of two clocks surprises oftener.
        if (kind == ErrorKind.Arrival) share /= 4;
        ref double own = ref Variance(FirstStation + (PerStation * slot) + 1);
        own = Math.Max(own, Math.Min(own + (share * unexplained), _model.PathVarianceMost(kind)));
    }

    /// <summary>A slot's station is heard.</summary>
    public void Hear(int slot, double atS) => _state[Size + slot] = Math.Max(atS, _state[Size + slot]);

    // How much paths are off here and now is learned from how much they were: the square of a wandering error, estimate
    // and doubt together, is its variance (a step of expectation and maximisation). All ranges' paths share what is
    // learned: what is in one station's way is soon in the next one's.
    void Learn(double seconds)
    {
        double squares = 0;
        int ranges = 0;
        for (int slot = 0; slot < SlotOf(Count); slot++)
        {
            if (_kinds[slot] != ErrorKind.Range) continue;
            int path = FirstStation + (PerStation * slot) + 1;
            squares += (_model.LearnGain * _state[path] * _state[path]) + Variance(path);
            ranges++;
        }

        double share = Math.Min(1, seconds / _model.LearnS);
        for (int slot = 0; slot < SlotOf(Count); slot++)
        {
            if (_kinds[slot] != ErrorKind.Range) continue;
            ref double known = ref PathVariance(slot);
            known = Math.Clamp(known + (((squares / ranges) - known) * share),
                _model.PathLeastM * _model.PathLeastM, _model.PathMostM * _model.PathMostM);
        }
    }

    void AddNoise(in ModelStep step)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            int speed = Velocity + axis;
            Variance(axis) += step.PlaceNoise(axis);
            _covariance[(axis * Size) + speed] += step.CrossNoise(axis);
            _covariance[(speed * Size) + axis] += step.CrossNoise(axis);
            Variance(speed) += step.VelocityNoise(axis);
        }

        Variance(Delay) += step.DelayNoise;
        for (int slot = 0; slot < SlotOf(Count); slot++)
        {
            int own = FirstStation + (PerStation * slot);
            Variance(own) += step.StationNoise;
            Variance(own + 1) += PathVariance(slot) * step.PathNoise;
        }
    }

    void Forget(int at, double variance)
    {
        for (int i = 0; i < Size; i++) _covariance[(at * Size) + i] = _covariance[(i * Size) + at] = 0;
        _state[at] = 0;
        Variance(at) = variance;
    }

    // What was learned lies behind the states, so that it is saved and restored with them.
    ref double PathVariance(int slot) => ref _state[Size + StationsMax + slot];

    ref double Variance(int state) => ref _covariance[state * (Size + 1)];

    static int SlotOf(int state) => (state - FirstStation) / PerStation;
}
