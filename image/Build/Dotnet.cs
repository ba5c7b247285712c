namespace EdgeAppliance.Image.Build;

/// <summary>The SDK's own building.</summary>
static class Dotnet
{
    /// <summary>Words for every call: no banner, no drawing on the terminal, no server left behind.</summary>
    public static readonly string[] Quiet = ["-v", "q", "--nologo", "--tl:off"];

    /// <summary>Builds the whole solution, or what the words name instead.</summary>
    public static int Build(params string[] words)
    {
        var passed = Verb.Passed(words);
        string[] what = passed.Length > 0 ? passed : [Repository.Solution];
        Console.WriteLine($"building {string.Join(' ', what.Select(w => Path.GetRelativePath(Repository.Root, w)))}");
        return Tool.Read("dotnet", ["build", .. what, "-c", Repository.Configuration, .. Quiet], Say, "dotnet build");
    }

    /// <summary>Lines worth a person's time: all but empty ones and the tally of no warnings.</summary>
    public static void Say(string line)
    {
        if (line.Trim() is "" or "Build succeeded." or "0 Warning(s)" or "0 Error(s)") return;
        Console.WriteLine(line.StartsWith("Time Elapsed", StringComparison.Ordinal) ? "  " + line : line);
    }
}
