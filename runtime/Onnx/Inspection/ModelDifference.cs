using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>A model and how it is run.</summary>
public sealed record ComparedModel(string Name, OnnxModel Model, SessionWishes Wishes);

/// <summary>Two models on the same input, layer by layer, in the order of the first.</summary>
/// <param name="Alone">layers of either that have no counterpart in the other</param>
public sealed record ModelDifference(
    IReadOnlyList<LayerDifference> Layers, IReadOnlyList<string> Alone, Provider First, Provider Second)
{
    /// <summary>The first layer that differs by more than may be; null when none does.</summary>
    public LayerDifference? FirstAbove(double threshold) => Layers.FirstOrDefault(l => l.IsAbove(threshold));

    /// <summary>
    /// Runs both with every layer tapped. Values are paired by name, and those left over by operator and shape in order.
    /// </summary>
    /// <param name="inputs">of the first model; the second gets them by name, or in order where it names them otherwise</param>
    /// <param name="told">called with what is being done</param>
    /// <exception cref="InvalidDataException">a model cannot be run on these inputs</exception>
    public static ModelDifference Compare(
        ComparedModel first, ComparedModel second, IReadOnlyList<OnnxTensor> inputs, Action<string>? told = null,
        CancellationToken stop = default)
    {
        var (pairs, alone) = Pair(first.Model, second.Model);
        told?.Invoke($"running {first.Name}");
        var (a, providerA) = RunTapped(first, [.. pairs.Select(p => p.First)], inputs);
        stop.ThrowIfCancellationRequested();
        told?.Invoke($"running {second.Name}");
        var (b, providerB) = RunTapped(second, [.. pairs.Select(p => p.Second)], Fitted(inputs, second.Model));
        stop.ThrowIfCancellationRequested();
        told?.Invoke($"comparing {pairs.Count} layers");
        return new ModelDifference(
            [.. pairs.Select(p => LayerDifference.Of(p.Op, a[p.First], b[p.Second]))], alone, providerA, providerB);
    }

    static (IReadOnlyDictionary<string, OnnxTensor> Values, Provider Provider) RunTapped(
        ComparedModel compared, IReadOnlyList<string> values, IReadOnlyList<OnnxTensor> inputs)
    {
        using var run = TensorRun.Open(compared.Name, Taps.Add(compared.Model, values), compared.Wishes);
        return (run.Run(inputs, [.. values.Distinct()]), run.Provider);
    }

    static IReadOnlyList<OnnxTensor> Fitted(IReadOnlyList<OnnxTensor> inputs, OnnxModel model)
    {
        var constants = model.Graph.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var wanted = model.Graph.Inputs.Where(i => !constants.Contains(i.Name)).ToList();
        if (wanted.Count != inputs.Count)
            throw new InvalidDataException($"the models have {inputs.Count} and {wanted.Count} inputs: they cannot be compared");
        bool hasAll = wanted.All(w => inputs.Any(i => i.Name == w.Name));
        return hasAll ? inputs : [.. wanted.Zip(inputs, (w, i) => i.Named(w.Name))];
    }

    sealed record Layer(string Value, string Op, string Shape, bool IsCompared);

    static (List<(string First, string Second, string Op)> Pairs, List<string> Alone) Pair(OnnxModel first, OnnxModel second)
    {
        var left = LayersOf(first);
        var right = LayersOf(second);
        var byName = right.ToDictionary(l => l.Value, StringComparer.Ordinal);
        var names = left.Select(l => l.Value).ToHashSet(StringComparer.Ordinal);
        var waiting = right.Where(l => !names.Contains(l.Value)).GroupBy(l => (l.Op, l.Shape))
            .ToDictionary(g => g.Key, g => new Queue<Layer>(g));
        List<(string, string, string)> pairs = [];
        List<string> alone = [];
        foreach (var layer in left)
        {
            var other = byName.GetValueOrDefault(layer.Value)
                ?? (waiting.TryGetValue((layer.Op, layer.Shape), out var queue) && queue.TryDequeue(out var next) ? next : null);
            if (other is { } found && layer.IsCompared && found.IsCompared) pairs.Add((layer.Value, found.Value, layer.Op));
            else if (other is null) alone.Add($"{layer.Op} {layer.Value}");
        }

        alone.AddRange(waiting.Values.SelectMany(q => q).Select(l => $"{l.Op} {l.Value}"));
        return (pairs, alone);
    }

    static List<Layer> LayersOf(OnnxModel model)
    {
        var facts = ShapeInference.Infer(model);
        return [.. model.Graph.Nodes.Where(n => n.Op != "Constant").SelectMany(n => n.Outputs.Where(o => o.Length > 0)
            .Select(o => new Layer(o, n.Op, $"{facts.GetValueOrDefault(o)}",
                facts.GetValueOrDefault(o)?.Type.IsReal() ?? false)))];
    }
}
