using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EdgeAppliance.Bench;

/// <summary>
/// A benchmark's figures: one JSON line each as they are found, a table for people at the end. A goal is written as
/// it is read (<c>&gt;=0.923</c>, <c>&lt;2</c>) and decides <c>ok</c>; a figure without a goal is only told.
/// </summary>
sealed class Report(string bench, TextWriter json, TextWriter people)
{
    // A goal reads as it is written: >=0.9, not its escape for web pages.
    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly List<(string Metric, double? Value, string Unit, string Goal, bool? Ok, string On)> _figures = [];

    public Report(string bench) : this(bench, Console.Out, Console.Out) { }

    /// <summary>False as soon as one goal is missed or one figure with a goal could not be had.</summary>
    public bool AllOk { get; private set; } = true;

    /// <param name="value">null: could not be measured, which misses any goal</param>
    /// <param name="goal">a comparison and a number, or empty</param>
    /// <param name="on">what it was measured on</param>
    public void Add(string metric, double? value, string unit, string goal, string on)
    {
        bool? ok = goal.Length == 0 ? null : value is { } number && Holds(number, goal);
        if (ok == false) AllOk = false;
        _figures.Add((metric, value, unit, goal, ok, on));
        var line = new JsonObject
        {
            ["bench"] = bench,
            ["metric"] = metric,
            ["value"] = value is { } v && double.IsFinite(v) ? Math.Round(v, 6) : null,
            ["unit"] = unit,
            ["goal"] = goal,
            ["ok"] = ok,
            ["on"] = on,
        };
        json.WriteLine(line.ToJsonString(Plain));
        json.Flush();
    }

    /// <summary>Prints the table; the exit status for the program.</summary>
    public int Finish()
    {
        var rows = _figures.Select(f => new[]
        {
            f.On, f.Metric, f.Value is { } v ? v.ToString("G5", CultureInfo.InvariantCulture) : "-", f.Unit, f.Goal,
            f.Ok switch { true => "ok", false => "SHORT", null => "" },
        }).Prepend(["on", "metric", "value", "unit", "goal", ""]).ToList();
        int[] widths = [.. Enumerable.Range(0, 6).Select(column => rows.Max(row => row[column].Length))];
        people.WriteLine();
        foreach (string[] row in rows)
        {
            people.WriteLine(string.Join("  ", row.Select((cell, i) =>
                i == 2 ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
        }

        return AllOk ? 0 : 1;
    }

    /// <summary>Whether a number keeps a goal such as <c>&gt;=0.9</c>.</summary>
    public static bool Holds(double value, string goal)
    {
        int at = goal.IndexOfAny(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '.']);
        if (at < 1) throw new ArgumentException($"goal '{goal}': a comparison and a number, as in >=0.9", nameof(goal));
        double limit = double.Parse(goal[at..], CultureInfo.InvariantCulture);
        return goal[..at].Trim() switch
        {
            ">=" => value >= limit,
            "<=" => value <= limit,
            ">" => value > limit,
            "<" => value < limit,
            "=" => value.Equals(limit),
            _ => throw new ArgumentException($"goal '{goal}': begins with none of >= <= > < =", nameof(goal)),
        };
    }
}
