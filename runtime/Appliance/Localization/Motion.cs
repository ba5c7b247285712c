using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// Place and velocity at an instant with their covariance, as 42 numbers that lie elsewhere: 6 of the state, then 36.
/// </summary>
readonly ref struct Motion
{
    public const int Numbers = 42;

    const int Across = 6;

    readonly ReadOnlySpan<double> _numbers;

    /// <param name="isAnew">the filter was started here: no path leads to it from the one before</param>
    public Motion(MonoTime at, ReadOnlySpan<double> numbers, bool isAnew, bool isHeightKnown)
    {
        At = at;
        _numbers = numbers;
        IsAnew = isAnew;
        IsHeightKnown = isHeightKnown;
    }

    public MonoTime At { get; }

    public bool IsAnew { get; }

    public bool IsHeightKnown { get; }

    public Vector2 Position2 => new((float)_numbers[0], (float)_numbers[1]);

    public double HeightM => _numbers[2];

    public Covariance2 Floor => new(Of(0, 0), Of(0, 1), Of(1, 1));

    public double HeightVariance => Of(2, 2);

    public double Place(int axis) => _numbers[axis];

    public double Velocity(int axis) => _numbers[3 + axis];

    /// <summary>By what the filter knew then, before any later reading.</summary>
    /// <param name="into">where the numbers go, <see cref="Numbers"/> of them</param>
    public static Motion Of(LagWindow.Node node, Span<double> into)
    {
        node.State.AsSpan(0, Across).CopyTo(into);
        for (int row = 0; row < Across; row++)
            node.Covariance.AsSpan(row * MotionFilter.Size, Across).CopyTo(into[(Across * (row + 1))..]);
        return new Motion(node.At, into, node.IsAnew, node.IsHeightKnown);
    }

    /// <summary>The same some seconds on, by the model alone.</summary>
    public Motion Ahead(MotionModel model, double seconds, MonoTime at, Span<double> into)
    {
        var step = model.Over(seconds);
        _numbers.CopyTo(into);
        for (int axis = 0; axis < 3; axis++)
        {
            int speed = 3 + axis;
            double kept = step.PlaceKept(axis), reach = step.Reach(axis);
            into[axis] = (kept * _numbers[axis]) + (reach * _numbers[speed]) + step.PlaceShift(axis);
            for (int column = 0; column < 3; column++)
            {
                double keptThere = step.PlaceKept(column), reachThere = step.Reach(column);
                into[Across + (axis * Across) + column] =
                    (kept * keptThere * Of(axis, column)) + (kept * reachThere * Of(axis, 3 + column))
                    + (reach * keptThere * Of(speed, column)) + (reach * reachThere * Of(speed, 3 + column))
                    + (axis == column ? step.PlaceNoise(axis) : 0);
            }
        }

        return new Motion(at, into, IsAnew, IsHeightKnown);
    }

    double Of(int row, int column) => _numbers[Across + (row * Across) + column];
}
