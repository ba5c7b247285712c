using System.Runtime.InteropServices;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>What a value held after a run.</summary>
sealed record Numbers(long[] Dims, double[] Values);

/// <summary>
/// A model on the test's provider, on one thread unless asked otherwise. Its inputs stay set, and single elements of
/// them can be changed.
/// </summary>
sealed class HeldModel : IDisposable
{
    readonly InferenceSession _session;
    readonly RunOptions _run;
    readonly Dictionary<string, (Array Numbers, OrtValue Value)> _inputs = new(StringComparer.Ordinal);

    /// <param name="level">not at all, unless speed is wanted: every value is what its own operator makes</param>
    /// <param name="isExact">on the processor in any case: accelerators have few operators in double</param>
    public HeldModel(
        OnnxModel model, GraphOptimizationLevel level = GraphOptimizationLevel.ORT_DISABLE_ALL, int threads = 1,
        bool isExact = false)
    {
        OnnxLibrary.Start(); // before anything else of the library: it chooses the native file
        _run = new RunOptions();
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            GraphOptimizationLevel = level,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (!isExact) TestProvider.Append(options);
        _session = new InferenceSession(model.ToBytes(), options);
    }

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    public void Set(string input, double[] numbers, long[] dims, ElementType type = ElementType.Float)
    {
        switch (type)
        {
            case ElementType.Float: Keep(input, [.. numbers.Select(n => (float)n)], dims); break;
            case ElementType.Double: Keep(input, (double[])numbers.Clone(), dims); break;
            case ElementType.Float16: Keep(input, [.. numbers.Select(n => (Half)n)], dims); break;
            case ElementType.Int64: Keep(input, [.. numbers.Select(n => (long)n)], dims); break;
            case ElementType.Int32: Keep(input, [.. numbers.Select(n => (int)n)], dims); break;
            case ElementType.Bool: Keep(input, [.. numbers.Select(n => n != 0)], dims); break;
            default: throw new NotSupportedException($"an input of {type}");
        }
    }

    void Keep<T>(string input, T[] numbers, long[] dims) where T : unmanaged
    {
        if (_inputs.Remove(input, out var old)) old.Value.Dispose();
        var value = numbers is Half[] halves
            ? OrtValue.CreateTensorValueFromMemory(
                OrtMemoryInfo.DefaultInstance, MemoryMarshal.Cast<Half, Float16>(halves).ToArray().AsMemory(), dims)
            : OrtValue.CreateTensorValueFromMemory(numbers, dims);
        _inputs[input] = (numbers, value);
    }

    /// <summary>One element of an input of floats.</summary>
    public double this[string input, int index]
    {
        get => _inputs[input].Numbers is float[] floats ? floats[index] : ((double[])_inputs[input].Numbers)[index];
        set
        {
            if (_inputs[input].Numbers is float[] floats) floats[index] = (float)value;
            else ((double[])_inputs[input].Numbers)[index] = value;
        }
    }

    public Numbers[] Run(params string[] outputs)
    {
        using var made = _session.Run(_run, [.. _inputs.Keys], [.. _inputs.Values.Select(i => i.Value)], outputs);
        return [.. made.Select(Read)];
    }

    static Numbers Read(OrtValue value)
    {
        var facts = value.GetTensorTypeAndShape();
        double[] numbers = (ElementType)facts.ElementDataType switch
        {
            ElementType.Float => From<float>(value, v => v),
            ElementType.Double => value.GetTensorDataAsSpan<double>().ToArray(),
            ElementType.Float16 => From<Float16>(value, v => (float)v),
            ElementType.Int64 => From<long>(value, v => v),
            ElementType.Int32 => From<int>(value, v => v),
            ElementType.UInt8 => From<byte>(value, v => v),
            ElementType.Int8 => From<sbyte>(value, v => v),
            ElementType.Bool => From<bool>(value, v => v ? 1 : 0),
            var other => throw new NotSupportedException($"an output of {other}"),
        };
        return new Numbers(facts.Shape, numbers);
    }

    static double[] From<T>(OrtValue value, Func<T, double> each) where T : unmanaged
    {
        var span = value.GetTensorDataAsSpan<T>();
        double[] to = new double[span.Length];
        for (int i = 0; i < to.Length; i++) to[i] = each(span[i]);
        return to;
    }

    public void Dispose()
    {
        foreach (var (_, value) in _inputs.Values) value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }
}
