using System.Text.Json;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>What a node of the graph as it runs took; fused nodes are one.</summary>
/// <param name="Each">mean of a run</param>
public sealed record LayerTime(string Name, string Op, string Provider, TimeSpan Each);

/// <summary>Where the time of a run goes, from ONNX Runtime's own profile.</summary>
/// <param name="Run">median of whole runs with the profile on</param>
/// <param name="Layers">in the order of the first run</param>
public sealed record LayerTimes(int Runs, Provider Provider, TimeSpan Run, IReadOnlyList<LayerTime> Layers)
{
    /// <param name="runs">after one that is not counted</param>
    /// <param name="told">called after each run</param>
    /// <exception cref="InvalidDataException">the model cannot be opened or run, or no profile be written</exception>
    /// <exception cref="OperationCanceledException">stopped between two runs</exception>
    public static LayerTimes Measure(
        string name, OnnxModel model, IReadOnlyList<OnnxTensor> inputs, SessionWishes wishes, int runs,
        Action<int>? told = null, CancellationToken stop = default)
    {
        string prefix = SessionOpening.ProfilePrefix()
            ?? throw new InvalidDataException($"no profile can be written in {Path.GetTempPath()}");
        using var run = TensorRun.Open(name, model, wishes, prefix);
        string file = "";
        try
        {
            List<TimeSpan> took = [];
            for (int i = 0; i <= runs; i++)
            {
                stop.ThrowIfCancellationRequested();
                run.Run(inputs);
                if (i > 0) took.Add(run.LastRun);
                told?.Invoke(i);
            }

            took.Sort();
            file = run.EndProfile();
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return new LayerTimes(runs, run.Provider, took[took.Count / 2], Read(json.RootElement, runs));
        }
        finally
        {
            if (file.Length == 0) file = run.EndProfile();
            File.Delete(file);
        }
    }

    /// <summary>Events of a profile, the first run's left out.</summary>
    internal static IReadOnlyList<LayerTime> Read(JsonElement events, int runs)
    {
        var layers = new Dictionary<string, (string Op, string Provider, long First, long Micros)>(StringComparer.Ordinal);
        List<string> order = [];
        foreach (var entry in events.EnumerateArray())
        {
            const string Kernel = "_kernel_time";
            if (!entry.TryGetProperty("args", out var args) || args.ValueKind != JsonValueKind.Object
                || !args.TryGetProperty("provider", out var provider)
                || entry.GetProperty("name").GetString() is not { } named
                || !named.EndsWith(Kernel, StringComparison.Ordinal)) continue;
            string name = named[..^Kernel.Length];
            long micros = entry.GetProperty("dur").GetInt64();
            if (layers.TryGetValue(name, out var known)) layers[name] = known with { Micros = known.Micros + micros };
            else
            {
                order.Add(name);
                string op = args.TryGetProperty("op_name", out var said) ? said.GetString() ?? "?" : "?";
                layers[name] = (op, Short(provider.GetString() ?? "?"), micros, 0);
            }
        }

        return [.. order.Select(name => new LayerTime(name, layers[name].Op, layers[name].Provider,
            TimeSpan.FromMicroseconds((double)layers[name].Micros / runs)))];
    }

    static string Short(string provider) =>
        provider.Replace("ExecutionProvider", "", StringComparison.Ordinal).ToLowerInvariant();
}
