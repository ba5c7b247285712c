using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>A symmetric 2 x 2 covariance on the floor, m^2.</summary>
readonly record struct Covariance2(double Xx, double Xy, double Yy)
{
    public static Covariance2 Isotropic(double variance) => new(variance, 0, variance);

    public static Covariance2 operator +(Covariance2 a, Covariance2 b) =>
        new(a.Xx + b.Xx, a.Xy + b.Xy, a.Yy + b.Yy);

    /// <summary>d' C^-1 d, the squared Mahalanobis length; null when the matrix cannot be inverted.</summary>
    public double? SquaredLength(Vector2 d)
    {
        double det = (Xx * Yy) - (Xy * Xy);
        if (!(det > 0)) return null;
        return ((Yy * d.X * d.X) - (2 * Xy * d.X * d.Y) + (Xx * d.Y * d.Y)) / det;
    }
}

/// <summary>How a fix came about, best first.</summary>
enum FixQuality
{
    /// <summary>Readings agree with it.</summary>
    Good,

    /// <summary>Many readings of late surprise or are not believed: something stands in some stations' way.</summary>
    NlosSuspected,

    /// <summary>Known to metres only: by received power, or with too few stations heard.</summary>
    Coarse,

    /// <summary>Most readings are not believed, or none came for a while: carried ahead from where it was.</summary>
    Lost,
}

/// <summary>A located tag at an instant.</summary>
/// <param name="PositionM">on the floor of the site frame, metres</param>
/// <param name="HeightM">above the floor; null when the source gives none</param>
/// <param name="Covariance">of the position, m^2</param>
readonly record struct Fix(MonoTime At, string Tag, Vector2 PositionM, double? HeightM, Covariance2 Covariance)
{
    /// <summary>Of the height, m^2; null with no height.</summary>
    public double? HeightVariance { get; init; }

    public FixQuality Quality { get; init; }
}
