using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// Where a trainer's weights and state lie: in an accelerator's own memory where one computes the steps, so that a step
/// moves only its batch and a few numbers; else in this process's.
/// </summary>
sealed class TrainingDevice : IDisposable
{
    readonly OrtMemoryInfo? _memory;
    readonly OrtAllocator? _allocator;
    readonly InferenceSession? _copy;
    readonly RunOptions? _run;

    /// <param name="accelerator">who computes the steps; null: the processor</param>
    /// <exception cref="OnnxRuntimeException">the accelerator refuses</exception>
    public TrainingDevice(Provider? accelerator, SessionWishes wishes)
    {
        if (accelerator is not { } provider) return;
        // A graph of one Identity moves a vector between the two memories, whatever the accelerator's own way is. Not
        // optimised: that would leave nothing of it.
        var graph = new GraphBuilder();
        graph.Output("to", graph.Op("Identity", graph.Input("from", ElementType.Float, Dim.Named("length"))));
        try
        {
            using var options = SessionOpening.OptionsFor("copy", wishes with { Optimises = false }, [provider]);
            _copy = new InferenceSession(graph.Model.ToBytes(), options);
            _run = new RunOptions();
            _memory = new OrtMemoryInfo(
                OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
            _allocator = new OrtAllocator(_copy, _memory);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Room for a vector; null: the caller's own memory serves.</summary>
    public OrtValue? Room(int length) => _allocator is null ? null
        : OrtValue.CreateAllocatedTensorValue(_allocator, TensorElementType.Float, [length]);

    /// <summary>Copies numbers from one memory to the other; both are of the same length.</summary>
    public void Copy(OrtValue from, OrtValue to)
    {
        var copy = _copy ?? throw new InvalidOperationException("all memory is one: nothing is to be copied");
        copy.Run(_run!, ["from"], [from], ["to"], [to]);
    }

    public void Dispose()
    {
        _allocator?.Dispose();
        _memory?.Dispose();
        _run?.Dispose();
        _copy?.Dispose();
    }
}
