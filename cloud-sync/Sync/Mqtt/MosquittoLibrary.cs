using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeAppliance.CloudSync.Mqtt;

/// <summary>Finds libmosquitto and says what it found.</summary>
public static class MosquittoLibrary
{
    static readonly string[] Names = ["libmosquitto.so.1", "libmosquitto.so"];

    static readonly Lazy<(bool Found, string Text)> Found = new(Look);

    /// <summary>For <c>doctor</c>: the version found, or what is wrong and what helps.</summary>
    public static (bool Found, string Text) Describe() => Found.Value;

    /// <exception cref="DllNotFoundException">no usable libmosquitto on this machine; says what to install</exception>
    internal static void Require()
    {
        var (found, text) = Found.Value;
        if (!found) throw new DllNotFoundException(text);
    }

    // One resolver an assembly: this library is the only one here that goes by another name on the disk.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255:ModuleInitializer in a library",
        Justification = "A resolver must be set before the first native call, wherever that is made.")]
    internal static void SetResolver() =>
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), Resolve);

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Mosquitto.Library) return 0;
        foreach (string file in Names)
        {
            if (NativeLibrary.TryLoad(file, assembly, path, out nint handle)) return handle;
        }

        return 0;
    }

    static (bool Found, string Text) Look()
    {
        try
        {
            _ = Mosquitto.mosquitto_lib_version(out int major, out int minor, out int revision);
            string version = $"libmosquitto {major}.{minor}.{revision}";
            if (major < 2) return (false, $"{version} is too old: 2.0 or newer speaks the MQTT 5 that is needed");
            int result = Mosquitto.mosquitto_lib_init();
            return result == Mosquitto.Success
                ? (true, version)
                : (false, $"{version}: mosquitto_lib_init: {MqttFaults.Describe(result)}");
        }
        catch (DllNotFoundException)
        {
            return (false, "libmosquitto.so.1 is not on this machine: apt-get install libmosquitto1");
        }
        catch (EntryPointNotFoundException fault)
        {
            return (false, $"libmosquitto.so.1 is too old ({fault.Message}): 2.0 or newer is needed");
        }
    }
}
