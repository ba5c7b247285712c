namespace EdgeAppliance.Image.Build;

/// <summary>Lines of words between tabs, as a table a person can read.</summary>
static class TextTable
{
    /// <summary>
    /// Words to the left, what looks like a number to the right, as wide as the widest of its column.
    /// </summary>
    public static IEnumerable<string> Aligned(IEnumerable<string> lines)
    {
        string[][] rows = [.. lines.Select(line => line.Split('\t'))];
        int columns = rows.Max(row => row.Length, 0);
        int[] widths = [.. Enumerable.Range(0, columns).Select(c => rows.Max(row => c < row.Length ? row[c].Length
            : 0, 0))];
        bool[] isNumber = [.. Enumerable.Range(0, columns).Select(c => rows.Skip(1).All(row => c >= row.Length
            || row[c].Length > 0 && (char.IsAsciiDigit(row[c][0]) || row[c][0] == '-')))];
        return rows.Select(row => string.Join("  ", row.Select((word, c) =>
            isNumber[c] ? word.PadLeft(widths[c]) : word.PadRight(widths[c]))).TrimEnd());
    }

    static int Max<T>(this T[] all, Func<T, int> of, int otherwise) => all.Length == 0 ? otherwise : all.Max(of);
}
