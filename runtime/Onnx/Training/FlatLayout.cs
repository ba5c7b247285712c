using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Training;

/// <summary>A tensor of weights or statistics and its place in the vector of all.</summary>
public sealed record Parameter(string Name, IReadOnlyList<long> Dims, int Offset, int Count);

/// <summary>Where each of many tensors lies in one vector.</summary>
public sealed class FlatLayout
{
    FlatLayout(Parameter[] parameters) => Parameters = parameters;

    public IReadOnlyList<Parameter> Parameters { get; }

    public int Length => Parameters.Count == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Count;

    public static FlatLayout Of(IEnumerable<OnnxTensor> tensors)
    {
        List<Parameter> all = [];
        int at = 0;
        foreach (var tensor in tensors)
        {
            int count = checked((int)tensor.Count);
            all.Add(new Parameter(tensor.Name, tensor.Dims, at, count));
            at = checked(at + count);
        }

        return new FlatLayout([.. all]);
    }

    /// <summary>The vector, from a model's initialisers.</summary>
    public float[] Gather(OnnxGraph graph)
    {
        float[] vector = new float[Length];
        foreach (var one in Parameters) graph.Initializer(one.Name)!.Floats().CopyTo(vector, one.Offset);
        return vector;
    }

    /// <summary>Puts the vector's parts in the place of a model's initialisers.</summary>
    public void Scatter(ReadOnlySpan<float> vector, OnnxGraph graph)
    {
        if (vector.Length != Length) throw new ArgumentException($"{vector.Length} numbers, {Length} wanted");
        var byName = Parameters.ToDictionary(p => p.Name, StringComparer.Ordinal);
        for (int i = 0; i < graph.Initializers.Count; i++)
        {
            if (!byName.TryGetValue(graph.Initializers[i].Name, out var one)) continue;
            graph.Initializers[i] = OnnxTensor.Of(one.Name, vector.Slice(one.Offset, one.Count), [.. one.Dims]);
        }
    }

    /// <summary>A number for each element, the same all over a tensor.</summary>
    public float[] Spread(Func<Parameter, double> of)
    {
        float[] vector = new float[Length];
        foreach (var one in Parameters) vector.AsSpan(one.Offset, one.Count).Fill((float)of(one));
        return vector;
    }
}
