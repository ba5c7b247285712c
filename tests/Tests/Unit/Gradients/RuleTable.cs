using System.Globalization;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>All rows of cases, and what came of those that ran: a file that the build program prints.</summary>
static class RuleTable
{
    /// <summary>Relative error asked of every operator.</summary>
    public const double Allowed = 1e-3;

    public const double Share = 0.99;

    /// <summary>Rounding spoils small entries now and then; what is further off is wrong.</summary>
    const double Wrong = 0.05;

    public static readonly IReadOnlyDictionary<string, RuleRow> Rows = ((RuleRow[])
    [
        .. ElementwiseRows.All, .. ReductionRows.All, .. ProductRows.All, .. WindowRows.All, .. LayoutRows.All,
        .. ResizeRows.All,
    ]).ToDictionary(row => row.Op);

    static readonly Lock Gate = new();
    static readonly SortedDictionary<string, string> Done = new(StringComparer.Ordinal);

    /// <summary>Runs all cases of an operator and notes the errors.</summary>
    public static void Check(RuleRow row)
    {
        List<RuleEntry> entries = [];
        for (int number = 0; number < row.Cases; number++) entries.AddRange(Case(row, number));
        RuleEntry[] sorted = [.. entries.OrderBy(e => e.Relative)];
        Note(row, sorted);
        int good = sorted.Count(e => e.Relative < Allowed);
        Assert.True(row.Cases >= 20, $"{row.Op}: {row.Cases} cases");
        Assert.True(sorted.Length > 0 && good >= Share * sorted.Length && sorted[^1].Relative < Wrong,
            $"{row.Op}: {good} of {sorted.Length} entries agree within {Allowed}; the worst:\n"
            + $"{(sorted.Length > 0 ? new Draw(row, sorted[^1].Case) : "")}\n"
            + string.Join('\n', sorted.Reverse().Take(12)));
    }

    static List<RuleEntry> Case(RuleRow row, int number)
    {
        try
        {
            return RuleCheck.Run(row, number);
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException($"{row.Op} case {number}, {new Draw(row, number)}: {fault.Message}",
                fault);
        }
    }

    static void Note(RuleRow row, RuleEntry[] sorted)
    {
        double At(double share) => sorted.Length == 0 ? 0 : sorted[(int)Math.Min(sorted.Length - 1,
            share * sorted.Length)].Relative;
        string Number(double number) => number.ToString("0.0e+00", CultureInfo.InvariantCulture);
        lock (Gate)
        {
            Done[row.Op] = string.Join('\t', row.Op, row.Cases, sorted.Length,
                Number(At(0.5)), Number(At(0.99)), Number(At(1)));
            string folder = Path.Combine(SharedData.Root, "artifacts", "test");
            Directory.CreateDirectory(folder);
            File.WriteAllLines(Path.Combine(folder, "gradient-rules.txt"),
                [string.Join('\t', "operator", "cases", "entries", "median error", "99 %", "largest"), .. Done.Values]);
        }
    }
}
