using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Recorded;

/// <summary>What a row turned out to be.</summary>
enum FixRow { Fix, WithoutFix, Malformed }

/// <summary>Which column of a fixes file holds what, from its header.</summary>
sealed class FixColumns
{
    const int TagsMax = 4096;

    static readonly string[] Needed = ["t_s", "tag", "x_m", "y_m"];

    readonly int _t, _tag, _x, _y, _z, _varX, _varY;
    readonly int _count;
    readonly HashSet<string> _tags = new(StringComparer.Ordinal);

    FixColumns(List<string> names)
    {
        _t = names.IndexOf("t_s");
        _tag = names.IndexOf("tag");
        _x = names.IndexOf("x_m");
        _y = names.IndexOf("y_m");
        _z = names.IndexOf("z_m");
        int both = names.IndexOf("var_m2") is var named && named >= 0 ? named : names.IndexOf("var");
        _varX = names.IndexOf("var_x_m2") is var varX && varX >= 0 ? varX : both;
        _varY = names.IndexOf("var_y_m2") is var varY && varY >= 0 ? varY : _varX;
        _count = 1 + new[] { _t, _tag, _x, _y }.Max();
    }

    /// <exception cref="InvalidDataException">no header, or one without the needed columns</exception>
    public static FixColumns Parse(string path, string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            throw new InvalidDataException(
                $"{path}: empty: its first line must be a header, t_s,tag,x_m,y_m,z_m,var_m2");
        }

        var names = header.TrimStart('\uFEFF').Split(',').Select(name => name.Trim().ToLowerInvariant()).ToList();
        string[] missing = [.. Needed.Where(name => !names.Contains(name))];
        return missing.Length == 0 ? new FixColumns(names) : throw new InvalidDataException(
            $"{path}, line 1: no column {string.Join(", ", missing)}: the header must be t_s,tag,x_m,y_m,z_m,var_m2");
    }

    public FixRow TryRead(string line, MonoTime epoch, out double t, out Observation fix, out string? fault)
    {
        fix = default;
        t = 0;
        string[] cells = line.Split(',');
        fault = cells.Length < _count ? $"{cells.Length} cells, {_count} are needed" : null;
        if (fault is not null) return FixRow.Malformed;
        string tag = cells[_tag].Trim();
        if (tag.Length is 0 or > 200) fault = "tag is empty or longer than 200 characters";
        if (Number(cells, _t, "t_s", ref fault) is { } seconds) t = seconds;
        else fault ??= "t_s is missing";
        double? x = Number(cells, _x, "x_m", ref fault), y = Number(cells, _y, "y_m", ref fault);
        double? z = Number(cells, _z, "z_m", ref fault);
        double? varX = Number(cells, _varX, "variance", ref fault), varY = Number(cells, _varY, "variance", ref fault);
        // A year either way: more is milliseconds or a date in a column of seconds.
        if (fault is null && !(Math.Abs(t) < 3.2e7))
            fault = $"t_s is {cells[_t].Trim()}: seconds from the recording's start";
        if (fault is not null) return FixRow.Malformed;
        if (x is not { } atX || y is not { } atY) return FixRow.WithoutFix;
        double? variance = varX is { } a && varY is { } b && a + b > 0 ? (a + b) / 2 : null;
        tag = Once(tag);
        var position = new Vector3((float)atX, (float)atY, (float)(z ?? 0));
        fix = Observation.OfPosition(epoch + TimeSpan.FromSeconds(t), tag, position, variance);
        return FixRow.Fix;
    }

    // One string a tag, not one a row.
    string Once(string tag)
    {
        if (_tags.TryGetValue(tag, out string? known)) return known;
        if (_tags.Count < TagsMax) _tags.Add(tag);
        return tag;
    }

    // Null for a column that is not there, an empty cell and nan; a fault for what is no number.
    static double? Number(string[] cells, int column, string name, ref string? fault)
    {
        if (column < 0 || column >= cells.Length || string.IsNullOrWhiteSpace(cells[column])) return null;
        if (!double.TryParse(cells[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            || double.IsInfinity(value))
        {
            fault ??= $"{name} is '{cells[column].Trim()}': a number is needed";
            return null;
        }

        return double.IsNaN(value) ? null : value;
    }
}
