using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Onnx;

/// <summary>Whether a provider can be had from the native library at hand.</summary>
/// <param name="Offered">the library was built with it</param>
/// <param name="Missing">what of it is not there; null when everything is</param>
public sealed record ProviderState(Provider Provider, bool Offered, string? Missing);

/// <summary>What is known of the native library.</summary>
/// <param name="Version">null when it could not be loaded</param>
/// <param name="Path">the file that was mapped; null when it could not be loaded or the kernel does not tell</param>
/// <param name="Fault">null when it works</param>
/// <param name="Remedy">what to do about the fault; null without one</param>
public sealed record OnnxLibraryState(
    string? Version, string? Path, IReadOnlyList<ProviderState> Providers, string? Fault, string? Remedy);

/// <summary>
/// The native ONNX Runtime: which file it is, and what it offers. The file is, in this order: the one given to
/// <see cref="UseLibrary"/>, the one named by <see cref="Variable"/>, the one beside the program, the system's.
/// </summary>
public static partial class OnnxLibrary
{
    /// <summary>Names the library's file: on a Jetson, its own build with TensorRT.</summary>
    public const string Variable = "EDGE_APPLIANCE_ONNXRUNTIME";

    const string FileName = "libonnxruntime.so";
    const string Remedy = "run ./build.sh setup, or name the file in " + Variable + " or inference.library";

    static readonly Lock Gate = new();
    static bool _started;
    static string? _chosen;
    static ILogger? _log;

    /// <summary>
    /// Chooses the library's file; takes effect before the first use only, and says false after it.
    /// </summary>
    public static bool UseLibrary(string path)
    {
        lock (Gate)
        {
            if (_started) return _chosen == path;
            _chosen = path;
            return true;
        }
    }

    /// <summary>Where the library's own warnings go.</summary>
    public static void LogTo(ILogger log) => Volatile.Write(ref _log, log);

    /// <summary>What there is; never throws for a library that is missing or broken, but says so.</summary>
    public static OnnxLibraryState Describe()
    {
        try
        {
            var env = Start();
            string[] offered = env.GetAvailableProviders();
            string? path = MappedPath();
            return new OnnxLibraryState(env.GetVersionString(), path,
                [.. ProviderNames.FastestFirst.Select(p => StateOf(p, offered, path))], null, null);
        }
        catch (TypeInitializationException fault) { return Absent(fault.InnerException ?? fault); }
        catch (DllNotFoundException fault) { return Absent(fault); }
        catch (EntryPointNotFoundException fault) { return Absent(fault); }
        catch (BadImageFormatException fault) { return Absent(fault); }
        catch (OnnxRuntimeException fault) { return Absent(fault); }
    }

    static OnnxLibraryState Absent(Exception fault) => new(null, null, [], fault.Message, Remedy);

    /// <summary>Loads the library once. Its warnings go to the log given to <see cref="LogTo"/>.</summary>
    /// <exception cref="DllNotFoundException">no library, or not one for this machine</exception>
    internal static OrtEnv Start()
    {
        lock (Gate)
        {
            if (!_started)
            {
                OrtEnv.DisableDllImportResolver = true;
                NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
                _started = true;
            }

            if (OrtEnv.IsCreated) return OrtEnv.Instance();
            var options = new EnvironmentCreationOptions
            {
                logId = "onnxruntime",
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
                loggingFunction = Hear,
            };
            return OrtEnv.CreateInstanceWithOptions(ref options);
        }
    }

    internal static ProviderState StateOf(Provider provider, string[] offered, string? libraryPath)
    {
        if (!offered.Contains(provider.InOnnxRuntime()))
            return new ProviderState(provider, false, "this build of ONNX Runtime was made without it");
        string? plugIn = provider.PlugIn(), folder = Path.GetDirectoryName(libraryPath);
        return plugIn is not null && folder is not null && !File.Exists(Path.Combine(folder, plugIn))
            ? new ProviderState(provider, true, $"{plugIn} is not in {folder}")
            : new ProviderState(provider, true, null);
    }

    /// <summary>The file this process has mapped, or null when the kernel does not tell.</summary>
    internal static string? MappedPath()
    {
        try
        {
            foreach (string line in File.ReadLines("/proc/self/maps"))
            {
                int at = line.IndexOf('/', StringComparison.Ordinal);
                if (at < 0) continue;
                string name = Path.GetFileName(line[at..]);
                if (name.StartsWith(FileName, StringComparison.Ordinal)) return line[at..];
            }
        }
        catch (IOException) { return null; }
        catch (UnauthorizedAccessException) { return null; }

        return _chosen is { } chosen && File.Exists(chosen) ? chosen : null;
    }

    static nint Resolve(string library, Assembly assembly, DllImportSearchPath? search)
    {
        if (library != "onnxruntime") return 0;
        string? named = _chosen ?? Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
        {
            // No falling back: who names a file wants that one, and a CPU build in its place would hide the mistake.
            if (!File.Exists(named)) throw new DllNotFoundException($"{named}: no such file: {Remedy}");
            return NativeLibrary.Load(Path.GetFullPath(named));
        }

        string beside = Path.Combine(AppContext.BaseDirectory, FileName);
        if (File.Exists(beside)) return NativeLibrary.Load(beside);
        if (NativeLibrary.TryLoad("onnxruntime", assembly, search, out nint handle)) return handle;
        if (NativeLibrary.TryLoad(FileName + ".1", assembly, search, out handle)) return handle;
        throw new DllNotFoundException($"{FileName} is neither beside the program nor on the system: {Remedy}");
    }

    static void Hear(
        nint param, OrtLoggingLevel severity, string category, string logId, string codeLocation, string message)
    {
        if (Volatile.Read(ref _log) is not { } log) return;
        var level = severity switch
        {
            OrtLoggingLevel.ORT_LOGGING_LEVEL_VERBOSE => LogLevel.Trace,
            OrtLoggingLevel.ORT_LOGGING_LEVEL_INFO => LogLevel.Debug,
            OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING => LogLevel.Warning,
            _ => LogLevel.Error,
        };
        Said(log, level, message, codeLocation);
    }

    [LoggerMessage(EventId = 2000, Message = "ONNX Runtime: {What} ({Where})")]
    static partial void Said(ILogger log, LogLevel level, string what, string where);
}
