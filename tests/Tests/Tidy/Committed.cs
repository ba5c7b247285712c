namespace EdgeAppliance.Tests.Tidy;

/// <summary>
/// Lists that change on purpose only: EDGE_APPLIANCE_FREEZE=1 ./build.sh test tidy writes them anew, and the change is
/// read in the commit.
/// </summary>
static class Committed
{
    const string Freeze = "EDGE_APPLIANCE_FREEZE";

    /// <summary>Lines that are there and not in the committed list, and the other way round.</summary>
    public static IReadOnlyList<string> Differences(string list, IReadOnlyList<string> now)
    {
        string path = SourceTree.Full("tests/Tests/Tidy/" + list);
        if (Environment.GetEnvironmentVariable(Freeze) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, string.Concat(now.Select(line => line + "\n")));
        }

        return File.Exists(path)
            ? Between(File.ReadAllLines(path), now)
            : [$"{list} is not there: {Freeze}=1 writes it"];
    }

    public static IReadOnlyList<string> Between(IReadOnlyList<string> committed, IReadOnlyList<string> now) =>
        [
            .. now.Except(committed).Select(line => "new: " + line),
            .. committed.Except(now).Select(line => "gone: " + line),
        ];
}
