using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// The floor as square cells. Cells lie row by row in one array; each row ends in <see cref="Margin"/> closed cells,
/// so that a shift along x by up to so many runs over the whole array without telling rows apart.
/// </summary>
sealed class FloorGrid
{
    /// <summary>
    /// No grid has more cells: 13 speeds of so many floats are 430 kB, and a tag keeps eight such arrays.
    /// </summary>
    public const int CellsMax = 8192;

    /// <summary>
    /// Closed cells at each row's end: more than the farthest any kernel reaches. The fastest step of 0.75 m is three
    /// of the finest cells, and the kernel's skirt another two.
    /// </summary>
    public const int Margin = 5;

    /// <summary>Finer cells say nothing that received powers could tell, metres.</summary>
    public const float FinestM = 0.25f;

    /// <summary>Usual cells, metres: a walker is that wide, and powers tell no more.</summary>
    public const float UsualM = 0.5f;

    readonly float[] _open;
    readonly float[] _x;
    readonly float[] _y;

    FloorGrid(Vector2 originM, float cellM, int across, int rows, Func<Vector2, bool>? isOpen)
    {
        (OriginM, CellM, Across, Rows) = (originM, cellM, across, rows);
        Stride = across + Margin;
        _open = new float[Length];
        _x = new float[Length];
        _y = new float[Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < Stride; column++)
            {
                int cell = (row * Stride) + column;
                var at = originM + (cellM * new Vector2(column, row));
                (_x[cell], _y[cell]) = (at.X, at.Y);
                if (column < across && (isOpen is null || isOpen(at))) _open[cell] = 1;
            }
        }

        foreach (float open in _open) OpenCells += (int)open;
    }

    /// <summary>The middle of the first cell, site frame.</summary>
    public Vector2 OriginM { get; }

    public float CellM { get; }

    public int Across { get; }

    public int Rows { get; }

    public int Stride { get; }

    /// <summary>Cells with the closed ones at the rows' ends.</summary>
    public int Length => Rows * Stride;

    /// <summary>Where a tag can be.</summary>
    public int OpenCells { get; }

    /// <summary>1 where a tag can be, else 0.</summary>
    public ReadOnlySpan<float> Open => _open;

    /// <summary>The cells' middles, metres.</summary>
    public ReadOnlySpan<float> X => _x;

    /// <inheritdoc cref="X"/>
    public ReadOnlySpan<float> Y => _y;

    /// <summary>
    /// A grid over a rectangle. The cells are as fine as asked for, or as <see cref="CellsMax"/> allows.
    /// </summary>
    /// <param name="isOpen">whether a tag can be at a place; null: everywhere</param>
    /// <exception cref="ArgumentException">an empty rectangle, or nowhere open</exception>
    public static FloorGrid Over(Vector2 leastM, Vector2 mostM, float cellM, Func<Vector2, bool>? isOpen = null)
    {
        var size = mostM - leastM;
        if (!(size.X > 0 && size.Y > 0 && cellM > 0) || !float.IsFinite(size.X + size.Y))
            throw new ArgumentException($"a floor from {leastM} to {mostM} m in cells of {cellM} m has no cells");
        cellM = Math.Max(FinestM, cellM);
        while (Count(size, cellM) > CellsMax) cellM *= 1.1f;
        var grid = new FloorGrid(
            leastM, cellM, (int)MathF.Ceiling(size.X / cellM) + 1, (int)MathF.Ceiling(size.Y / cellM) + 1, isOpen);
        if (grid.OpenCells == 0)
            throw new ArgumentException($"a floor from {leastM} to {mostM} m with no cell a tag can be in");
        return grid;
    }

    /// <summary>A grid over all of these places and some metres around them.</summary>
    /// <exception cref="ArgumentException">no place</exception>
    public static FloorGrid Around(
        IEnumerable<Vector3> placesM, float marginM, float cellM, Func<Vector2, bool>? isOpen = null)
    {
        var least = new Vector2(float.PositiveInfinity);
        var most = new Vector2(float.NegativeInfinity);
        foreach (var place in placesM)
        {
            least = Vector2.Min(least, new Vector2(place.X, place.Y));
            most = Vector2.Max(most, new Vector2(place.X, place.Y));
        }

        return Over(least - new Vector2(marginM), most + new Vector2(marginM), cellM, isOpen);
    }

    static double Count(Vector2 size, float cellM) =>
        (Math.Ceiling(size.X / (double)cellM) + 1 + Margin) * (Math.Ceiling(size.Y / (double)cellM) + 1);
}
