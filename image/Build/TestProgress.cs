using System.Diagnostics;

namespace EdgeAppliance.Image.Build;

/// <summary>
/// Reads what dotnet test says: passes are counted and told as a line every few seconds, all about failures goes on
/// as it is, the rest is the report's to tell.
/// </summary>
sealed class TestProgress(TextWriter to)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    readonly Stopwatch _since = Stopwatch.StartNew();
    TimeSpan _told;
    int _passed;
    int _failed;
    int _skipped;
    bool _failing;

    public void Take(string line)
    {
        string word = line.TrimStart();
        if (Begins(word, "Passed ")) Count(ref _passed, false);
        else if (Begins(word, "Skipped ")) Count(ref _skipped, false);
        else if (Begins(word, "Failed ")) Count(ref _failed, true);
        if (word.Contains("run was aborted", StringComparison.Ordinal)) _failing = true; // all that follows is about it
        if (_failing || IsAboutTheRun(word)) to.WriteLine(line);
        if (_since.Elapsed - _told < Every) return;
        _told = _since.Elapsed;
        to.WriteLine($"  {_told.TotalSeconds:F0} s: {_passed} passed, {_failed} failed, {_skipped} skipped so far");
    }

    void Count(ref int kind, bool failing)
    {
        kind++;
        _failing = failing;
    }

    static bool Begins(string line, string word) => line.StartsWith(word, StringComparison.Ordinal);

    /// <summary>What a crash, a hang or a broken build says of itself.</summary>
    static bool IsAboutTheRun(string line) =>
        line.Contains("error", StringComparison.OrdinalIgnoreCase)
        || line.Contains("Unhandled exception", StringComparison.Ordinal)
        || Begins(line, "smell:");
}
