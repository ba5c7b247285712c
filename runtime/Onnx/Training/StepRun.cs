using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Onnx.Training;

/// <summary>A session of one of a step's graphs, its inputs and scalars in memory that is allocated once.</summary>
sealed class StepRun : IDisposable
{
    readonly InferenceSession _session;
    readonly OrtIoBinding _binding;
    readonly RunOptions _options = new();
    readonly Dictionary<string, Array> _memory = new(StringComparer.Ordinal);
    readonly List<OrtValue> _values = [];
    readonly List<(string Name, OrtValue Value)> _copied = [];

    public StepRun(OnnxModel model, SessionWishes wishes, Provider? accelerator)
    {
        using var options = SessionOpening.OptionsFor(
            model.Graph.Name, wishes, accelerator is { } provider ? [provider] : []);
        _session = new InferenceSession(model.ToBytes(), options);
        try
        {
            _binding = _session.CreateIoBinding();
            foreach (var input in model.Graph.Inputs.Where(i => !IsVector(model, i.Name)))
            {
                var value = Room(input);
                _binding.BindInput(input.Name, value);
                // An accelerator's copy is made when it is bound, so at each run anew.
                if (accelerator is not null) _copied.Add((input.Name, value));
            }

            foreach (var output in model.Graph.Outputs.Where(o => o.Shape is []))
                _binding.BindOutput(output.Name, Room(output));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    /// <summary>Vectors that come in and go out, and those that only come in to be read beside them.</summary>
    static bool IsVector(OnnxModel model, string name) =>
        name is TrainingStep.WeightsName or TrainingStep.GradientName or TrainingStep.StatisticsName
        || model.Graph.Outputs.Any(o => o.Name == name + TrainingStep.NextSuffix);

    OrtValue Room(TypedValue value)
    {
        long[] shape = [.. value.Shape!.Select(d => d.Known ?? throw new InvalidDataException(
            $"the size '{d}' of '{value.Name}' is open: state its shape in the training's options"))];
        int length = checked((int)shape.Aggregate(1L, (a, b) => a * b));
        var made = value.Type switch
        {
            ElementType.Float => Room<float>(value.Name, length, shape),
            ElementType.Int64 => Room<long>(value.Name, length, shape),
            _ => throw new InvalidDataException(
                $"'{value.Name}' is of {value.Type}: floats or 64-bit integers are wanted"),
        };
        _values.Add(made);
        return made;
    }

    OrtValue Room<T>(string name, int length, long[] shape) where T : unmanaged
    {
        var memory = GC.AllocateArray<T>(length, pinned: true);
        _memory[name] = memory;
        return OrtValue.CreateTensorValueFromMemory(memory, shape);
    }

    public Span<float> Floats(string name) => Memory<float>(name);

    public Span<long> Integers(string name) => Memory<long>(name);

    public float Scalar(string name) => Memory<float>(name)[0];

    public void Set(string name, double value) => Memory<float>(name)[0] = (float)value;

    T[] Memory<T>(string name) => _memory.TryGetValue(name, out var memory)
        ? memory as T[] ?? throw new ArgumentException($"'{name}' is not of {typeof(T).Name}")
        : throw new ArgumentException($"nothing is named '{name}': there are {string.Join(", ", _memory.Keys)}");

    /// <summary>Computes from one copy of each vector into the other.</summary>
    public void Run(Dictionary<string, TwinVector> vectors)
    {
        foreach (var (name, value) in _copied) _binding.BindInput(name, value);
        foreach (string name in _session.InputNames)
            if (vectors.TryGetValue(name, out var vector)) _binding.BindInput(name, vector.Now);
        foreach (string name in _session.OutputNames)
        {
            if (name.EndsWith(TrainingStep.NextSuffix, StringComparison.Ordinal))
                _binding.BindOutput(name, vectors[name[..^TrainingStep.NextSuffix.Length]].Next);
        }

        _session.RunWithBinding(_options, _binding);
    }

    public string EndProfile() => _session.EndProfiling();

    public void Dispose()
    {
        _binding?.Dispose();
        _options.Dispose();
        foreach (var value in _values) value.Dispose();
        _session.Dispose();
    }
}
