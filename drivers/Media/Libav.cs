using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using EdgeAppliance.Drivers.Media.Binding;

namespace EdgeAppliance.Drivers.Media;

/// <summary>What was loaded of libav, or why not.</summary>
/// <param name="IsUsable">true when all libraries are loaded and their versions known</param>
/// <param name="Libraries">name, version and path of each one, such as <c>libavcodec 59.37.100</c></param>
/// <param name="Fault">what is wrong, with the remedy; null when all is well</param>
public sealed record LibavFacts(bool IsUsable, IReadOnlyList<LibavLibrary> Libraries, string? Fault);

/// <summary>One library as the dynamic linker found it.</summary>
public sealed record LibavLibrary(string Name, string Version, string Path);

/// <summary>
/// FFmpeg's libraries, loaded once by their sonames: the newest set whose four libraries are all there and whose
/// layout is known (<see cref="LibavLayout"/>). Everything in this folder asks <see cref="Layout"/> first.
/// </summary>
public static class Libav
{
    const string Remedy =
        "on Debian or Ubuntu install libavcodec, libavformat, libavutil and libswscale of one FFmpeg, 4.x to 7.x: " +
        "apt-get install ffmpeg brings all four";

    const int LogQuiet = -8;

    static readonly string[] Names = [AvCodec.Name, AvFormat.Name, AvUtil.Name, SwScale.Name];
    static readonly Lazy<Loaded> Once = new(Load, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>The offsets of the loaded version.</summary>
    /// <exception cref="DeviceException">no usable libav: says what was found and what to install</exception>
    internal static LibavLayout Layout => Once.Value.Layout ?? throw Once.Value.Refusal();

    /// <summary>For the doctor: which libraries are in use, or the fault and its remedy. Never throws.</summary>
    public static LibavFacts Describe()
    {
        var loaded = Once.Value;
        return new LibavFacts(loaded.Layout is not null, loaded.Libraries, loaded.Fault);
    }

    /// <summary>Throws when libav answered with an error.</summary>
    internal static int Check(int answer, string device, string call)
    {
        if (answer < 0) Raise(answer, device, call);
        return answer;
    }

    /// <summary>libav's own words for an error number.</summary>
    internal static unsafe string Words(int error)
    {
        const int Room = 128;
        byte* text = stackalloc byte[Room];
        _ = AvUtil.av_strerror(error, text, Room);
        return $"{Marshal.PtrToStringUTF8((nint)text)} ({error})";
    }

    [DoesNotReturn]
    static void Raise(int answer, string device, string call) =>
        throw new DeviceException(device, call, Words(answer));

    static Loaded Load()
    {
        foreach (var row in LibavLayout.Known.Reverse())
        {
            if (!TryLoad(row, out var handles)) continue;
            for (int i = 0; i < Names.Length; i++)
            {
                nint handle = handles[i];
                NativeNames.Register(Names[i], () => handle);
            }

            return Greet();
        }

        return new Loaded(null, [], $"{Found()}; {Remedy}");
    }

    static bool TryLoad(LibavLayout row, out nint[] handles)
    {
        int[] majors = [row.Codec, row.Codec, row.Util, row.Scale];
        handles = new nint[Names.Length];
        for (int i = 0; i < Names.Length; i++)
        {
            if (NativeLibrary.TryLoad($"lib{Names[i]}.so.{majors[i]}", out handles[i])) continue;
            foreach (nint opened in handles.Where(handle => handle != 0)) NativeLibrary.Free(opened);
            return false;
        }

        return true;
    }

    // The soname promises the major; the library itself has the last word.
    static Loaded Greet()
    {
        uint codec = AvCodec.avcodec_version();
        uint format = AvFormat.avformat_version();
        uint util = AvUtil.avutil_version();
        uint scale = SwScale.swscale_version();
        var paths = LoadedPaths();
        LibavLibrary[] libraries =
        [
            new("libavcodec", Text(codec), paths(AvCodec.Name)), new("libavformat", Text(format), paths(AvFormat.Name)),
            new("libavutil", Text(util), paths(AvUtil.Name)), new("libswscale", Text(scale), paths(SwScale.Name)),
        ];
        try
        {
            var row = LibavLayout.For(Major(codec), Major(format), Major(util), Major(scale));
            // It writes to stderr by itself; what matters comes back as an error number.
            AvUtil.av_log_set_level(LogQuiet);
            _ = AvFormat.avformat_network_init();
            return new Loaded(row, libraries, null);
        }
        catch (DeviceException unknown)
        {
            return new Loaded(null, libraries, unknown.Reason);
        }
    }

    static string Found()
    {
        var found = new StringBuilder();
        for (int major = 50; major <= 80; major++)
        {
            if (!NativeLibrary.TryLoad($"libavcodec.so.{major}", out nint handle)) continue;
            found.Append(found.Length == 0 ? "found libavcodec " : " and ").Append(major);
            NativeLibrary.Free(handle);
        }

        string known = string.Join(", ", LibavLayout.Known.Select(row => row.Codec));
        return found.Length == 0
            ? $"no libavcodec found (known are {known})"
            : $"{found} without a full set of a known version ({known}, each with its avformat, avutil, swscale)";
    }

    static Func<string, string> LoadedPaths()
    {
        string[] maps;
        try { maps = File.ReadAllLines("/proc/self/maps"); }
        catch (IOException) { maps = []; }
        return name => maps.FirstOrDefault(
            line => line.Contains($"/lib{name}.so", StringComparison.Ordinal)) is { } line
            ? line[line.IndexOf('/', StringComparison.Ordinal)..]
            : $"lib{name}";
    }

    static int Major(uint version) => (int)(version >> 16);

    static string Text(uint version) => $"{version >> 16}.{(version >> 8) & 255}.{version & 255}";

    sealed record Loaded(LibavLayout? Layout, IReadOnlyList<LibavLibrary> Libraries, string? Fault)
    {
        public DeviceException Refusal() =>
            new("libav", "dlopen", Fault ?? "not loaded") { IsFinal = true };
    }
}
