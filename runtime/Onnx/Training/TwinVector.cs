using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Onnx.Training;

/// <summary>A vector of which a step reads one copy and writes the other, both where the steps are computed.</summary>
sealed class TwinVector : IDisposable
{
    readonly TrainingDevice _device;
    readonly float[][] _memory;
    readonly OrtValue[] _own;
    readonly OrtValue[] _values;
    int _now;

    public TwinVector(int length, TrainingDevice device)
    {
        Length = length;
        _device = device;
        OrtValue?[] there = [device.Room(length), device.Room(length)];
        // Beside an accelerator's own memory one copy here is enough, to read and write through.
        _memory = [.. there.Where((value, i) => value is null || i == 0)
            .Select(_ => GC.AllocateArray<float>(length, pinned: true))];
        _own = [.. _memory.Select(m => OrtValue.CreateTensorValueFromMemory(m, [length]))];
        _values = [.. there.Select((value, i) => value ?? _own[i])];
    }

    public int Length { get; }

    public OrtValue Now => _values[_now];

    public OrtValue Next => _values[1 - _now];

    bool IsHere => _memory.Length == _values.Length;

    float[] Here => _memory[IsHere ? _now : 0];

    /// <summary>What was written last is what is read next.</summary>
    public void Turn() => _now = 1 - _now;

    public float[] Read()
    {
        if (!IsHere) _device.Copy(Now, _own[0]);
        return [.. Here];
    }

    public void Write(ReadOnlySpan<float> numbers)
    {
        numbers.CopyTo(Here);
        if (!IsHere) _device.Copy(_own[0], Now);
    }

    public void Clear()
    {
        Here.AsSpan().Clear();
        if (!IsHere) _device.Copy(_own[0], Now);
    }

    public void Dispose()
    {
        foreach (var value in _own.Concat(_values).Distinct()) value.Dispose();
    }
}
