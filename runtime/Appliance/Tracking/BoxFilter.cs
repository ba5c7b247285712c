using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Tracking;

/// <summary>
/// ByteTrack's box filter: middle, aspect (width / height) and height, each with a velocity. All its matrices are
/// diagonal in these four, so the 8 x 8 Kalman filter falls apart into four of 2 x 2: same numbers, a tenth of the
/// work. Noise is a part of the box's height, stated per step of 1/30 s and scaled to the time that really passed.
/// </summary>
struct BoxFilter
{
    const double StepsPerSecond = 30;
    const double PositionNoise = 1.0 / 20;
    const double VelocityNoise = 1.0 / 160;

    Axis _x;
    Axis _y;
    Axis _aspect;
    Axis _height;

    public BoxFilter(in Box box)
    {
        var (x, y, aspect, height) = Measure(box);
        double position = 2 * PositionNoise * height;
        double velocity = 10 * VelocityNoise * height;
        _x = new Axis(x, position, velocity);
        _y = new Axis(y, position, velocity);
        _aspect = new Axis(aspect, 1e-2, 1e-5);
        _height = new Axis(height, position, velocity);
    }

    public readonly Box Box
    {
        get
        {
            double height = Math.Max(1, _height.Value), width = Math.Max(1, _aspect.Value * height);
            return new Box(
                (float)(_x.Value - (width / 2)), (float)(_y.Value - (height / 2)),
                (float)(_x.Value + (width / 2)), (float)(_y.Value + (height / 2)));
        }
    }

    /// <summary>Moves on by <paramref name="seconds"/>; a lost box keeps its height.</summary>
    public void Predict(double seconds, bool isLost)
    {
        double steps = seconds * StepsPerSecond;
        double height = Math.Max(1, _height.Value);
        if (isLost) _height.Stop();
        _x.Predict(steps, PositionNoise * height, VelocityNoise * height);
        _y.Predict(steps, PositionNoise * height, VelocityNoise * height);
        _aspect.Predict(steps, 1e-2, 1e-5);
        _height.Predict(steps, PositionNoise * height, VelocityNoise * height);
    }

    /// <summary>Takes in what the detector saw.</summary>
    public void Correct(in Box box)
    {
        var (x, y, aspect, height) = Measure(box);
        double noise = PositionNoise * Math.Max(1, _height.Value);
        _x.Correct(x, noise);
        _y.Correct(y, noise);
        _aspect.Correct(aspect, 1e-1);
        _height.Correct(height, noise);
    }

    static (double X, double Y, double Aspect, double Height) Measure(in Box box)
    {
        double height = Math.Max(1, box.Height);
        return (box.Centre.X, box.Centre.Y, Math.Max(1, box.Width) / height, height);
    }

    /// <summary>A value and its velocity, constant but for noise.</summary>
    struct Axis(double value, double sigma, double velocitySigma)
    {
        double _velocity;
        double _p00 = sigma * sigma;
        double _p01;
        double _p11 = velocitySigma * velocitySigma;

        public double Value { get; private set; } = value;

        public void Stop() => _velocity = 0;

        public void Predict(double steps, double noise, double velocityNoise)
        {
            Value += steps * _velocity;
            _p00 += (steps * ((2 * _p01) + (steps * _p11))) + (steps * noise * noise);
            _p01 += steps * _p11;
            _p11 += steps * velocityNoise * velocityNoise;
        }

        public void Correct(double measured, double noise)
        {
            double s = _p00 + (noise * noise);
            double gain = _p00 / s, velocityGain = _p01 / s;
            double innovation = measured - Value;
            Value += gain * innovation;
            _velocity += velocityGain * innovation;
            _p11 -= velocityGain * _p01;
            _p01 *= 1 - gain;
            _p00 *= 1 - gain;
        }
    }
}
