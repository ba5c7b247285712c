using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>
/// Who may see whom: between projects by their references, inside a project by the order of its folders.
/// </summary>
static class LayerRules
{
    /// <summary>Project -> the projects it may reference.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Sees = new Dictionary<string, string[]>
    {
        ["EdgeAppliance.Drivers"] = [],
        ["Microsoft.ML.OnnxRuntime"] = [],
        ["EdgeAppliance.Onnx"] = ["Microsoft.ML.OnnxRuntime"],
        ["EdgeAppliance.CloudSync"] = [],
        ["EdgeAppliance.Runtime"] = ["EdgeAppliance.Drivers", "EdgeAppliance.Onnx", "EdgeAppliance.CloudSync"],
        ["EdgeAppliance.Retrain"] = ["EdgeAppliance.Onnx", "EdgeAppliance.CloudSync"],
        ["EdgeAppliance.Build"] = [],
        ["EdgeAppliance.Bench"] =
        [
            "EdgeAppliance.Drivers", "EdgeAppliance.Onnx", "EdgeAppliance.CloudSync", "EdgeAppliance.Runtime",
            "EdgeAppliance.Retrain",
        ],
        ["EdgeAppliance.Tests"] =
        [
            "EdgeAppliance.Drivers", "EdgeAppliance.Onnx", "EdgeAppliance.CloudSync", "EdgeAppliance.Runtime",
            "EdgeAppliance.Retrain", "EdgeAppliance.Build", "EdgeAppliance.Bench",
        ],
    };

    /// <summary>A project's folders from the lowest up; each looks only at those before it. "." is the root.</summary>
    public static readonly Layering[] Orders =
    [
        new("drivers/", "EdgeAppliance.Drivers",
            [".", "Timing", "Memory", "Media", "Camera", "Radio", "Board", "Twin"]),
        new("runtime/Onnx/", "EdgeAppliance.Onnx",
            [".", "Model", "Shapes", "Editing", "Expressions", "Gradients", "Losses", "Training",
                "Sessions", "Inspection"]),
        new("runtime/Appliance/", "EdgeAppliance.Runtime",
            ["Settings", "Pipeline", "Inference", "Tracking", "Localization", "Fusion", "Calibration", "Annotation",
                "Selection", "Adaptation", "Offload", "Insight", "Status", ".", "Commands"]),
        new("cloud-sync/Sync/", "EdgeAppliance.CloudSync", ["Contract", "Spool", "Mqtt", "."]),
        new("cloud-sync/Retrain/", "EdgeAppliance.Retrain", ["Dataset", "Ingest", "Training", "."]),
    ];

    public static IEnumerable<string> ReferenceFaults(IEnumerable<SourceFile> files)
    {
        foreach (var project in files.Where(f => f.IsProject))
        {
            string name = Path.GetFileNameWithoutExtension(project.Path);
            if (!Sees.TryGetValue(name, out var allowed))
            {
                yield return $"{project.Path}: a project that the order does not name";
                continue;
            }

            var seen = XDocument.Parse(project.Text).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(((string)r.Attribute("Include")!).Replace('\\', '/')));
            foreach (string other in seen.Except(allowed)) yield return $"{project.Path}: {name} may not see {other}";
        }
    }

    /// <summary>
    /// Names that reach into a later folder, found as the compiler binds them: a using, a full name and a bare name
    /// through an enclosing namespace are all the same to it.
    /// </summary>
    public static Looked FolderFaults(IEnumerable<SourceFile> files, Layering order)
    {
        var own = files.Where(f => f.IsCSharp && f.Path.StartsWith(order.Folder, StringComparison.Ordinal)).ToList();
        var faults = new List<string>();
        int bound = 0, unbound = 0;
        var compilation = Compile(own, order.Namespace);
        foreach (var file in own)
        {
            string from = order.FolderOf(file.Path);
            int rank = Array.IndexOf(order.Folders, from);
            if (rank < 0) faults.Add($"{file.Path}: {order.Namespace} has no folder {from} in its order");
            var model = compilation.GetSemanticModel(file.Syntax);
            foreach (var name in file.Syntax.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
            {
                var meant = model.GetSymbolInfo(name);
                if ((meant.Symbol ?? meant.CandidateSymbols.FirstOrDefault()) is not { } symbol)
                {
                    unbound++;
                    continue;
                }

                bound++;
                if (rank >= 0 && order.FolderOf(symbol) is { } to && Array.IndexOf(order.Folders, to) > rank)
                    faults.Add($"{file.At(name)}: {from} looks up at {to} ({name})");
            }
        }

        return new Looked([.. faults.Distinct()], bound, unbound);
    }

    static CSharpCompilation Compile(IEnumerable<SourceFile> files, string name)
    {
        const string Usings = """
            global using System; global using System.Collections.Generic; global using System.IO;
            global using System.Linq; global using System.Net.Http; global using System.Threading;
            global using System.Threading.Tasks;
            """;
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create(name + ".Looked",
            [.. files.Select(f => f.Syntax), CSharpSyntaxTree.ParseText(Usings, SourceTree.Options)],
            references, new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true));
    }
}

/// <summary>What came of looking: how many names could be bound tells whether the check still sees.</summary>
sealed record Looked(IReadOnlyList<string> Faults, int Bound, int Unbound);

/// <summary>A project's folders in their order.</summary>
sealed record Layering(string Folder, string Namespace, string[] Folders)
{
    /// <summary>The first folder below the project; "." for the project's own; the last for the entry.</summary>
    public string FolderOf(string path)
    {
        string inside = path[Folder.Length..];
        // The entry stands on whatever is on top.
        if (inside == "Program.cs") return Folders[^1];
        int end = inside.IndexOf('/', StringComparison.Ordinal);
        return end < 0 ? "." : inside[..end];
    }

    /// <summary>
    /// Where a symbol of this project's source lives; null for others' and for namespaces themselves.
    /// </summary>
    public string? FolderOf(ISymbol symbol)
    {
        if (symbol is INamespaceSymbol || symbol.Locations.FirstOrDefault()?.SourceTree is null) return null;
        string space = symbol.ContainingNamespace?.ToDisplayString() ?? "";
        if (space == Namespace) return ".";
        if (!space.StartsWith(Namespace + ".", StringComparison.Ordinal)) return null;
        return space[(Namespace.Length + 1)..].Split('.')[0];
    }
}
