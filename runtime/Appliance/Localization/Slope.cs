using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// How a scalar reading changes with the state, at an estimate: along a direction in space, and one for one with some
/// of the errors that stay.
/// </summary>
/// <param name="PlaceX">its change with a metre of x; likewise y and z</param>
/// <param name="AfterS">
/// when the reading was taken, seconds after the state's own instant: over so little the tag goes straight on
/// </param>
/// <param name="Delay">its change with the tag's own delay</param>
/// <param name="More">the slot of the station whose errors make the reading greater; null for none</param>
/// <param name="Less">the slot of the one whose errors make it smaller</param>
readonly record struct Slope(
    double PlaceX, double PlaceY, double PlaceZ, double AfterS, double Delay, int? More, int? Less)
{
    public static Slope Of(Vector3 direction, double afterS) =>
        new(direction.X, direction.Y, direction.Z, afterS, 0, null, null);

    /// <summary>The sum over all states of this slope times a row of theirs.</summary>
    public double Dot(ReadOnlySpan<double> row) =>
        (PlaceX * (row[0] + (AfterS * row[3]))) + (PlaceY * (row[1] + (AfterS * row[4])))
        + (PlaceZ * (row[2] + (AfterS * row[5]))) + Errors(row);

    /// <summary>What the errors that stay add to the reading.</summary>
    public double Errors(ReadOnlySpan<double> state)
    {
        double sum = Delay * state[MotionFilter.Delay];
        if (More is { } more) sum += state[First(more)] + state[First(more) + 1];
        if (Less is { } less) sum -= state[First(less)] + state[First(less) + 1];
        return sum;
    }

    /// <summary>Adds this slope, so many times, to a row.</summary>
    public void AddTo(Span<double> row, double times)
    {
        double later = times * AfterS;
        row[0] += times * PlaceX;
        row[1] += times * PlaceY;
        row[2] += times * PlaceZ;
        row[3] += later * PlaceX;
        row[4] += later * PlaceY;
        row[5] += later * PlaceZ;
        row[MotionFilter.Delay] += times * Delay;
        if (More is { } more)
        {
            row[First(more)] += times;
            row[First(more) + 1] += times;
        }

        if (Less is { } less)
        {
            row[First(less)] -= times;
            row[First(less) + 1] -= times;
        }
    }

    /// <summary>To a symmetric matrix adds h h' both - h t' - t h', h being this slope and t a vector.</summary>
    public void AddOuter(Span<double> matrix, ReadOnlySpan<double> t, double both, int count)
    {
        Span<double> h = stackalloc double[MotionFilter.Size];
        h.Clear();
        AddTo(h, 1);
        for (int i = 0; i < count; i++)
        {
            double hi = h[i], ti = t[i];
            var row = matrix.Slice(i * MotionFilter.Size, count);
            AddTo(row, (hi * both) - ti);
            if (hi == 0) continue;
            Rows.Add(row, -hi, t);
        }
    }

    static int First(int slot) => MotionFilter.FirstStation + (MotionFilter.PerStation * slot);
}
