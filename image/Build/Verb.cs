using EdgeAppliance.Image.Build.Setup;

namespace EdgeAppliance.Image.Build;

/// <summary>One word of the command line.</summary>
/// <param name="Name">as it is typed</param>
/// <param name="Needs">what is set up before it starts</param>
/// <param name="Do">takes the words after the verb, answers the exit status</param>
/// <param name="Usage">the words it takes, for help</param>
/// <param name="Says">what it does, for help</param>
sealed record Verb(string Name, Groups Needs, Func<string[], int> Do, string Usage, string Says)
{
    public static int Help(IReadOnlyCollection<Verb> verbs, TextWriter to, int status)
    {
        to.WriteLine("./build.sh VERB");
        foreach (var verb in verbs)
        {
            to.WriteLine($"  {verb.Name} {verb.Usage}".TrimEnd());
            to.WriteLine($"      {verb.Says}");
        }

        return status;
    }

    /// <summary>What follows the first <c>--</c>; without one, every word.</summary>
    public static string[] Passed(string[] words) =>
        Array.IndexOf(words, "--") is var at and >= 0 ? [.. words[..at], .. words[(at + 1)..]] : words;
}
