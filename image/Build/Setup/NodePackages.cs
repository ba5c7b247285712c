using System.Text.Json;

namespace EdgeAppliance.Image.Build.Setup;

/// <summary>node_modules against package-lock.json.</summary>
static class NodePackages
{
    /// <summary>npm's own record of what it installed; written last, so a broken install leaves none.</summary>
    static string Installed => Repository.Below("node_modules", ".package-lock.json");

    public static bool AreThere() =>
        File.Exists(Installed)
        && Same(File.ReadAllText(Repository.Below("package-lock.json")), File.ReadAllText(Installed));

    public static bool Install()
    {
        Console.WriteLine("  npm ci --ignore-scripts (about 400 MB on disk)");
        int ended = Tool.Read("npm",
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", Repository.Root],
            line => Console.WriteLine("  " + line), "npm");
        return ended == 0 && AreThere();
    }

    /// <summary>
    /// Whether every package that is not optional was installed with the integrity that the lock names.
    /// </summary>
    public static bool Same(string lockText, string installedText)
    {
        try
        {
            using var wanted = JsonDocument.Parse(lockText);
            using var installed = JsonDocument.Parse(installedText);
            var there = installed.RootElement.GetProperty("packages");
            return wanted.RootElement.GetProperty("packages").EnumerateObject()
                .Where(p => p.Name.Length > 0 && !p.Value.TryGetProperty("optional", out _))
                .All(p => there.TryGetProperty(p.Name, out var found)
                    && found.TryGetProperty("integrity", out var sum)
                    && sum.GetString() == p.Value.GetProperty("integrity").GetString());
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException)
        {
            return false;
        }
    }
}
