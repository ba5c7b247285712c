using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Onnx;

/// <summary>Opens sessions: the fastest provider that can really be had, warmed up, its nodes counted.</summary>
static class SessionOpening
{
    public static OnnxSession Open(string name, byte[] model, SessionWishes wishes) =>
        ThreadShares.Yielding(wishes.Role) == 0 ? OpenHere(name, model, wishes)
            : YieldingThread.Run(wishes.Role, () => OpenHere(name, model, wishes));

    static OnnxSession OpenHere(string name, byte[] model, SessionWishes wishes)
    {
        long from = Stopwatch.GetTimestamp();
        var (usable, refused) = Usable(wishes);
        // With every accelerator left: each failure costs one. The CPU's own failure is the model's fault.
        for (; usable.Count > 0; usable.RemoveAt(0))
        {
            try { return Start(name, model, wishes, usable, refused, from); }
            catch (OnnxRuntimeException fault) { refused.Add((usable[0], OneLine(fault.Message))); }
        }

        try { return Start(name, model, wishes, usable, refused, from); }
        catch (OnnxRuntimeException fault)
        {
            throw new InvalidDataException($"{name}: ONNX Runtime cannot open this model: {OneLine(fault.Message)}: "
                + "check that the file is a whole ONNX model", fault);
        }
    }

    /// <summary>Accelerators that can be had, in the order wished for, and why not the others.</summary>
    internal static (List<Provider> Usable, List<(Provider, string)> Refused) Usable(SessionWishes wishes)
    {
        string[] offered = OnnxLibrary.Start().GetAvailableProviders();
        string? library = OnnxLibrary.MappedPath();
        var refused = new List<(Provider, string)>();
        var usable = new List<Provider>();
        foreach (var provider in wishes.Providers.Where(p => p != Provider.Cpu).Distinct())
        {
            string? missing = OnnxLibrary.StateOf(provider, offered, library).Missing;
            if (missing is null) usable.Add(provider);
            else refused.Add((provider, missing));
        }

        return (usable, refused);
    }

    static OnnxSession Start(
        string name, byte[] model, SessionWishes wishes, List<Provider> accelerators,
        List<(Provider, string)> refused, long from)
    {
        using var options = OptionsFor(name, wishes, accelerators);
        FixOpenSizes(name, model, options, wishes);

        string? profile = wishes.CountNodes && wishes.WarmUpRuns > 0 ? ProfilePrefix() : null;
        if (profile is not null)
        {
            options.ProfileOutputPathPrefix = profile;
            options.EnableProfiling = true;
        }

        var session = new InferenceSession(model, options);
        OnnxSession? opened = null;
        try
        {
            opened = new OnnxSession(session, accelerators.Count > 0 ? accelerators[0] : Provider.Cpu, [.. refused],
                [.. session.InputNames.Select(n => BoundTensor.For(name, n, session.InputMetadata[n],
                    wishes.InputShapes.GetValueOrDefault(n)))],
                [.. session.OutputNames.Select(n => BoundTensor.For(name, n, session.OutputMetadata[n], null))]);
            if (wishes.GivesMemoryBack) opened.GiveMemoryBack();
            for (int run = 0; run < wishes.WarmUpRuns; run++)
            {
                opened.Run();
                if (run == 0 && profile is not null)
                    opened.Placement = ReadPlacement(opened.EndProfile(), opened.Provider);
            }

            opened.WarmUp = Stopwatch.GetElapsedTime(from);
            opened.Times.Forget();
            return opened;
        }
        catch
        {
            if (opened is null) session.Dispose();
            else opened.Dispose();
            throw;
        }
    }

