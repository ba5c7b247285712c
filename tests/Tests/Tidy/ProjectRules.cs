using System.Xml.Linq;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>What project files may say, and what lock files may hold.</summary>
static class ProjectRules
{
    /// <summary>Projects with native memory or native calls of their own.</summary>
    static readonly string[] MayBeUnsafe =
    [
        "EdgeAppliance.Drivers", "EdgeAppliance.CloudSync", "Microsoft.ML.OnnxRuntime", "EdgeAppliance.Tests",
        "EdgeAppliance.Bench",
    ];

    public static IEnumerable<string> UnsafeFaults(SourceFile project) =>
        IsSet(project, "AllowUnsafeBlocks") && !MayBeUnsafe.Contains(Path.GetFileNameWithoutExtension(project.Path))
            ? [$"{project.Path}: unsafe is for {string.Join(", ", MayBeUnsafe)}"]
            : [];

    /// <summary>A version belongs into Directory.Packages.props, where there is one of each.</summary>
    public static IEnumerable<string> VersionFaults(SourceFile project) =>
        XDocument.Parse(project.Text).Descendants("PackageReference")
            .Where(p => p.Attribute("Version") is not null || p.Attribute("VersionOverride") is not null
                || p.Element("Version") is not null)
            .Select(p => $"{project.Path}: {(string?)p.Attribute("Include")} has a version of its own");

    /// <summary>A lock says which package by its hash; where it came from is the machine's affair.</summary>
    public static IEnumerable<string> LockFaults(SourceFile file) =>
        Path.GetFileName(file.Path) is "package-lock.json" or "packages.lock.json"
            ? file.Lines.Where(l => l.Text.Contains("\"resolved\": \"http", StringComparison.Ordinal)
                    || l.Text.Contains("\"resolved\": \"git", StringComparison.Ordinal))
                .Select(l => $"{file.At(l.Number)}: a download address")
            : [];

    static bool IsSet(SourceFile project, string property) =>
        XDocument.Parse(project.Text).Descendants(property).Any(p => p.Value.Trim() == "true");
}
