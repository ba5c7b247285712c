using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>Rules switched off, and faults caught whole.</summary>
static partial class SuppressionRules
{
    /// <summary>The two places that catch everything: round an edge session, and round a stage.</summary>
    static readonly string[] CatchAlls = ["runtime/Appliance/Pipeline/Supervisor.cs", "runtime/Appliance/Appliance.cs"];

    /// <summary>One line each: pragmas, attributes, and project-wide ones.</summary>
    public static IEnumerable<string> Found(SourceFile file)
    {
        if (file.IsProject || file.Path.EndsWith(".props", StringComparison.Ordinal))
        {
            return file.Lines.Where(l => l.Text.Contains("<NoWarn", StringComparison.Ordinal))
                .Select(l => file.At(l.Number));
        }

        if (!file.IsCSharp) return [];
        var root = file.Syntax.GetRoot();
        var pragmas = root.DescendantNodes(descendIntoTrivia: true).OfType<PragmaWarningDirectiveTriviaSyntax>()
            .Where(p => p.DisableOrRestoreKeyword.IsKind(SyntaxKind.DisableKeyword)).Select(p => file.At(p));
        return pragmas.Concat(Attributes(file).Select(a => file.At(a)));
    }

    public static IEnumerable<string> UnreasonedFaults(SourceFile file) =>
        file.IsCSharp
            ? Attributes(file).Where(a => !Reason.IsMatch(a.ToString())).Select(a => $"{file.At(a)}: no Justification")
            : [];

    /// <summary>A catch of everything that neither names what it takes nor throws on.</summary>
    public static IEnumerable<string> CatchFaults(SourceFile file) =>
        CatchAlls.Contains(file.Path)
            ? []
            : from clause in file.Syntax.GetRoot().DescendantNodes().OfType<CatchClauseSyntax>()
              where clause.Declaration?.Type.ToString() is null or "Exception" or "System.Exception"
              where clause.Filter is null || !Picks(clause.Filter.FilterExpression)
              where clause.Block.Statements.LastOrDefault() is not ThrowStatementSyntax
              select $"{file.At(clause)}: catches everything";

    /// <summary>Whether a filter says which faults it takes: <c>fault is IOException or SocketException</c>.</summary>
    static bool Picks(ExpressionSyntax filter) => filter switch
    {
        ParenthesizedExpressionSyntax inner => Picks(inner.Expression),
        InvocationExpressionSyntax { Expression: IdentifierNameSyntax name } call => call.SyntaxTree.GetRoot()
            .DescendantNodes().OfType<MethodDeclarationSyntax>().Where(m => m.Identifier.Text == name.Identifier.Text)
            .Any(m => m.ExpressionBody is { } body && Picks(body.Expression)),
        IsPatternExpressionSyntax { Pattern: not UnaryPatternSyntax } => true,
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.IsExpression } => true,
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalAndExpression } and =>
            Picks(and.Left) || Picks(and.Right),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.LogicalOrExpression } or =>
            Picks(or.Left) && Picks(or.Right),
        _ => false,
    };

    static IEnumerable<AttributeSyntax> Attributes(SourceFile file) =>
        file.Syntax.GetRoot().DescendantNodes().OfType<AttributeSyntax>()
            .Where(a => a.Name.ToString().EndsWith("SuppressMessage", StringComparison.Ordinal));

    [GeneratedRegex("""Justification\s*=\s*"[^"]{8,}""")]
    static partial Regex Reason { get; }
}
