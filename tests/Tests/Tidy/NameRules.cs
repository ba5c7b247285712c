using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>Names of types, written defaults, and where tests may live.</summary>
static class NameRules
{
    /// <summary>Words that say nothing at the end of a type's name.</summary>
    static readonly string[] BannedEndings =
    [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Common", "Base", "Impl", "Info", "Data",
        "Processor", "Handler", "Wrapper", "Service",
    ];

    static readonly string[] Tiers = ["Unit", "Replay", "Loopback", "Web", "Tidy"];

    /// <summary>Names that others gave and that we have to write as they are, with the reason.</summary>
    static readonly Dictionary<string, string> Excused = new()
    {
        ["AvUtil"] = "libav's own library name, as avutil.h has it",
        ["SharedData"] = "the folder it finds is called so: ../shared/data",
    };

    public static IEnumerable<string> TypeFaults(SourceFile file) =>
        from type in file.Syntax.GetRoot().DescendantNodes()
        where type is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax
        let name = NameOf(type)
        where !Excused.ContainsKey(name)
        let ending = Array.Find(BannedEndings, e => name.EndsWith(e, StringComparison.Ordinal))
        where ending is not null
        select $"{file.At(type)}: {name}: '{ending}' says nothing";

    static string NameOf(SyntaxNode type) =>
        type is BaseTypeDeclarationSyntax t ? t.Identifier.Text : ((DelegateDeclarationSyntax)type).Identifier.Text;

    /// <summary>Accessibility that is the default: private on a member, internal on a type of a namespace.</summary>
    public static IEnumerable<string> DefaultFaults(SourceFile file)
    {
        foreach (var member in file.Syntax.GetRoot().DescendantNodes().OfType<MemberDeclarationSyntax>())
        {
            var modifiers = member.Modifiers;
            // A partial member with a result has to say it (CS8796); private protected is not the default.
            if (modifiers.Any(SyntaxKind.PartialKeyword) || modifiers.Any(SyntaxKind.ProtectedKeyword)) continue;
            bool isNested = member.Parent is BaseTypeDeclarationSyntax;
            var written = isNested ? SyntaxKind.PrivateKeyword : SyntaxKind.InternalKeyword;
            if (modifiers.Any(written)) yield return $"{file.At(member)}: the default is written";
        }
    }

    /// <summary>A test outside the tiers runs in no tier.</summary>
    public static IEnumerable<string> TierFaults(SourceFile file)
    {
        if (!file.Path.StartsWith("tests/Tests/", StringComparison.Ordinal)) yield break;
        foreach (var attribute in file.Syntax.GetRoot().DescendantNodes().OfType<AttributeSyntax>())
        {
            if (attribute.Name.ToString() is not ("Fact" or "Theory" or "SkippableFact" or "SkippableTheory")) continue;
            string? space = attribute.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault()?
                .Name.ToString();
            // A tier's folders belong to it: the runner picks a tier by the beginning of a test's full name.
            if (Tiers.Any(t => $"{space}.".StartsWith($"EdgeAppliance.Tests.{t}.", StringComparison.Ordinal))) continue;
            yield return $"{file.At(attribute)}: in no tier: {space}";
        }
    }
}
