using System.Reflection;

namespace EdgeAppliance.Runtime;

/// <summary>Which version this is.</summary>
static class ProgramVersion
{
    /// <summary>Major, minor and patch.</summary>
    public static string Text { get; } =
        Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "unknown";
}
