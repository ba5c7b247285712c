namespace EdgeAppliance.Image.Build;

/// <summary>Runs benchmarks, each in a process of its own, so that one's memory is not another's.</summary>
static class BenchRun
{
    const string Project = "tests/Bench";

    public static int Run(string[] words)
    {
        var passed = Verb.Passed(words).ToList();
        int built = Dotnet.Build(); // the whole: benchmarks start the other programs
        if (built != 0) return built;
        string program = Repository.Built(Project, "EdgeAppliance.Bench");
        if (!passed.Contains("--data")) passed.AddRange(["--data", Repository.Below("..", "shared", "data")]);
        if (passed[0] != "--data") return Tool.Run("dotnet", [program, .. passed]);

        string[] names =
            Tool.Ask("dotnet", program, "--list")?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (names.Length == 0)
        {
            Console.Error.WriteLine("bench: there is none to run");
            return 1;
        }

        var missed = new List<string>();
        foreach (string name in names)
        {
            Console.WriteLine($"bench {name} ({Array.IndexOf(names, name) + 1} of {names.Length})");
            if (Tool.Run("dotnet", [program, name, .. passed]) != 0) missed.Add(name);
        }

        Console.WriteLine($"{names.Length - missed.Count} of {names.Length} benchmarks keep their goals"
            + (missed.Count == 0 ? "" : "; short: " + string.Join(", ", missed)));
        return missed.Count == 0 ? 0 : 1;
    }
}
