using EdgeAppliance.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Tests;

/// <summary>
/// Who computes gradients and training steps in tests: the processor, or the accelerator that <see cref="Variable"/>
/// names, for machines that have one.
/// </summary>
static class TestProvider
{
    const string Variable = "EDGE_APPLIANCE_TEST_PROVIDER";

    /// <summary>Null: the processor.</summary>
    public static Provider? Accelerator { get; } = Named(Environment.GetEnvironmentVariable(Variable));

    /// <summary>One thread here; all digits of a float there.</summary>
    public static SessionWishes Wishes { get; } = new()
    {
        Providers = Accelerator is { } provider ? [provider] : [],
        Threads = 1,
        FullPrecision = true,
    };

    static Provider? Named(string? name)
    {
        if (string.IsNullOrEmpty(name)) return null;
        return ProviderNames.Find(name) is not { } provider
            ? throw new InvalidOperationException($"{Variable} is {name}: tensorrt, cuda or cpu is wanted")
            : provider == Provider.Cpu ? null : provider;
    }

    /// <summary>
    /// The accelerator computes what it can of a session. A machine without it fails: no test passes there that was
    /// meant for it.
    /// </summary>
    public static void Append(SessionOptions options)
    {
        if (Accelerator is { } provider) SessionOpening.Append(options, provider, Wishes);
    }
}
