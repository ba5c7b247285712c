using System.Runtime.InteropServices;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>Inputs for a model of which nothing is known but its shapes: drawn from a seed, the same ones each time.</summary>
public static class DrawnInputs
{
    /// <summary>Floats from <paramref name="from"/> to <paramref name="to"/>, integers and truth values of 0 and 1.</summary>
    /// <exception cref="InvalidDataException">an open size, or a type that cannot be drawn</exception>
    public static IReadOnlyList<OnnxTensor> Of(OnnxModel model, int seed, float from = 0, float to = 1)
    {
        var constants = model.Graph.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var random = new Random(seed);
        return [.. model.Graph.Inputs.Where(i => !constants.Contains(i.Name)).Select(i => Drawn(i, random, from, to))];
    }

    static OnnxTensor Drawn(TypedValue input, Random random, float from, float to)
    {
        long[] dims = [.. (input.Shape ?? throw new InvalidDataException($"nothing is said of the sizes of input '{input.Name}'"))
            .Select(d => d.Known ?? throw new InvalidDataException(
                $"input '{input.Name}' is {string.Join('x', input.Shape)}: say --size {input.Name}=…"))];
        float[] numbers = new float[checked((int)dims.Aggregate(1L, (a, b) => a * b))];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = from + (random.NextSingle() * (to - from));
        return Typed(input.Name, input.Type, dims, numbers);
    }

    /// <summary>The numbers in another type; integers are 0 below the middle of what was drawn and 1 above.</summary>
    static OnnxTensor Typed(string name, ElementType type, long[] dims, float[] numbers)
    {
        float middle = numbers.Length == 0 ? 0 : numbers.Average();
        byte[] bytes = type switch
        {
            ElementType.Float => MemoryMarshal.AsBytes<float>(numbers).ToArray(),
            ElementType.Float16 => MemoryMarshal.AsBytes<Half>([.. numbers.Select(n => (Half)n)]).ToArray(),
            ElementType.Double => MemoryMarshal.AsBytes<double>([.. numbers.Select(n => (double)n)]).ToArray(),
            ElementType.Int64 => MemoryMarshal.AsBytes<long>([.. numbers.Select(n => n > middle ? 1L : 0)]).ToArray(),
            ElementType.Int32 => MemoryMarshal.AsBytes<int>([.. numbers.Select(n => n > middle ? 1 : 0)]).ToArray(),
            ElementType.UInt8 => [.. numbers.Select(n => (byte)Math.Clamp(n, 0, 255))],
            ElementType.Bool => [.. numbers.Select(n => n > middle ? (byte)1 : (byte)0)],
            _ => throw new InvalidDataException($"input '{name}' is of {type}, which cannot be drawn: give it by --npy"),
        };
        return OnnxTensor.Raw(name, type, dims, bytes);
    }
}
