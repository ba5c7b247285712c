using System.Runtime.InteropServices;

namespace EdgeAppliance.Image.Build.Setup;

/// <summary>Shared libraries of this machine.</summary>
static class Libraries
{
    static readonly Lazy<HashSet<string>?> Cache = new(ReadCache);

    /// <summary>
    /// Whether the loader finds a library. The loader's own list is asked where there is one: loading libavcodec with
    /// its sixty dependencies just to look takes 60 ms.
    /// </summary>
    public static bool IsThere(string library)
    {
        if (Cache.Value?.Contains(library) == true) return true;
        if (!NativeLibrary.TryLoad(library, out nint handle)) return false;
        NativeLibrary.Free(handle);
        return true;
    }

    /// <summary>Whether a file lies in a folder of the library folders: <c>/usr/lib/*/gstreamer-1.0/x.so</c>.</summary>
    public static bool HasBeside(string folder, string file)
    {
        string[] roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
        return roots.Where(Directory.Exists).Any(root =>
            File.Exists(Path.Combine(root, folder, file))
            || Directory.EnumerateDirectories(root, "*-linux-*").Any(d => File.Exists(Path.Combine(d, folder, file))));
    }

    static HashSet<string>? ReadCache()
    {
        if (Tool.Find("ldconfig") is not { } ldconfig || Tool.Ask(ldconfig, "-p") is not { } list) return null;
        return [.. list.Split('\n').Select(line => line.Trim().Split(' ')[0])];
    }
}
