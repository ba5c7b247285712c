using System.Runtime.InteropServices;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAppliance.Tests;

/// <summary>Models run by ONNX Runtime itself, to compare what an edit leaves with what was there.</summary>
static class OrtRun
{
    /// <summary>A model's outputs for inputs drawn from a seed, by name.</summary>
    /// <param name="optimised">false: node by node as the file says, so that equal graphs give equal bits</param>
    /// <param name="sizes">what open sizes are, by name; 1 where it says nothing</param>
    public static Dictionary<string, OnnxTensor> Run(
        OnnxModel model, int seed = 1, bool optimised = false, IReadOnlyDictionary<string, long>? sizes = null) =>
        Run(model.ToBytes(), seed, optimised, sizes);

    public static Dictionary<string, OnnxTensor> Run(
        byte[] model, int seed = 1, bool optimised = false, IReadOnlyDictionary<string, long>? sizes = null)
    {
        using var session = Open(model, optimised);
        return Run(session, seed, sizes);
    }

    /// <summary>A model's outputs for given inputs.</summary>
    public static Dictionary<string, OnnxTensor> Run(OnnxModel model, params OnnxTensor[] inputs)
    {
        using var session = Open(model.ToBytes(), optimised: false);
        return Run(session, inputs);
    }

    public static InferenceSession Open(byte[] model, bool optimised)
    {
        OnnxLibrary.Start();
        using var options = new SessionOptions();
        options.GraphOptimizationLevel = optimised
            ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.IntraOpNumThreads = 1;
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return new InferenceSession(model, options);
    }

    public static Dictionary<string, OnnxTensor> Run(
        InferenceSession session, int seed, IReadOnlyDictionary<string, long>? sizes = null)
    {
        var random = new Random(seed);
        return Run(session, [.. session.InputNames.Order(StringComparer.Ordinal)
            .Select(n => Drawn(n, session.InputMetadata[n], random, sizes))]);
    }

    static Dictionary<string, OnnxTensor> Run(InferenceSession session, OnnxTensor[] inputs)
    {
        OrtValue[] values = [.. inputs.Select(Value)];
        using var options = new RunOptions();
        using var results = session.Run(options, [.. inputs.Select(i => i.Name)], values, session.OutputNames);
        foreach (var value in values) value.Dispose();
        return session.OutputNames.Zip(results).ToDictionary(r => r.First, r => Tensor(r.First, r.Second));
    }

    static OrtValue Value(OnnxTensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)(int)tensor.Type, [.. tensor.Dims]);
        tensor.Data.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    static OnnxTensor Tensor(string name, OrtValue value)
    {
        var shape = value.GetTensorTypeAndShape();
        return OnnxTensor.Raw(name, (ElementType)(int)shape.ElementDataType, shape.Shape,
            value.GetTensorMutableRawData().ToArray());
    }

    static OnnxTensor Drawn(
        string name, NodeMetadata input, Random random, IReadOnlyDictionary<string, long>? sizes)
    {
        long[] dims = [.. input.Dimensions.Select((d, i) =>
            d >= 0 ? d : sizes?.GetValueOrDefault(input.SymbolicDimensions[i], 1) ?? 1)];
        float[] numbers = [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, b) => a * b))
            .Select(_ => random.NextSingle() * 2 - 1)];
        var type = (ElementType)(int)input.ElementDataType;
        byte[] bytes = type switch
        {
            ElementType.Float => MemoryMarshal.AsBytes<float>(numbers).ToArray(),
            ElementType.Float16 => MemoryMarshal.AsBytes<Half>([.. numbers.Select(n => (Half)n)]).ToArray(),
            ElementType.Double => MemoryMarshal.AsBytes<double>([.. numbers.Select(n => (double)n)]).ToArray(),
            ElementType.Int64 => MemoryMarshal.AsBytes<long>([.. numbers.Select(n => (long)(n * 8))]).ToArray(),
            ElementType.Bool => [.. numbers.Select(n => n > 0 ? (byte)1 : (byte)0)],
            _ => throw new NotSupportedException($"{name} is of {type}: draw such numbers too"),
        };
        return OnnxTensor.Raw(name, type, dims, bytes);
    }
}
