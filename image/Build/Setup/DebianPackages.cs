namespace EdgeAppliance.Image.Build.Setup;

/// <summary>Installs Debian packages, as root or through sudo.</summary>
static class DebianPackages
{
    /// <summary>Another installer's lock is waited for this long, seconds.</summary>
    const string LockTimeout = "DPkg::Lock::Timeout=300";

    /// <summary>Why it cannot be done here; null when it can.</summary>
    public static string? Obstacle()
    {
        if (Tool.Find("apt-get") is null) return "this machine has no apt-get";
        if (Environment.IsPrivilegedProcess) return null;
        if (Tool.Find("sudo") is null) return "you are not root and there is no sudo";
        // Without a terminal sudo cannot ask for a password.
        return Console.IsInputRedirected && Tool.Ask("sudo", "-n", "true") is null
            ? "sudo asks for a password and there is no terminal to give it on"
            : null;
    }

    /// <summary>Installs what each need lists, by the names this release has.</summary>
    /// <returns>null when all went well, else what did not</returns>
    public static string? Install(IReadOnlyList<string[]> packages)
    {
        var names = Choose(packages, Known);
        bool isUpdated = names.Contains(null);
        if (isUpdated)
        {
            if (!Update()) return "apt-get update failed";
            names = Choose(packages, Known);
        }

        var unknown = packages.Where((_, i) => names[i] is null).Select(p => string.Join(" or ", p)).ToList();
        if (unknown.Count > 0) return "this release has no package " + string.Join(", ", unknown);
        string[] install = ["install", "-y", "--no-install-recommends", .. names.Select(n => n!).Distinct()];
        if (Get(install)) return null;
        // A list older than the archive names files that are gone.
        if (!isUpdated && Update() && Get(install)) return null;
        return "apt-get install failed";
    }

    /// <summary>For each package the first of its names that is known; null where none is.</summary>
    public static List<string?> Choose(
        IReadOnlyList<string[]> packages, Func<IEnumerable<string>, HashSet<string>> known)
    {
        var found = known(packages.SelectMany(p => p));
        return [.. packages.Select(p => p.FirstOrDefault(found.Contains))];
    }

    /// <summary>Names that <c>apt-cache policy</c> has a candidate for, each in a block of its own.</summary>
    public static HashSet<string> Candidates(string policy)
    {
        var found = new HashSet<string>();
        string name = "";
        foreach (string line in policy.Split('\n'))
        {
            if (line.Length > 0 && line[0] != ' ') name = line.TrimEnd(':');
            else if (line.TrimStart().StartsWith("Candidate:", StringComparison.Ordinal)
                && !line.EndsWith("(none)", StringComparison.Ordinal)) found.Add(name);
        }

        return found;
    }

    static HashSet<string> Known(IEnumerable<string> names) =>
        Candidates(Tool.Ask("apt-cache", ["policy", .. names]) ?? "");

    static bool Update() => Get(["update"]);

    static bool Get(string[] words)
    {
        string[] all = ["apt-get", "-q", "-o", LockTimeout, "-o", "Dpkg::Use-Pty=0", .. words];
        if (!Environment.IsPrivilegedProcess) all = ["sudo", "DEBIAN_FRONTEND=noninteractive", .. all];
        Console.WriteLine("  " + string.Join(' ', all));
        return Tool.Run(all[0], all[1..], new() { ["DEBIAN_FRONTEND"] = "noninteractive" }) == 0;
    }
}
