using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>Everything an engine depends on: with another value of any, another engine is needed.</summary>
/// <param name="Model">SHA-256 of the ONNX file</param>
/// <param name="TensorRt">version; "unknown" where it cannot be read</param>
/// <param name="Cuda">version</param>
/// <param name="L4t">Jetson Linux release</param>
/// <param name="Gpu">name</param>
/// <param name="Precision"><c>fp32</c> or <c>fp16</c></param>
/// <param name="Shapes">as <c>images:1x3x416x416</c></param>
sealed record EngineKey(
    string Model, string TensorRt, string Cuda, string L4t, string Gpu, string Precision, string Shapes)
{
    /// <summary>A name for a folder: the first 24 hex digits of the SHA-256 over all parts.</summary>
    public string Name => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', Model, TensorRt, Cuda, L4t, Gpu, Precision, Shapes))))[..24];

    /// <summary>The key for this machine, from what its files say.</summary>
    /// <param name="root">the root of the file system: another one in tests</param>
    public static EngineKey Here(ModelCard card, bool halfPrecision, string root = "/") => new(
        card.Sha256,
        LibraryVersion(root, "libnvinfer.so"),
        LibraryVersion(root, "libcudart.so"),
        FirstLine(Path.Combine(root, "etc/nv_tegra_release")),
        FirstLine(Path.Combine(root, "proc/device-tree/model")),
        halfPrecision ? "fp16" : "fp32",
        string.Create(CultureInfo.InvariantCulture, $"{card.Input.Name}:1x3x{card.Input.Height}x{card.Input.Width}"));

    /// <summary>The longest version among a library's file names, where Debian and NVIDIA put them.</summary>
    static string LibraryVersion(string root, string library)
    {
        string[] folders =
        [
            "usr/lib/aarch64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/local/cuda/lib64", "usr/local/lib", "usr/lib",
        ];
        return folders.Select(f => Path.Combine(root, f)).Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, library + ".*"))
            .Select(f => Path.GetFileName(f)[(library.Length + 1)..])
            .OrderByDescending(v => v.Length).ThenByDescending(v => v, StringComparer.Ordinal)
            .FirstOrDefault() ?? "unknown";
    }

    static string FirstLine(string path)
    {
        try { return File.ReadLines(path).FirstOrDefault()?.Trim('\0', ' ') ?? "unknown"; }
        catch (IOException) { return "unknown"; }
        catch (UnauthorizedAccessException) { return "unknown"; }
    }
}
