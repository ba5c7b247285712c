using System.Reflection;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>
/// What an assembly shows, and what it writes to wire and disk, as lines of text that git can compare.
/// </summary>
static class Surface
{
    const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Public types, and the names of their public members; what the compiler adds to records is left out.
    /// </summary>
    public static IReadOnlyList<string> Of(Assembly assembly) =>
        [.. assembly.GetExportedTypes().SelectMany(Lines).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Numbers of enums, and constants, of the types in a namespace: they travel and are stored.</summary>
    public static IReadOnlyList<string> Frozen(IEnumerable<Type> types, string space) =>
        [.. types.Where(t => t.Namespace == space).SelectMany(FrozenLines).Order(StringComparer.Ordinal)];

    static IEnumerable<string> FrozenLines(Type type) =>
        type.GetFields(Declared | BindingFlags.NonPublic).Where(f => f.IsLiteral)
            .Select(f => $"{type.Name}.{f.Name} = {f.GetRawConstantValue()}");

    static IEnumerable<string> Lines(Type type)
    {
        string name = type.FullName!;
        string[] written = [.. type.GetMembers(Declared).Where(IsWritten).Select(m => $"{name}.{m.Name}")];
        return written.Prepend(name);
    }

    static bool IsWritten(MemberInfo member) => member switch
    {
        Type => false, // told as itself
        MethodInfo { IsSpecialName: true } method => method.Name.StartsWith("op_", StringComparison.Ordinal)
            && method.Name is not ("op_Equality" or "op_Inequality"),
        ConstructorInfo => true,
        FieldInfo { Name: "value__" } => false,
        _ => member.Name is not ("Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "<Clone>$"),
    };
}
