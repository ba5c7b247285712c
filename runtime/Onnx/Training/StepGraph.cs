using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Training;

/// <summary>Writes the graphs of a <see cref="TrainingStep"/>.</summary>
sealed class StepGraph
{
    readonly OnnxModel _source;
    readonly TrainingOptions _options;
    readonly FlatLayout _layout;
    readonly GraphBuilder _graph;
    readonly Value _weights;
    readonly Value? _statistics;
    readonly HashSet<string> _norms;
    readonly List<(OwnBatch Batch, float Momentum)> _batches = [];

    /// <summary>What computes the same as a norm that learns, by the norm's output.</summary>
    readonly Dictionary<string, string> _normalised = new(StringComparer.Ordinal);

    /// <summary>Writes the forward graph, with weights cut from their vector.</summary>
    public StepGraph(
        OnnxModel source, TrainingOptions options, FlatLayout weights, FlatLayout statistics, OnnxNode[] norms)
    {
        _source = source;
        _options = options;
        _layout = weights;
        _norms = norms.Select(n => n.Outputs[0]).ToHashSet(StringComparer.Ordinal);
        _graph = new GraphBuilder(source.Opset) { IsPlain = true };
        foreach (var (domain, version) in source.Opsets) _graph.Model.Opsets[domain] = version;
        _graph.Model.Graph.Name = source.Graph.Name + " learns";
        _weights = _graph.Input(TrainingStep.WeightsName, ElementType.Float, weights.Length);
        if (statistics.Length > 0)
            _statistics = _graph.Input(TrainingStep.StatisticsName, ElementType.Float, statistics.Length);
        foreach (var input in source.Graph.Inputs) _graph.Input(input.Name, input.Type, ShapeOf(input));
        var cut = weights.Parameters.Concat(statistics.Parameters).Select(p => p.Name)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var tensor in source.Graph.Initializers.Where(t => !cut.Contains(t.Name))) _graph.Constant(tensor);
        CutWeights();
        foreach (var node in source.Graph.Nodes) Write(node.Copy());
    }

    Dim[] ShapeOf(TypedValue input)
    {
        if (input.Shape is null)
            throw new NotSupportedException($"nothing is said of the sizes of the model's input '{input.Name}'");
        if (!_options.InputShapes.TryGetValue(input.Name, out long[]? wanted)) return [.. input.Shape];
        bool agrees = wanted.Length == input.Shape.Count
            && input.Shape.Zip(wanted).All(pair => pair.First.Known is null || pair.First.Is(pair.Second));
        return agrees ? [.. wanted.Select(Dim.Of)] : throw new ArgumentException(
            $"the model's input '{input.Name}' is {string.Join('x', input.Shape)}, "
            + $"wanted is {string.Join('x', wanted)}");
    }

    void CutWeights()
    {
        var parts = _layout.Parameters.Count == 1 ? [_weights] : _graph.Op("Split",
            [_weights, _graph.Longs([.. _layout.Parameters.Select(p => (long)p.Count)])], [OnnxAttribute.Of("axis", 0)],
            [.. _layout.Parameters.Select(p => p.Name + ".flat")]);
        foreach (var (part, one) in parts.Zip(_layout.Parameters))
            _graph.Op("Reshape", [part, _graph.Longs([.. one.Dims])], [], [one.Name]);
    }

    void Write(OnnxNode node)
    {
        if (!_norms.Contains(node.Outputs[0]))
        {
            _graph.Append(node);
            return;
        }

        float epsilon = node.Float("epsilon", 1e-5f);
        _graph.Prefix = "norm/";
        var batch = OwnBatch.Of(_graph[node.Inputs[0]], epsilon);
        var normalised = batch.Normalised(_graph[node.Inputs[1]], _graph[node.Inputs[2]]);
        _batches.Add((batch, node.Float("momentum", 0.9f)));
        _graph.Prefix = "";
        _normalised[node.Outputs[0]] = normalised.Name;
        var written = new OnnxNode
        {
            Op = "BatchNormalization",
            Name = $"{GraphBuilder.OwnBatchPrefix}/{node.Outputs[0]}",
            Inputs = [.. node.Inputs.Take(3), batch.Mean.Name, batch.Variance.Name],
            Outputs = [node.Outputs[0]],
            Attributes = [OnnxAttribute.Of("epsilon", epsilon)],
        };
        _graph.Append(written);
    }

    /// <summary>Writes the loss and its gradient; names of the numbers that are told.</summary>
    public IReadOnlyList<string> WriteLoss(LossOf loss)
    {
        var c = new LossCase(_graph, [.. _source.Graph.Outputs.Select(o => o.Name)]);
        _graph.Prefix = "loss/";
        var value = loss(c);
        if (value.Facts.Shape is not [])
        {
            throw new ArgumentException(
                $"the loss '{value.Name}' is {value.Facts}: a scalar is wanted, so sum it or take its mean");
        }

        _graph.Prefix = "back/";
        Gradient = _graph.Gradients(value, [TrainingStep.WeightsName])[TrainingStep.WeightsName];
        _graph.Prefix = "step/";
        _graph.Output(TrainingStep.LossName, value);
        foreach (var (name, number) in c.Told) _graph.Output(name, number);
        WriteStatistics();
        return [TrainingStep.LossName, .. c.Told.Keys];
    }

    Value Gradient { get; set; } = null!;

    void WriteStatistics()
    {
        if (_statistics is null) return;
        List<Value> now = [];
        List<float> kept = [];
        foreach (var (batch, momentum) in _batches)
        {
            now.Add(batch.Mean);
            // The batch's variance is divided by n; what the running one estimates is divided by n - 1.
            now.Add(batch.Variance * (batch.Count / (batch.Count - 1)));
            int channels = checked((int)batch.Mean.Shape[0].Known!.Value);
            kept.AddRange(Enumerable.Repeat(momentum, 2 * channels));
        }

        var all = _graph.Concat(0, [.. now]);
        var keep = kept.Distinct().Count() == 1 ? _graph.Scalar(kept[0]) : _graph.Floats([.. kept], kept.Count);
        StatisticsNext = _graph.Output(TrainingStep.StatisticsName + TrainingStep.NextSuffix,
            _statistics * keep + all * (1 - keep));
    }

    Value? StatisticsNext { get; set; }

    /// <summary>Adds this batch's share of the gradient to those before.</summary>
    public void WriteSum()
    {
        var before = _graph.Input(TrainingStep.GradientName, ElementType.Float, _layout.Length);
        _graph.Output(TrainingStep.GradientName + TrainingStep.NextSuffix,
            before + Gradient * (1f / _options.Accumulate));
    }

    public void WriteUpdate() => Update(_graph, _options, _layout, _weights, Gradient, StatisticsNext);

    /// <summary>The graph that only applies a gradient.</summary>
    public static OnnxModel Apply(TrainingOptions options, FlatLayout layout, FlatLayout statistics)
    {
        var graph = new GraphBuilder { Prefix = "step/" };
        graph.Model.Graph.Name = "update";
        var weights = graph.Input(TrainingStep.WeightsName, ElementType.Float, layout.Length);
        var gradient = graph.Input(TrainingStep.GradientName, ElementType.Float, layout.Length);
        bool averages = options.Averaging is not null && statistics.Length > 0;
        Update(graph, options, layout, weights, gradient,
            averages ? graph.Input(TrainingStep.StatisticsName, ElementType.Float, statistics.Length) : null);
        return graph.Model;
    }

    static void Update(
        GraphBuilder graph, TrainingOptions options, FlatLayout layout, Value weights, Value gradient,
        Value? statistics)
    {
        var optimiser = options.Optimiser;
        var rate = graph.Input(TrainingStep.RateName, ElementType.Float);
        var scalars = optimiser.Scalars.ToDictionary(name => name, name => graph.Input(name, ElementType.Float));
        Value[] state = [.. optimiser.State.Select(name => graph.Input(name, ElementType.Float, layout.Length))];
        var norm = graph.Output(TrainingStep.NormName, gradient.Norm());
        if (options.GradientNormMax is { } most)
            gradient *= (graph.Scalar((float)most) / (norm + 1e-6f)).Min(1);
        if (options.RateOf is { } of) rate *= graph.Floats(layout.Spread(of), layout.Length);
        var decay = DecayOf(graph, options, layout);
        var next = optimiser.Next(new UpdateCase(weights, gradient, rate, decay, state, scalars));
        foreach (var (name, value) in optimiser.State.Zip(next.State))
            graph.Output(name + TrainingStep.NextSuffix, value);
        graph.Output(TrainingStep.WeightsName + TrainingStep.NextSuffix, next.Weights);
        if (options.Averaging is null) return;
        var keep = graph.Input(TrainingStep.KeepName, ElementType.Float);
        Average(graph, TrainingStep.AverageName, next.Weights, keep);
        if (statistics is not null) Average(graph, TrainingStep.AverageStatisticsName, statistics, keep);
    }

    static void Average(GraphBuilder graph, string name, Value now, Value keep)
    {
        var before = graph.Input(name, ElementType.Float, [.. now.Shape]);
        graph.Output(name + TrainingStep.NextSuffix, before * keep + now * (1 - keep));
    }

    static Value? DecayOf(GraphBuilder graph, TrainingOptions options, FlatLayout layout)
    {
        if (options.WeightDecay == 0) return null;
        float[] each = layout.Spread(p =>
            options.Decays?.Invoke(p) ?? p.Dims.Count > 1 ? options.WeightDecay : 0);
        return each.Distinct().Count() == 1 ? graph.Scalar(each[0]) : graph.Floats(each, each.Length);
    }

    /// <summary>The model, without what nothing that comes out depends on.</summary>
    public OnnxModel Finish()
    {
        var graph = _graph.Model.Graph;
        // The norms were there for their gradient's rule: what runs is what computes the same faster.
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            if (!_normalised.TryGetValue(graph.Nodes[i].Outputs[0], out string? faster)) continue;
            graph.Nodes[i] = new OnnxNode
            {
                Op = "Identity",
                Name = graph.Nodes[i].Name,
                Inputs = [faster],
                Outputs = [graph.Nodes[i].Outputs[0]],
            };
        }

        Unused.Drop(graph);
        return _graph.Model;
    }
}
