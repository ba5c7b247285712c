namespace EdgeAppliance.Image.Build;

/// <summary>Where things lie in this checkout.</summary>
static class Repository
{
    public const string Configuration = "Release";
    public const string Framework = "net10.0";

    /// <summary>The folder that holds the solution; this program lies inside it.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Solution => Below("EdgeAppliance.sln");

    public static string Artifacts => Below("artifacts");

    public static string Below(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A built program's assembly.</summary>
    public static string Built(string project, string assembly) =>
        Below(project, "bin", Configuration, Framework, assembly + ".dll");

    static string FindRoot(string from)
    {
        for (string? at = from; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "EdgeAppliance.sln"))) return at;
        }

        throw new InvalidOperationException($"no EdgeAppliance.sln in any folder above {from}");
    }
}
