using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>What every text file must keep.</summary>
static partial class TextRules
{
    public const int Columns = 120;
    public const long FileBytes = 5_000_000;

    static readonly string[] Ruled = [".cs", ".csproj", ".props", ".targets", ".sh", ".ps1", ".css", ".js"];

    public static IEnumerable<string> LengthFaults(SourceFile file) =>
        Ruled.Contains(Path.GetExtension(file.Path))
            ? file.Lines.Where(l => l.Text.Length > Columns)
                .Select(l => $"{file.At(l.Number)}: {l.Text.Length} columns")
            : [];

    public static IEnumerable<string> LineEndFaults(SourceFile file) =>
        file.Text.Contains('\r', StringComparison.Ordinal) ? [$"{file.Path}: carriage returns"] : [];

    /// <summary>Work put off: done or not there, never noted in the source.</summary>
    public static IEnumerable<string> PutOffFaults(SourceFile file) =>
        file.Lines.Where(l => PutOff.IsMatch(l.Text)).Select(l => $"{file.At(l.Number)}: {l.Text.Trim()}");

    /// <summary>Places of one machine, and hosts that packages come from.</summary>
    public static IEnumerable<string> PlaceFaults(SourceFile file) =>
        file.Lines.Where(l => Place.IsMatch(l.Text)).Select(l => $"{file.At(l.Number)}: {Place.Match(l.Text).Value}");

    /// <summary>Comments that are statements.</summary>
    public static IEnumerable<string> DeadCodeFaults(SourceFile file) =>
        file.Syntax.GetRoot().DescendantTrivia()
            .Where(t => t.IsKind(SyntaxKind.SingleLineCommentTrivia))
            .Where(t => IsCode(t.ToString().TrimStart('/').Trim()))
            .Select(t => $"{file.At(t.GetLocation().GetLineSpan().StartLinePosition.Line + 1)}: {t}");

    static bool IsCode(string comment)
    {
        if (!comment.EndsWith(';')) return false;
        var statement = SyntaxFactory.ParseStatement(comment);
        if (statement.ContainsDiagnostics || statement.FullSpan.Length != comment.Length) return false;
        return statement switch
        {
            ExpressionStatementSyntax { Expression: InvocationExpressionSyntax or AssignmentExpressionSyntax } => true,
            LocalDeclarationStatementSyntax local => local.Declaration.Variables.Any(v => v.Initializer is not null),
            ReturnStatementSyntax or IfStatementSyntax or ForStatementSyntax or ThrowStatementSyntax => true,
            _ => false,
        };
    }

    // In two halves, so that this file keeps its own rule.
    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK)\b")]
    static partial Regex PutOff { get; }

    [GeneratedRegex(@"(?<![\w.])/(wo" + @"rk|ro" + @"ot|ho" + @"me/\w+|tmp/te" + @"am)/|[A-Z]:\\Us" + @"ers\\|npm"
        + @"js\.|nuget\.o" + @"rg|pypi\.o" + @"rg|deb\.deb" + @"ian|archive\.ubu" + @"ntu|artifac" + @"tory")]
    static partial Regex Place { get; }
}
