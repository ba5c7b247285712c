namespace EdgeAppliance.Image.Build;

/// <summary>
/// Renews this program when its sources are newer than it is. Comparing a dozen file times costs 1 ms, asking the SDK
/// (dotnet run) 1.4 s at every call.
/// </summary>
static class Freshness
{
    const string Renewed = "EDGE_APPLIANCE_BUILD_RENEWED";

    /// <summary>The exit status of the renewed program; null when this one is up to date.</summary>
    public static int? Renew(string[] args)
    {
        string self = typeof(Freshness).Assembly.Location;
        string sources = Repository.Below("image", "Build");
        if (Environment.GetEnvironmentVariable(Renewed) is not null || !IsStale(self, sources)) return null;
        // Moved, not overwritten: the running program's pages are mapped from it.
        string old = Repository.Below("image", "Build", "obj", $"old-{Environment.ProcessId}.dll");
        File.Move(self, old);
        try
        {
            int built = Tool.Run("dotnet", ["build", sources, "-c", Repository.Configuration, .. Dotnet.Quiet]);
            if (built != 0) return built;
        }
        finally
        {
            File.Delete(old);
        }

        return Tool.Run("dotnet", [self, .. args], new() { [Renewed] = "1" });
    }

    /// <summary>Whether any source under a folder, or what all projects share, is newer than a built file.</summary>
    public static bool IsStale(string built, string sources)
    {
        var at = File.GetLastWriteTimeUtc(built);
        return Directory.EnumerateFiles(sources, "*.cs").Concat(Directory.EnumerateFiles(sources, "*.csproj"))
            .Concat(Directory.EnumerateFiles(Path.Combine(sources, "Setup"), "*.cs"))
            .Append(Repository.Below("Directory.Build.props"))
            .Any(source => File.GetLastWriteTimeUtc(source) > at);
    }
}
