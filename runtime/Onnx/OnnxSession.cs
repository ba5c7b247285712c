using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAppliance.Onnx;

/// <summary>
/// A model opened on the fastest provider that can be had, bound to tensors allocated once. Not thread safe: one caller
/// at a time fills <see cref="Input(int)"/>, calls <see cref="Run"/>, reads <see cref="Output(int)"/>. A run allocates
/// nothing, unless the model has outputs whose size only a run tells.
/// </summary>
public sealed class OnnxSession : IDisposable
{
    readonly InferenceSession _session;
    readonly OrtIoBinding _binding;
    readonly RunOptions _options = new();
    readonly BoundTensor[] _inputs;
    readonly BoundTensor[] _outputs;
    readonly bool _sizesVary;
    IDisposableReadOnlyCollection<OrtValue>? _results;

    internal OnnxSession(
        InferenceSession session, Provider provider, IReadOnlyList<(Provider, string)> refused,
        BoundTensor[] inputs, BoundTensor[] outputs)
    {
        _session = session;
        _inputs = inputs;
        _outputs = outputs;
        Provider = provider;
        Refused = refused;
        _sizesVary = outputs.Any(o => o.Varies);
        _binding = session.CreateIoBinding();
        BindInputs();
        foreach (var output in outputs)
        {
            if (output.Varies) _binding.BindOutputToDevice(output.Name, OrtMemoryInfo.DefaultInstance);
            else _binding.BindOutput(output.Name, output.Value);
        }
    }

    /// <summary>Who computes; single nodes may still have fallen back, see <see cref="Placement"/>.</summary>
    public Provider Provider { get; }

    /// <summary>Providers that were asked for and could not be had, with the reason.</summary>
    public IReadOnlyList<(Provider Provider, string Reason)> Refused { get; }

    /// <summary>Null when it was not asked for, or no profile could be written.</summary>
    public NodePlacement? Placement { get; internal set; }

    /// <summary>What opening and the warm-up runs took.</summary>
    public TimeSpan WarmUp { get; internal set; }

    /// <summary>What runs take; warm-up runs are left out.</summary>
    public RunTimes Times { get; } = new();

    /// <summary>What the last run took.</summary>
    public TimeSpan LastRun { get; private set; }

    public IReadOnlyList<TensorShape> Inputs => [.. _inputs.Select(t => new TensorShape(t.Name, t.Shape))];

    public IReadOnlyList<TensorShape> Outputs => [.. _outputs.Select(t => new TensorShape(t.Name, t.Shape))];

    /// <summary>Opens a model.</summary>
    /// <param name="name">what a person would call it, for messages</param>
    /// <param name="model">the ONNX file's bytes</param>
    /// <exception cref="InvalidDataException">no model, or one this cannot bind: the message says why</exception>
    /// <exception cref="DllNotFoundException">no native library</exception>
    public static OnnxSession Open(string name, byte[] model, SessionWishes wishes) =>
        SessionOpening.Open(name, model, wishes);

    /// <summary>The input's memory, to be filled before a run. It keeps what was written.</summary>
    public Span<float> Input(int index) => _inputs[index].Memory;

    /// <summary>Where the output of that name stands; null when there is none.</summary>
    public int? OutputOf(string name) => Array.FindIndex(_outputs, o => o.Name == name) is var at and >= 0 ? at : null;

    /// <summary>An output's memory, as the last run left it.</summary>
    public ReadOnlySpan<float> Output(int index) => _outputs[index].Varies
        ? (_results ?? throw new InvalidOperationException("no run yet"))[index].GetTensorDataAsSpan<float>()
        : _outputs[index].Memory;

    /// <summary>An output's sizes in the last run.</summary>
    public IReadOnlyList<long> OutputShape(int index) => _outputs[index].Varies && _results is { } results
        ? results[index].GetTensorTypeAndShape().Shape
        : _outputs[index].Shape;

