using System.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>A file of the source tree, by its path from the root with forward slashes.</summary>
sealed class SourceFile(string path, string text)
{
    readonly Lazy<SyntaxTree> _syntax = new(() => CSharpSyntaxTree.ParseText(text, SourceTree.Options, path));

    public string Path => path;

    public string Text => text;

    public SyntaxTree Syntax => _syntax.Value;

    public bool IsCSharp => path.EndsWith(".cs", StringComparison.Ordinal);

    public bool IsProject => path.EndsWith(".csproj", StringComparison.Ordinal);

    /// <summary>Part of what is delivered, and not of what tests or measures it.</summary>
    public bool IsProduct => !path.StartsWith("tests/", StringComparison.Ordinal);

    public IEnumerable<(int Number, string Text)> Lines =>
        text.Split('\n').Select((line, i) => (i + 1, line.TrimEnd('\r')));

    /// <summary>A place in the file as a person looks for it.</summary>
    public string At(SyntaxNode node) => At(node.GetLocation().GetLineSpan().StartLinePosition.Line + 1);

    public string At(int line) => $"{path}:{line}";
}

/// <summary>Everything git tracks or would track here; where there is no git, everything that is not built.</summary>
static class SourceTree
{
    public static readonly CSharpParseOptions Options = new(LanguageVersion.Preview, DocumentationMode.Parse);

    static readonly HashSet<string> TextEndings =
    [
        ".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".md", ".txt", ".sh", ".ps1", ".html", ".css", ".js",
        ".svg", ".yml", ".conf", ".service", ".py", ".csv", ".sql", ".editorconfig", ".gitignore", ".npmrc", "",
    ];

    static readonly string[] NotSource = ["bin", "obj", "node_modules", "artifacts", ".git", "TestResults", "out"];

    static readonly Lazy<IReadOnlyList<string>> Listed = new(List);

    static readonly Lazy<IReadOnlyList<SourceFile>> Read = new(() =>
        [.. Listed.Value.Where(p => TextEndings.Contains(System.IO.Path.GetExtension(p)))
            .Select(p => new SourceFile(p, File.ReadAllText(Full(p))))]);

    /// <summary>Every file's path, text or not.</summary>
    public static IReadOnlyList<string> Paths => Listed.Value;

    /// <summary>The text files.</summary>
    public static IReadOnlyList<SourceFile> Files => Read.Value;

    public static IEnumerable<SourceFile> CSharp => Files.Where(f => f.IsCSharp);

    public static string Full(string path) => System.IO.Path.Combine(SharedData.Root, path);

    static IReadOnlyList<string> List() =>
        [.. (ListByGit() ?? ListByFolder(SharedData.Root)).Distinct().Order(StringComparer.Ordinal)
            .Where(p => File.Exists(Full(p)))];

    static string[]? ListByGit()
    {
        var start = new ProcessStartInfo("git",
            ["-C", SharedData.Root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            git.ErrorDataReceived += (_, _) => { };
            git.BeginErrorReadLine();
            string said = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? said.Split('\0', StringSplitOptions.RemoveEmptyEntries) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    static IEnumerable<string> ListByFolder(string root) =>
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(p => System.IO.Path.GetRelativePath(root, p).Replace('\\', '/'))
            .Where(p => !p.Split('/').Any(NotSource.Contains));
}
