using System.Globalization;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>Log events: a number each, once in the whole tree, in its project's range.</summary>
static class LogRules
{
    static readonly (string Folder, int From, int To)[] Ranges =
    [
        ("drivers/", 1000, 1999), ("runtime/Onnx/", 2000, 2999), ("runtime/Appliance/", 3000, 4999),
        ("cloud-sync/Sync/", 5000, 5999), ("cloud-sync/Retrain/", 6000, 6999),
    ];

    public static IEnumerable<string> Faults(IEnumerable<SourceFile> files)
    {
        var seen = new Dictionary<int, string>();
        foreach (var file in files.Where(f => f.IsCSharp))
        {
            var events = file.Syntax.GetRoot().DescendantNodes().OfType<AttributeSyntax>()
                .Where(a => a.Name.ToString() == "LoggerMessage");
            foreach (var written in events)
            {
                string at = file.At(written);
                if (IdOf(written) is not { } id) yield return $"{at}: a log event without its number";
                else if (!seen.TryAdd(id, at)) yield return $"{at}: log event {id} is also at {seen[id]}";
                else if (Array.Find(Ranges, r => file.Path.StartsWith(r.Folder, StringComparison.Ordinal)) is var range
                    && (id < range.From || id > range.To))
                    yield return $"{at}: log event {id} is outside {range.From} to {range.To}";
            }
        }
    }

    static int? IdOf(AttributeSyntax written)
    {
        var arguments = written.ArgumentList?.Arguments ?? [];
        var id = arguments.FirstOrDefault(a => a.NameEquals?.Name.ToString() == "EventId")
            ?? arguments.FirstOrDefault(a => a.NameEquals is null
                && (a.NameColon is null || a.NameColon.Name.ToString() == "eventId"));
        string? number = id?.Expression.ToString();
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : null;
    }
}
