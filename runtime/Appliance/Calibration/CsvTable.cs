using System.Globalization;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>
/// A CSV file with a header: columns by name in any order, further ones skipped. Faults are gathered, not thrown: a
/// person mends them all in one go.
/// </summary>
sealed class CsvTable
{
    /// <summary>An hour of ten people at 25 frames a second is a million rows.</summary>
    const int RowsMax = 5_000_000;

    /// <summary>More faults of one file than this are counted only.</summary>
    const int FaultsTold = 10;

    readonly string _path;
    readonly List<string> _faults;
    readonly List<string> _names;
    readonly List<(int Line, string[] Cells)> _rows = [];
    int _told;

    CsvTable(string path, List<string> names, List<string> faults) => (_path, _names, _faults) = (path, names, faults);

    public int Count => _rows.Count;

    public string Path => _path;

    /// <summary>Null when the file cannot be used at all, which <paramref name="faults"/> then says.</summary>
    public static CsvTable? Read(string path, IReadOnlyList<string> needed, List<string> faults)
    {
        try
        {
            using var reader = new StreamReader(path);
            var names = (reader.ReadLine() ?? "").TrimStart('\uFEFF').Split(',')
                .Select(name => name.Trim().ToLowerInvariant()).ToList();
            string[] missing = [.. needed.Where(name => !names.Contains(name))];
            if (missing.Length > 0)
            {
                faults.Add($"{path}, line 1: no column {string.Join(", ", missing)}: the header must have "
                    + string.Join(',', needed));
                return null;
            }

            var table = new CsvTable(path, names, faults);
            int line = 1;
            while (reader.ReadLine() is { } text && table.Count < RowsMax)
            {
                line++;
                if (!string.IsNullOrWhiteSpace(text)) table._rows.Add((line, text.Split(',')));
            }

            if (table.Count == 0) faults.Add($"{path}: has a header and no rows");
            return table.Count == 0 ? null : table;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            faults.Add($"{path} cannot be read: {fault.Message}");
            return null;
        }
    }

    public bool Has(string column) => _names.Contains(column);

    /// <summary>The cell's text; empty where it is missing.</summary>
    public string Text(int row, string column)
    {
        int at = _names.IndexOf(column);
        return at >= 0 && at < _rows[row].Cells.Length ? _rows[row].Cells[at].Trim() : "";
    }

    /// <summary>A text that must be there.</summary>
    public string Name(int row, string column)
    {
        string text = Text(row, column);
        if (text.Length is > 0 and <= 200) return text;
        Fault(row, $"{column} is empty or longer than 200 characters");
        return "";
    }

    /// <summary>A number that must be there; null (and a fault) where it is not.</summary>
    public double? Number(int row, string column)
    {
        string text = Text(row, column);
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number)) return number;
        Fault(row, text.Length == 0 ? $"{column} is missing" : $"{column} is '{text}': a number is needed");
        return null;
    }

    /// <summary>A number that may be missing; null without a fault when the cell is empty or says nan.</summary>
    public double? NumberOrNone(int row, string column)
    {
        string text = Text(row, column);
        return text.Length == 0 || text.Equals("nan", StringComparison.OrdinalIgnoreCase) ? null : Number(row, column);
    }

    public void Fault(int row, string what)
    {
        if (_told++ < FaultsTold) _faults.Add($"{_path}, line {_rows[row].Line}: {what}");
        else if (_told == FaultsTold + 1) _faults.Add($"{_path}: further lines have faults too");
    }
}
