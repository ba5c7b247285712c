using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>What a person should look at; none of it fails, since limits on these teach to split badly.</summary>
static class Smells
{
    public const int FileLines = 300;
    public const int FunctionLines = 60;
    public const int Implementations = 2;

    public static IEnumerable<string> Of(IReadOnlyCollection<SourceFile> files) =>
        LongFiles(files).Concat(LongFunctions(files)).Concat(LonelyInterfaces(files));

    static IEnumerable<string> LongFiles(IEnumerable<SourceFile> files) =>
        from file in files.Where(f => f.IsCSharp)
        let lines = file.Lines.Count()
        where lines > FileLines
        orderby lines descending
        select $"{file.Path}: {lines} lines";

    static IEnumerable<string> LongFunctions(IEnumerable<SourceFile> files) =>
        from file in files.Where(f => f.IsCSharp)
        from function in file.Syntax.GetRoot().DescendantNodes()
        where function is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax
        let span = function.GetLocation().GetLineSpan()
        let lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1
        where lines > FunctionLines
        orderby lines descending
        select $"{file.At(function)}: a function of {lines} lines";

    static IEnumerable<string> LonelyInterfaces(IReadOnlyCollection<SourceFile> files)
    {
        var types = files.Where(f => f.IsCSharp)
            .SelectMany(f => f.Syntax.GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>()).ToList();
        var bases = types.Where(t => t is not InterfaceDeclarationSyntax)
            .SelectMany(t => t.BaseList?.Types.Select(b => b.Type.ToString().Split('<')[0].Split('.').Last()) ?? [])
            .CountBy(name => name).ToDictionary();
        return from face in types.OfType<InterfaceDeclarationSyntax>()
               let count = bases.GetValueOrDefault(face.Identifier.Text)
               where count < Implementations
               select $"{face.SyntaxTree.FilePath}: {face.Identifier.Text} has {count} implementation(s)";
    }
}
