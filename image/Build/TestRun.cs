using System.Globalization;
using System.Xml.Linq;

namespace EdgeAppliance.Image.Build;

/// <summary>Runs the tests and tells what came of them: failures whole, skips with reasons, the tally last.</summary>
static class TestRun
{
    const string Project = "tests/Tests";

    /// <summary>By what they need: nothing, recordings, processes and sockets, a browser, the source tree.</summary>
    static readonly string[] Tiers = ["Unit", "Replay", "Loopback", "Web", "Tidy"];

    /// <summary>Tables that tests write as words between tabs, with what they show.</summary>
    static readonly (string File, string Title)[] Tables =
    [
        ("gradient-rules.txt", "gradient rules against differences of random cases, relative errors:"),
        ("gradient-networks.txt", "input gradients of networks against differences at random pixels, relative errors:"),
    ];

    /// <summary>One test that says nothing for this long is hung: the host is ended and the run has failed.</summary>
    const string HangLimit = "6m";

    public static string TierNames => string.Join('|', Tiers).ToLowerInvariant();

    public static int Run(string[] words)
    {
        var passed = Verb.Passed(words);
        if (FilterOf(passed) is not { } filter)
        {
            Console.Error.WriteLine($"test: '{passed[0]}' is no tier: one of {TierNames}");
            return 64;
        }

        int built = Dotnet.Build();
        if (built != 0)
        {
            Console.WriteLine("0 passed, 1 failed, 0 skipped");
            return built;
        }

        string results = Path.Combine(Repository.Artifacts, "test");
        string report = Path.Combine(results, "results.trx");
        Directory.CreateDirectory(results);
        string smells = Path.Combine(results, "smells.txt");
        File.Delete(report);
        File.Delete(smells);
        foreach (var (file, _) in Tables) File.Delete(Path.Combine(results, file));
        var progress = new TestProgress(Console.Out);
        int ended = Tool.Read("dotnet",
        [
            "test", Repository.Below(Project), "-c", Repository.Configuration, "--no-build", "--nologo", "--tl:off",
            "--results-directory", results, "--logger", "trx;LogFileName=results.trx",
            "--logger", "console;verbosity=normal",
            "--blame-hang", "--blame-hang-timeout", HangLimit, "--blame-hang-dump-type", "none", .. filter,
        ], progress.Take, "tests");
        if (File.Exists(smells)) foreach (string smell in File.ReadLines(smells)) Console.WriteLine($"smell: {smell}");
        foreach (var (file, title) in Tables) Show(Path.Combine(results, file), title, Console.Out);
        return Tell(TestReport.Read(report), ended, Console.Out);
    }

    static void Show(string file, string title, TextWriter to)
    {
        if (!File.Exists(file)) return;
        to.WriteLine(title);
        foreach (string line in TextTable.Aligned(File.ReadLines(file))) to.WriteLine($"  {line}");
    }

    /// <summary>
    /// Words for dotnet test that pick a tier; empty for all of them; null when there is no such tier.
    /// </summary>
    public static string[]? FilterOf(string[] words)
    {
        if (words.Length == 0) return [];
        var tier = Tiers.FirstOrDefault(t => t.Equals(words[0], StringComparison.OrdinalIgnoreCase));
        if (tier is null) return null;
        string filter = $"FullyQualifiedName~EdgeAppliance.Tests.{tier}.";
        // A second word narrows further, by part of a test's name.
        return ["--filter", words.Length > 1 ? $"{filter}&FullyQualifiedName~{words[1]}" : filter];
    }

    /// <summary>Prints skips and the tally. Nothing run, a failure, or a host that died: not 0.</summary>
    public static int Tell(TestReport? report, int ended, TextWriter to)
    {
        report ??= new TestReport(0, [], []);
        foreach (var skips in report.Skipped.GroupBy(s => s.Why).OrderByDescending(g => g.Count()))
        {
            to.WriteLine($"skipped, {skips.Key}:");
            foreach (var skip in skips) to.WriteLine($"  {skip.Test}");
        }

        foreach (string test in report.Failed) to.WriteLine($"FAILED {test}");
        int failed = report.Failed.Count;
        if (report.Passed + failed == 0) to.WriteLine("no test ran: that is a failure");
        if (ended != 0 && failed == 0)
        {
            to.WriteLine($"the test run itself ended with {ended} (host crashed or hung): counted as one failure");
            failed = 1;
        }

        to.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Passed} passed, {failed} failed, {report.Skipped.Count} skipped"));
        return failed == 0 && report.Passed > 0 ? 0 : 1;
    }
}

/// <summary>A skipped test and the reason it gave.</summary>
sealed record SkippedTest(string Test, string Why);

/// <summary>What a run's report file says.</summary>
sealed record TestReport(int Passed, IReadOnlyList<string> Failed, IReadOnlyList<SkippedTest> Skipped)
{
    /// <summary>Null when the run left no report, or one cut short.</summary>
    public static TestReport? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return Parse(XDocument.Load(path));
        }
        catch (System.Xml.XmlException)
        {
            return null;
        }
    }

    public static TestReport Parse(XDocument report)
    {
        var results = report.Descendants().Where(e => e.Name.LocalName == "UnitTestResult").ToList();
        List<XElement> Of(string outcome) => [.. results.Where(r => (string?)r.Attribute("outcome") == outcome)];
        string Name(XElement result) => (string?)result.Attribute("testName") ?? "a test without a name";
        var failed = results.Except(Of("Passed")).Except(Of("NotExecuted")).Select(Name);
        var skipped = Of("NotExecuted").Select(r => new SkippedTest(Name(r), Why(r)));
        return new(Of("Passed").Count, [.. failed], [.. skipped]);
    }

    static string Why(XElement result) =>
        result.Descendants().Where(e => e.Name.LocalName is "Message" or "StdOut").Select(e => e.Value.Trim())
            .FirstOrDefault(said => said.Length > 0) ?? "no reason given";
}
