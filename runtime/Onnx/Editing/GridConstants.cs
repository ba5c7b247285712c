using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>
/// Constants that hold a number for each cell of a detector's grids, one grid after the other, row by row: where the cell
/// lies, or how many pixels it is wide. For a picture of another size they can be written again.
/// </summary>
sealed class GridConstants
{
    /// <summary>Rounding of the exporter's own arithmetic, as a part of the number.</summary>
    const float ToleranceRelative = 1e-4f;

    readonly List<(Change Height, Change Width)> _grids = [];

    /// <summary>One cell of a grid, for a formula to make its number of.</summary>
    readonly record struct Cell(int X, int Y, float StrideX, float StrideY);

    static readonly Func<Cell, float>[] Formulas =
    [
        c => c.X + 0.5f, c => c.Y + 0.5f, c => c.X, c => c.Y,
        c => (c.X + 0.5f) * c.StrideX, c => (c.Y + 0.5f) * c.StrideY, c => c.X * c.StrideX, c => c.Y * c.StrideY,
        c => c.StrideX, c => c.StrideY,
    ];

    public void Note(Change height, Change width)
    {
        if (!_grids.Contains((height, width))) _grids.Add((height, width));
    }

    /// <summary>The constant for the new size; null when its numbers are nothing this knows.</summary>
    /// <param name="axis">along which the cells lie</param>
    /// <param name="cells">how many there were and shall be</param>
    public OnnxTensor? Derive(OnnxTensor tensor, int axis, Change cells, (Change Height, Change Width)? picture)
    {
        if (picture is not var (height, width)) return null;
        foreach (var grids in Choices(cells))
        {
            Cell[] olds = [.. CellsOf(grids, height.Old, width.Old, g => (g.Height.Old, g.Width.Old))];
            Cell[] news = [.. CellsOf(grids, height.New, width.New, g => (g.Height.New, g.Width.New))];
            if (Rewritten(tensor, axis, olds, news) is { } made) return made;
        }

        return null;
    }

    /// <summary>Grids, the finest first, that have so many cells together before and after.</summary>
    IEnumerable<List<(Change Height, Change Width)>> Choices(Change cells)
    {
        var fineFirst = _grids.OrderByDescending(g => g.Height.Old * g.Width.Old).ToList();
        // A detector has up to six grids, each coarser than the one before; 2^12 choices are looked at at the most.
        int count = Math.Min(fineFirst.Count, 12);
        for (int choice = 1; choice < 1 << count; choice++)
        {
            var chosen = fineFirst.TakeLast(count).Where((_, i) => (choice >> i & 1) == 1).ToList();
            if (chosen.Sum(g => g.Height.Old * g.Width.Old) == cells.Old
                && chosen.Sum(g => g.Height.New * g.Width.New) == cells.New) yield return chosen;
        }
    }

    static IEnumerable<Cell> CellsOf(
        List<(Change Height, Change Width)> grids, long height, long width,
        Func<(Change Height, Change Width), (long Rows, long Columns)> sizeOf)
    {
        foreach (var grid in grids)
        {
            var (rows, columns) = sizeOf(grid);
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < columns; x++)
                    yield return new Cell(x, y, (float)width / columns, (float)height / rows);
            }
        }
    }

    static OnnxTensor? Rewritten(OnnxTensor tensor, int axis, Cell[] olds, Cell[] news)
    {
        float[] from = tensor.Floats();
        int inner = (int)tensor.Dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        int outer = (int)tensor.Dims.Take(axis).Aggregate(1L, (a, b) => a * b);
        float[] to = new float[outer * news.Length * inner];
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                var formula = Array.Find(Formulas, f => Fits(from, olds, f, (o * olds.Length * inner) + i, inner));
                if (formula is null) return null;
                for (int c = 0; c < news.Length; c++) to[(((o * news.Length) + c) * inner) + i] = formula(news[c]);
            }
        }

        long[] dims = [.. tensor.Dims];
        dims[axis] = news.Length;
        return tensor.Type == ElementType.Float ? OnnxTensor.Of(tensor.Name, to, dims) : null;
    }

    static bool Fits(float[] numbers, Cell[] cells, Func<Cell, float> formula, int first, int step)
    {
        for (int c = 0; c < cells.Length; c++)
        {
            float wanted = formula(cells[c]);
            if (!(MathF.Abs(numbers[first + (c * step)] - wanted) <= ToleranceRelative * MathF.Max(1, wanted))) return false;
        }

        return true;
    }
}
