namespace EdgeAppliance.Runtime.Tracking;

/// <summary>
/// Minimum-cost assignment of rows to columns (Hungarian method by shortest augmenting paths, O(rows^2 x columns)),
/// where a row may stay without a column at a price. Keeps its work space from call to call; not thread safe.
/// </summary>
sealed class Assignment
{
    /// <summary>Stands for "no column" in the answer.</summary>
    public const int None = -1;

    double[] _rowPrice = [];
    double[] _columnPrice = [];
    double[] _least = [];
    int[] _rowOf = [];
    int[] _before = [];
    bool[] _done = [];

    /// <summary>
    /// Finds the assignment whose sum of costs is least, counting <paramref name="unmatched"/> for each row without a
    /// column. So no pair dearer than that is ever made.
    /// </summary>
    /// <param name="cost">row by row; infinite or NaN forbids the pair</param>
    /// <param name="columnOf">for each row its column, or <see cref="None"/></param>
    public void Solve(ReadOnlySpan<double> cost, int rows, int columns, double unmatched, Span<int> columnOf)
    {
        // Each row also has a column of its own, at the price of staying alone: a perfect matching always exists.
        int width = columns + rows;
        Reserve(rows, width);
        for (int row = 1; row <= rows; row++) Augment(cost, row, columns, width, unmatched);
        columnOf[..rows].Fill(None);
        for (int column = 1; column <= columns; column++)
        {
            if (_rowOf[column] != 0) columnOf[_rowOf[column] - 1] = column - 1;
        }
    }

    // Rows and columns count from 1 here; column 0 is where each search begins.
    void Augment(ReadOnlySpan<double> cost, int row, int columns, int width, double unmatched)
    {
        _least.AsSpan(0, width + 1).Fill(double.PositiveInfinity);
        _done.AsSpan(0, width + 1).Clear();
        _rowOf[0] = row;
        int at = 0;
        do
        {
            _done[at] = true;
            int from = _rowOf[at];
            double step = double.PositiveInfinity;
            int next = 0;
            for (int column = 1; column <= width; column++)
            {
                if (_done[column]) continue;
                double price = Price(cost, from, column, columns, unmatched) - _rowPrice[from] - _columnPrice[column];
                if (price < _least[column])
                {
                    _least[column] = price;
                    _before[column] = at;
                }

                if (_least[column] < step)
                {
                    step = _least[column];
                    next = column;
                }
            }

            for (int column = 0; column <= width; column++)
            {
                if (_done[column])
                {
                    _rowPrice[_rowOf[column]] += step;
                    _columnPrice[column] -= step;
                }
                else _least[column] -= step;
            }

            at = next;
        }
        while (_rowOf[at] != 0);

        for (int before; at != 0; at = before)
        {
            before = _before[at];
            _rowOf[at] = _rowOf[before];
        }
    }

    static double Price(ReadOnlySpan<double> cost, int row, int column, int columns, double unmatched)
    {
        if (column > columns) return column - columns == row ? unmatched : double.PositiveInfinity;
        double price = cost[((row - 1) * columns) + column - 1];
        return price <= unmatched ? price : double.PositiveInfinity; // NaN compares false: forbidden too
    }

    void Reserve(int rows, int width)
    {
        if (_rowPrice.Length <= rows) _rowPrice = new double[Math.Max(rows + 1, _rowPrice.Length * 2)];
        if (_columnPrice.Length <= width)
        {
            int size = Math.Max(width + 1, _columnPrice.Length * 2);
            _columnPrice = new double[size];
            _least = new double[size];
            _rowOf = new int[size];
            _before = new int[size];
            _done = new bool[size];
        }

        _rowPrice.AsSpan(0, rows + 1).Clear();
        _columnPrice.AsSpan(0, width + 1).Clear();
        _rowOf.AsSpan(0, width + 1).Clear();
    }
}
