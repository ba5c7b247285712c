using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers;

/// <summary>
/// The one place where the short names in this assembly's imports (<c>avcodec</c>) become loaded libraries: the
/// runtime takes one resolver an assembly, and several bindings live here.
/// </summary>
static class NativeNames
{
    static readonly ConcurrentDictionary<string, Func<nint>> Known = Install();

    /// <summary>Says how a short name is loaded. Asked for once per import; 0 leaves it to the runtime.</summary>
    public static void Register(string name, Func<nint> load) => Known[name] = load;

    static ConcurrentDictionary<string, Func<nint>> Install()
    {
        var known = new ConcurrentDictionary<string, Func<nint>>();
        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(), (name, _, _) => known.TryGetValue(name, out var load) ? load() : 0);
        return known;
    }
}
