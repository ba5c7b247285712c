namespace EdgeAppliance.Onnx;

/// <summary>Who computes a graph's nodes, slowest first.</summary>
public enum Provider { Cpu, Cuda, TensorRt }

/// <summary>Names of providers, as ONNX Runtime and as our settings spell them.</summary>
public static class ProviderNames
{
    /// <summary>Fastest first: the order in which they are tried.</summary>
    public static IReadOnlyList<Provider> FastestFirst { get; } = [Provider.TensorRt, Provider.Cuda, Provider.Cpu];

    /// <summary>ONNX Runtime's name.</summary>
    public static string InOnnxRuntime(this Provider provider) => provider switch
    {
        Provider.TensorRt => "TensorrtExecutionProvider",
        Provider.Cuda => "CUDAExecutionProvider",
        _ => "CPUExecutionProvider",
    };

    /// <summary>The name in our settings: <c>tensorrt</c>, <c>cuda</c>, <c>cpu</c>.</summary>
    public static string InSettings(this Provider provider) => provider switch
    {
        Provider.TensorRt => "tensorrt",
        Provider.Cuda => "cuda",
        _ => "cpu",
    };

    /// <summary>The provider of that name in our settings, or null.</summary>
    public static Provider? Find(string name)
    {
        foreach (var provider in FastestFirst) if (provider.InSettings() == name) return provider;
        return null;
    }

    /// <summary>
    /// The file that must lie beside the library for this provider; null when it is inside the library.
    /// </summary>
    internal static string? PlugIn(this Provider provider) => provider switch
    {
        Provider.TensorRt => "libonnxruntime_providers_tensorrt.so",
        Provider.Cuda => "libonnxruntime_providers_cuda.so",
        _ => null,
    };
}