    /// <summary>Threads and providers, decided here for every session there is.</summary>
    internal static SessionOptions OptionsFor(string name, SessionWishes wishes, List<Provider> accelerators)
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = wishes.Optimises
                ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = wishes.ThreadsHere,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableMemoryPattern = wishes.PlansMemory,
            LogId = name,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", wishes.Spinning ? "1" : "0");
        foreach (var provider in accelerators) Append(options, provider, wishes);
        return options;
    }

    internal static void Append(SessionOptions options, Provider provider, SessionWishes wishes)
    {
        if (provider == Provider.Cuda)
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(new Dictionary<string, string>
            {
                ["device_id"] = "0",
                ["use_tf32"] = wishes.FullPrecision ? "0" : "1",
                // Trying all of cuDNN's ways, the default, failed first runs of sessions side by side with "operation
                // not permitted when stream is capturing" (H200, cuDNN 9); cuDNN's own choice did not.
                ["cudnn_conv_algo_search"] = "HEURISTIC",
            });
            options.AppendExecutionProvider_CUDA(cuda);
            return;
        }

        using var tensorRt = new OrtTensorRTProviderOptions();
        tensorRt.UpdateOptions(TensorRtOptions(wishes));
        options.AppendExecutionProvider_Tensorrt(tensorRt);
    }

    /// <summary>TensorRT's options, as its provider names them.</summary>
    internal static Dictionary<string, string> TensorRtOptions(SessionWishes wishes)
    {
        var options = new Dictionary<string, string>
        {
            ["device_id"] = "0",
            ["trt_fp16_enable"] = wishes.HalfPrecision ? "1" : "0",
        };
        if (wishes.EngineFolder is { } folder)
        {
            options["trt_engine_cache_enable"] = "1";
            options["trt_engine_cache_path"] = folder;
            options["trt_timing_cache_enable"] = "1";
            options["trt_timing_cache_path"] = folder;
        }

        if (wishes.InputShapes.Count > 0)
        {
            // One profile, one shape: no engine is ever rebuilt for a size nobody announced.
            string shapes = string.Join(',', wishes.InputShapes.OrderBy(s => s.Key, StringComparer.Ordinal)
                .Select(s => $"{s.Key}:{string.Join('x', s.Value)}"));
            options["trt_profile_min_shapes"] = shapes;
            options["trt_profile_opt_shapes"] = shapes;
            options["trt_profile_max_shapes"] = shapes;
        }

        return options;
    }

    /// <summary>Gives the model's named open sizes their value, so that its outputs have known sizes too.</summary>
    static void FixOpenSizes(string name, byte[] model, SessionOptions options, SessionWishes wishes)
    {
        if (wishes.InputShapes.Count == 0) return;
        using var plain = new SessionOptions();
        plain.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        plain.IntraOpNumThreads = 1;
        using var peek = new InferenceSession(model, plain);
        foreach (var (input, shape) in wishes.InputShapes)
        {
            if (!peek.InputMetadata.TryGetValue(input, out var node))
            {
                throw new InvalidDataException($"{name}: no input named {input}: the model's inputs are "
                    + string.Join(", ", peek.InputNames));
            }

            for (int i = 0; i < Math.Min(shape.Length, node.SymbolicDimensions.Length); i++)
            {
                string symbol = node.SymbolicDimensions[i];
                if (!string.IsNullOrEmpty(symbol)) options.AddFreeDimensionOverrideByName(symbol, shape[i]);
            }
        }
    }

    internal static string? ProfilePrefix()
    {
        string folder = Path.GetTempPath();
        try
        {
            string probe = Path.Combine(folder, $"edge-appliance-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return probe;
        }
        catch (IOException) { return null; }
        catch (UnauthorizedAccessException) { return null; }
    }

    /// <summary>
    /// Reads a profile of one run and deletes it. Null when it cannot be read: the counts are then unknown.
    /// </summary>
    static NodePlacement? ReadPlacement(string file, Provider wanted)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return PlacementOf(json.RootElement, wanted);
        }
        catch (IOException) { return null; }
        catch (JsonException) { return null; }
        finally
        {
            try { File.Delete(file); }
            catch (IOException) { } // a profile left in the temporary folder hurts nobody
        }
    }

    internal static NodePlacement PlacementOf(JsonElement events, Provider wanted)
    {
        int nodes = 0;
        var fellBack = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var entry in events.EnumerateArray())
        {
            if (!entry.TryGetProperty("args", out var args) || args.ValueKind != JsonValueKind.Object
                || !args.TryGetProperty("provider", out var provider)
                || entry.GetProperty("name").GetString() is not { } node
                || !node.EndsWith("_kernel_time", StringComparison.Ordinal)) continue;
            nodes++;
            if (provider.GetString() is not { } by || by == wanted.InOnnxRuntime()) continue;
            string op = args.TryGetProperty("op_name", out var named) ? named.GetString() ?? "?" : "?";
            string place = by.Replace("ExecutionProvider", "", StringComparison.Ordinal);
            fellBack.Add($"{op} {node[..^"_kernel_time".Length]} ({place})");
        }

        return new NodePlacement(nodes, [.. fellBack]);
    }

    internal static string OneLine(string text)
    {
        string line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= 300 ? line : line[..300] + "...";
    }
}
