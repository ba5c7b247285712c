using System.Globalization;

namespace EdgeAppliance.Runtime;

/// <summary>A table of two columns for people.</summary>
sealed class Table
{
    readonly List<(string Name, string Value)> _rows = [];

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public Table Add(string name, FormattableString value)
    {
        _rows.Add((name, Invariant(value)));
        return this;
    }

    public void Write(TextWriter to)
    {
        int width = _rows.Max(row => row.Name.Length);
        foreach (var (name, value) in _rows) to.WriteLine($"  {name.PadRight(width)}  {value}");
    }
}
