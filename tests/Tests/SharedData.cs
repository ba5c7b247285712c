namespace EdgeAppliance.Tests;

/// <summary>Real recordings and models beside the checkout. Where they are not, a test skips and says so.</summary>
static class SharedData
{
    /// <summary>The checkout's own folder: the nearest one above the tests that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The path of a file or folder under ../shared/data; skips the test when it is not there.</summary>
    public static string Path(params string[] parts)
    {
        string path = System.IO.Path.GetFullPath(
            System.IO.Path.Combine([Root, "..", "shared", "data", .. parts]));
        Skip.IfNot(File.Exists(path) || Directory.Exists(path),
            $"needs ../shared/data/{string.Join('/', parts)}, which is not beside this checkout");
        return path;
    }

    static string FindRoot()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = System.IO.Path.GetDirectoryName(at))
        {
            if (File.Exists(System.IO.Path.Combine(at, "EdgeAppliance.sln"))) return at;
        }

        throw new InvalidOperationException("no EdgeAppliance.sln above the tests");
    }
}
