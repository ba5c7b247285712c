using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The doctor's look at the machine: native libraries, what they offer, the clock.</summary>
static class LibraryChecks
{
    public static IEnumerable<Finding> All() => [Media(), Mosquitto(), .. OnnxRuntime(), Clock()];

    static Finding Media()
    {
        var found = Libav.Describe();
        string versions = string.Join(", ", found.Libraries.Select(library => $"{library.Name} {library.Version}"));
        return found.IsUsable
            ? Finding.Ok("libav", versions)
            : Finding.Fault("libav", versions.Length == 0 ? "not found" : versions, found.Fault ?? "install ffmpeg");
    }

    static Finding Mosquitto()
    {
        var (isFound, text) = MosquittoLibrary.Describe();
        return isFound
            ? Finding.Ok("libmosquitto", text)
            : Finding.Fault("libmosquitto", text, "apt-get install libmosquitto1");
    }

    static IEnumerable<Finding> OnnxRuntime()
    {
        var found = OnnxLibrary.Describe();
        if (found.Fault is { } fault)
        {
            yield return Finding.Fault("ONNX Runtime", fault, found.Remedy ?? "run ./build.sh setup");
            yield break;
        }

        yield return Finding.Ok("ONNX Runtime", $"{found.Version} ({found.Path ?? "path unknown"})");
        foreach (var provider in found.Providers)
        {
            string name = $"provider {provider.Provider.InSettings()}";
            yield return provider.Missing is { } missing
                ? Finding.NotSet(name, missing)
                : Finding.Ok(name, "can be used");
        }
    }

    static Finding Clock() => WallClock.IsSynchronised() switch
    {
        true => Finding.Ok("clock", "the kernel says it is synchronised"),
        false => Finding.Fault("clock", "free running: samples carry times that may be wrong",
            "timedatectl set-ntp true, or install chrony"),
        null => Finding.NotSet("clock", "the kernel does not say"),
    };
}