    /// <summary>Computes the outputs from the inputs.</summary>
    /// <param name="stop">ends a run that is going on, at the next node; the outputs are then worth nothing</param>
    /// <exception cref="OnnxRuntimeException">the provider refused: a fault of the accelerator</exception>
    /// <exception cref="OperationCanceledException">stopped; the session can run again</exception>
    public void Run(CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        long from = Stopwatch.GetTimestamp();
        _results?.Dispose();
        _results = null;
        // A token that cannot be cancelled registers nothing and allocates nothing.
        var registration = stop.UnsafeRegister(static options => ((RunOptions)options!).Terminate = true, _options);
        try
        {
            if (Provider != Provider.Cpu) BindInputs();
            _session.RunWithBinding(_options, _binding);
        }
        catch (OnnxRuntimeException fault) when (stop.IsCancellationRequested)
        {
            throw new OperationCanceledException($"the run was stopped: {fault.Message}", fault, stop);
        }
        finally
        {
            // Waits for a registration that is just being called, so that the flag is not raised after it was lowered.
            registration.Dispose();
            _options.Terminate = false;
        }

        if (_sizesVary)
        {
            _binding.SynchronizeBoundOutputs();
            _results = _binding.GetOutputValues();
        }

        LastRun = Stopwatch.GetElapsedTime(from);
        Times.Note(LastRun);
    }

    /// <summary>
    /// For an accelerator the runtime copies an input when it is bound, not when it runs: bound once, all runs would
    /// see what was there at first.
    /// </summary>
    void BindInputs()
    {
        foreach (var input in _inputs) _binding.BindInput(input.Name, input.Value);
    }

    /// <summary>From now on each run's end frees what its values in between took.</summary>
    internal void GiveMemoryBack() => _options.AddRunConfigEntry(
        "memory.enable_memory_arena_shrinkage", Provider == Provider.Cpu ? "cpu:0" : "cpu:0;gpu:0");

    /// <summary>Ends the profile begun at opening; its file, which is the caller's to delete.</summary>
    internal string EndProfile() => _session.EndProfiling();

    public void Dispose()
    {
        _results?.Dispose();
        _binding.Dispose();
        _options.Dispose();
        foreach (var tensor in _inputs) tensor.Dispose();
        foreach (var tensor in _outputs) tensor.Dispose();
        _session.Dispose();
    }
}

/// <summary>A tensor in pinned memory of ours, or one whose size only a run tells.</summary>
sealed class BoundTensor : IDisposable
{
    readonly float[] _memory;
    readonly OrtValue? _value;

    public BoundTensor(string name, long[] shape)
    {
        Name = name;
        Shape = shape;
        Varies = shape.Any(d => d < 0);
        int length = Varies ? 0 : checked((int)shape.Aggregate(1L, (a, b) => a * b));
        _memory = GC.AllocateArray<float>(length, pinned: true);
        _value = Varies ? null : OrtValue.CreateTensorValueFromMemory(_memory, shape);
    }

    public string Name { get; }

    public long[] Shape { get; }

    public bool Varies { get; }

    public Span<float> Memory => _memory;

    public OrtValue Value => _value ?? throw new InvalidOperationException($"{Name} has no fixed size");

    public void Dispose() => _value?.Dispose();

    /// <summary>Binds one tensor of a model.</summary>
    /// <param name="wanted">its sizes, where the model leaves them open; null: as the model says</param>
    /// <exception cref="InvalidDataException">not 32-bit floats, or other sizes than the model's</exception>
    public static BoundTensor For(string model, string name, NodeMetadata node, long[]? wanted)
    {
        if (!node.IsTensor || node.ElementDataType != TensorElementType.Float)
            throw new InvalidDataException($"{model}: {name} is not a tensor of 32-bit floats: export the model so");
        long[] own = [.. node.Dimensions.Select(d => (long)d)];
        if (wanted is null) return new BoundTensor(name, own);
        bool agrees = wanted.Length == own.Length
            && own.Zip(wanted).All(pair => pair.First < 0 || pair.First == pair.Second);
        if (!agrees)
        {
            throw new InvalidDataException($"{model}: the model's input is {new TensorShape(name, own)}, "
                + $"its card says {string.Join('x', wanted)}");
        }

        return new BoundTensor(name, wanted);
    }
}
