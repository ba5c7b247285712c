namespace EdgeAppliance.Runtime.Commands;

/// <summary>Large numbers as people read them.</summary>
static class Scaled
{
    public static string Count(long number) => number switch
    {
        >= 1_000_000_000 => Table.Invariant($"{number / 1e9:F2} G"),
        >= 1_000_000 => Table.Invariant($"{number / 1e6:F2} M"),
        >= 10_000 => Table.Invariant($"{number / 1e3:F1} k"),
        _ => Table.Invariant($"{number}"),
    };

    public static string Bytes(long number) => number switch
    {
        >= 1_000_000 => Table.Invariant($"{number / 1e6:F2} MB"),
        >= 1000 => Table.Invariant($"{number / 1e3:F1} kB"),
        _ => Table.Invariant($"{number} bytes"),
    };

    /// <summary>A long name's end, which tells more than its beginning.</summary>
    public static string Ended(string name, int length) => name.Length <= length ? name : "…" + name[^(length - 1)..];
}
