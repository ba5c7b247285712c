namespace EdgeAppliance.Runtime.Localization;

/// <summary>The motion model over a time: what is kept of each state, and the variance that comes on top.</summary>
readonly struct ModelStep
{
    readonly double _seconds, _density, _densityUp, _heightKept, _heightShift, _heightNoise;
    readonly bool _isWorn;

    public ModelStep(MotionModel model, double seconds)
    {
        _seconds = seconds;
        _density = model.Density;
        _densityUp = model.DensityUp;
        (DelayKept, DelayNoise) = Wander(seconds, model.DelayS, model.DelaySigmaM);
        (StationKept, StationNoise) = Wander(seconds, model.StationS, model.StationSigmaM);
        (PathKept, PathNoise) = Wander(seconds, model.PathS, 1);
        if (model.HeightM is not { } height) return;
        _isWorn = true;
        (_heightKept, _heightNoise) = Wander(seconds, model.HeightS, model.HeightSigmaM);
        _heightShift = (1 - _heightKept) * height;
    }

    public double DelayKept { get; }

    public double DelayNoise { get; }

    public double StationKept { get; }

    public double StationNoise { get; }

    public double PathKept { get; }

    /// <summary>Of a path whose variance is 1.</summary>
    public double PathNoise { get; }

    public double PlaceKept(int axis) => IsHeld(axis) ? _heightKept : 1;

    public double PlaceShift(int axis) => IsHeld(axis) ? _heightShift : 0;

    public double Reach(int axis) => IsHeld(axis) ? 0 : _seconds;

    public double VelocityKept(int axis) => IsHeld(axis) ? 0 : 1;

    public double PlaceNoise(int axis) =>
        IsHeld(axis) ? _heightNoise : DensityOf(axis) * _seconds * _seconds * _seconds / 3;

    public double CrossNoise(int axis) => IsHeld(axis) ? 0 : DensityOf(axis) * _seconds * _seconds / 2;

    public double VelocityNoise(int axis) => IsHeld(axis) ? 0 : DensityOf(axis) * _seconds;

    /// <summary>Multiplies a covariance's row, or a row of states, by this step's transition from the right.</summary>
    public void Forward(Span<double> row)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            ref double speed = ref row[MotionFilter.Velocity + axis];
            row[axis] = (PlaceKept(axis) * row[axis]) + (Reach(axis) * speed);
            speed *= VelocityKept(axis);
        }

        Fade(row);
    }

    /// <summary>Takes an adjoint vector and matrix back over this step: F' l and F' L F.</summary>
    public void Back(Span<double> vector, Span<double> matrix, int count)
    {
        BackRow(vector[..count]);
        for (int i = 0; i < count; i++) BackRow(matrix.Slice(i * MotionFilter.Size, count));
        for (int axis = 0; axis < 3; axis++)
        {
            var place = matrix.Slice(axis * MotionFilter.Size, count);
            var speed = matrix.Slice((MotionFilter.Velocity + axis) * MotionFilter.Size, count);
            Rows.Add(speed, VelocityKept(axis) - 1, speed);
            Rows.Add(speed, Reach(axis), place);
            Rows.Add(place, PlaceKept(axis) - 1, place);
        }

        for (int i = MotionFilter.Delay; i < count; i++)
        {
            var row = matrix.Slice(i * MotionFilter.Size, count);
            Rows.Add(row, ErrorKept(i) - 1, row);
        }
    }

    /// <summary>What is kept of an error that stays.</summary>
    public double ErrorKept(int state) =>
        state == MotionFilter.Delay ? DelayKept : MotionFilter.IsPath(state) ? PathKept : StationKept;

    void BackRow(Span<double> row)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            ref double speed = ref row[MotionFilter.Velocity + axis];
            speed = (VelocityKept(axis) * speed) + (Reach(axis) * row[axis]);
            row[axis] *= PlaceKept(axis);
        }

        Fade(row);
    }

    void Fade(Span<double> row)
    {
        row[MotionFilter.Delay] *= DelayKept;
        for (int j = MotionFilter.FirstStation; j + 1 < row.Length; j += MotionFilter.PerStation)
        {
            row[j] *= StationKept;
            row[j + 1] *= PathKept;
        }
    }

    bool IsHeld(int axis) => axis == 2 && _isWorn;

    double DensityOf(int axis) => axis == 2 ? _densityUp : _density;

    static (double Kept, double Noise) Wander(double seconds, double memoryS, double sigma)
    {
        double kept = Math.Exp(-seconds / memoryS);
        return (kept, sigma * sigma * (1 - (kept * kept)));
    }
}
