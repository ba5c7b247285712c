using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EdgeAppliance.Image.Build;

/// <summary>Self-contained, trimmed, single-file programs for a machine without .NET.</summary>
static partial class Publish
{
    static readonly (string Project, string Program)[] Programs =
    [
        ("runtime/Appliance", "edge-appliance"),
        ("cloud-sync/Retrain", "edge-retrain"),
    ];

    /// <summary>Where published projects lie.</summary>
    static readonly string[] Products = ["drivers", "runtime", "cloud-sync"];

    public static int Run(string[] words)
    {
        if (RidOf(Verb.Passed(words)) is not { } rid)
        {
            Console.Error.WriteLine("publish [-r RID], for example -r linux-arm64");
            return 64;
        }

        string into = Path.Combine(Repository.Artifacts, "publish", rid);
        // Beside the build's own: a restore for one machine would undo the restore for all, and the other way round.
        string work = Path.Combine(Repository.Artifacts, "publish-work", rid);
        if (Directory.Exists(into)) Directory.Delete(into, recursive: true);
        foreach (var (project, program) in Programs)
        {
            Console.WriteLine($"publishing {program} for {rid}");
            int ended = One(project, rid, into, work);
            if (ended != 0) return ended;
        }

        return Compare(work) && Starts(rid, into) ? 0 : 1;
    }

    /// <summary>linux-x64 unless told; null when the words are others.</summary>
    public static string? RidOf(string[] words) => words switch
    {
        [] => "linux-x64",
        ["-r" or "--runtime", var rid] when rid.Length > 0 && rid[0] != '-' => rid,
        _ => null,
    };

    static int One(string project, string rid, string into, string work)
    {
        var said = new List<string>();
        int ended = Tool.Read("dotnet",
        [
            "publish", Repository.Below(project), "-c", Repository.Configuration, "-r", rid, "--self-contained",
            "-p:PublishTrimmed=true", "-p:PublishSingleFile=true",
            "-p:DebugType=none", "-p:DebugSymbols=false", "-p:PublishDocumentationFiles=false",
            $"-p:PublishLocks={Path.Combine(work, "locks")}/", "--artifacts-path", work, "-o", into, .. Dotnet.Quiet,
        ], line => Hear(line, said), "dotnet publish");
        if (ended == 0) return 0;
        foreach (string package in MissingPackages(said))
            Console.Error.WriteLine($"publish: the package feed of this machine has no {package}, which {rid} needs");
        return ended;
    }

    /// <summary>What is missing is told once at the end, and not by every project.</summary>
    static void Hear(string line, List<string> said)
    {
        said.Add(line);
        if (!Unfound.IsMatch(line)) Dotnet.Say(line);
    }

    /// <summary>Packages that NuGet says it cannot find (NU1101: not at all; NU1102: not in this version).</summary>
    public static IReadOnlyList<string> MissingPackages(IEnumerable<string> lines) =>
        [.. lines.Select(line => Unfound.Match(line)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct()];

    [GeneratedRegex(@"NU110[12]: Unable to find package ([\w.\-]*\w)")]
    static partial Regex Unfound { get; }

    /// <summary>
    /// What is published must be the packages that were tested. Restoring for one machine adds to a lock file (so it
    /// has one of its own, and the committed ones stay for all machines); what both name must be the same bytes.
    /// </summary>
    static bool Compare(string work)
    {
        bool isSame = true;
        foreach (string path in Directory.EnumerateFiles(Path.Combine(work, "locks"), "*.lock.json"))
        {
            string project = Path.GetFileName(path)[..^".lock.json".Length];
            string? committed = Projects(project)
                .Select(p => Path.Combine(Path.GetDirectoryName(p)!, "packages.lock.json"))
                .FirstOrDefault(File.Exists);
            if (committed is null) continue;
            foreach (string package in Different(File.ReadAllText(committed), File.ReadAllText(path)))
            {
                Console.Error.WriteLine($"publish: {project}: {package} is not the one in packages.lock.json");
                isSame = false;
            }
        }

        return isSame;
    }

    static IEnumerable<string> Projects(string name) =>
        Products.SelectMany(folder => Directory.EnumerateFiles(
            Repository.Below(folder), name + ".csproj", SearchOption.AllDirectories));

    /// <summary>Packages whose contents differ between two lock files.</summary>
    public static IReadOnlyList<string> Different(string lockA, string lockB)
    {
        var a = Hashes(lockA);
        var b = Hashes(lockB);
        return [.. b.Keys.Where(name => a.TryGetValue(name, out string? hash) && hash != b[name])];
    }

    static Dictionary<string, string> Hashes(string text)
    {
        using var document = JsonDocument.Parse(text);
        var hashes = new Dictionary<string, string>();
        foreach (var framework in document.RootElement.GetProperty("dependencies").EnumerateObject())
        {
            foreach (var package in framework.Value.EnumerateObject())
            {
                if (package.Value.TryGetProperty("contentHash", out var hash)) hashes[package.Name] = hash.GetString()!;
            }
        }

        return hashes;
    }

    static bool Starts(string rid, string into)
    {
        long bytes = Directory.EnumerateFiles(into, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        Console.WriteLine($"{into}: {bytes / 1e6:F1} MB");
        if (rid != RuntimeInformation.RuntimeIdentifier && !IsThisMachine(rid))
        {
            Console.WriteLine($"not started here: this machine is {RuntimeInformation.RuntimeIdentifier}");
            return true;
        }

        foreach (var (_, program) in Programs)
        {
            int ended = Tool.Read(Path.Combine(into, program), ["--help"], _ => { });
            Console.WriteLine($"{program} --help: {(ended == 0 ? "starts" : $"ended with {ended}")}");
            if (ended != 0) return false;
        }

        return true;
    }

    static bool IsThisMachine(string rid) =>
        OperatingSystem.IsLinux()
        && rid == "linux-" + RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
}
