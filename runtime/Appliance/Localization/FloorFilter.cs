using System.Numerics;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// Where one tag is and how fast it goes: a Kalman filter of constant velocity on the floor, corrected by one scalar
/// reading at a time. Ranges and received powers are linearised at the estimate.
/// </summary>
struct FloorFilter
{
    // State: x, y, vx, vy. The covariance is kept whole and symmetric: 10 numbers.
    double _x, _y, _vx, _vy;
    double _xx, _xy, _xvx, _xvy, _yy, _yvx, _yvy, _vxvx, _vxvy, _vyvy;

    /// <summary>At rest at a place, known as well as said; walking speeds are possible.</summary>
    public FloorFilter(Vector2 at, double sigmaM)
    {
        const double speedVariance = 1.5 * 1.5; // a brisk walk is one standard deviation
        (_x, _y) = (at.X, at.Y);
        _xx = _yy = sigmaM * sigmaM;
        _vxvx = _vyvy = speedVariance;
    }

    public readonly Vector2 PositionM => new((float)_x, (float)_y);

    public readonly Vector2 VelocityMps => new((float)_vx, (float)_vy);

    public readonly Covariance2 Covariance => new(_xx, _xy, _yy);

    /// <summary>Moves on; <paramref name="density"/> is the spectral density of the acceleration, m^2/s^3.</summary>
    public void Predict(double seconds, double density)
    {
        double t = seconds, half = density * t * t / 2, third = density * t * t * t / 3;
        _x += t * _vx;
        _y += t * _vy;
        _xx += (2 * t * _xvx) + (t * t * _vxvx) + third;
        _yy += (2 * t * _yvy) + (t * t * _vyvy) + third;
        _xy += (t * (_xvy + _yvx)) + (t * t * _vxvy);
        _xvx += (t * _vxvx) + half;
        _yvy += (t * _vyvy) + half;
        _xvy += t * _vxvy;
        _yvx += t * _vxvy;
        _vxvx += density * t;
        _vyvy += density * t;
    }

    /// <summary>
    /// Takes in a scalar reading whose slope over the place is (hx, hy). Beyond Huber's bound it counts less, beyond
    /// the gate not at all.
    /// </summary>
    /// <param name="innovation">read minus expected</param>
    /// <returns>false when the reading was not believed</returns>
    public bool Correct(double innovation, double hx, double hy, double variance, RadioSettings settings)
    {
        double gx = (_xx * hx) + (_xy * hy), gy = (_xy * hx) + (_yy * hy);
        double gvx = (_xvx * hx) + (_yvx * hy), gvy = (_xvy * hx) + (_yvy * hy);
        double spread = (hx * gx) + (hy * gy);
        double sigmas = Math.Abs(innovation) / Math.Sqrt(spread + variance);
        if (!(sigmas <= settings.GateSigmas)) return false;
        // Huber's weight k/|z| on the reading: its variance grows as its surprise does.
        if (sigmas > settings.HuberSigmas) variance *= sigmas / settings.HuberSigmas;
        double s = spread + variance;
        double step = innovation / s;
        _x += gx * step;
        _y += gy * step;
        _vx += gvx * step;
        _vy += gvy * step;
        _xx -= gx * gx / s;
        _xy -= gx * gy / s;
        _yy -= gy * gy / s;
        _xvx -= gx * gvx / s;
        _xvy -= gx * gvy / s;
        _yvx -= gy * gvx / s;
        _yvy -= gy * gvy / s;
        _vxvx -= gvx * gvx / s;
        _vxvy -= gvx * gvy / s;
        _vyvy -= gvy * gvy / s;
        return true;
    }
}
