using System.Security.Cryptography;
using System.Text;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// A model made to learn: graphs of standard operators that take all its weights as one vector, the optimiser's state
/// and a batch, and give the loss, new weights and new state. Vectors named <c>x</c> come out as <c>x_next</c>.
/// </summary>
public sealed class TrainingStep
{
    internal const string WeightsName = "weights", StatisticsName = "statistics", GradientName = "gradient";
    internal const string RateName = "rate", KeepName = "keep", LossName = "loss", NormName = "gradient_norm";
    internal const string AverageName = "average", AverageStatisticsName = "average_statistics", NextSuffix = "_next";

    TrainingStep(OnnxModel model, TrainingOptions options, FlatLayout weights, FlatLayout statistics)
    {
        Model = model;
        Options = options;
        Weights = weights;
        Statistics = statistics;
    }

    /// <summary>What learns, as it was before, brought to operator set 17.</summary>
    public OnnxModel Model { get; }

    public TrainingOptions Options { get; }

    /// <summary>What learns.</summary>
    public FlatLayout Weights { get; }

    /// <summary>Running means and variances of norms that learn.</summary>
    public FlatLayout Statistics { get; }

    /// <summary>Loss, gradient and new weights in one; where batches are accumulated, all but new weights.</summary>
    public required OnnxModel Graph { get; init; }

    /// <summary>The gradient applied; null where <see cref="Graph"/> does that.</summary>
    public OnnxModel? ApplyGraph { get; init; }

    /// <summary>Names of the numbers that are told at every step, the loss first.</summary>
    public required IReadOnlyList<string> Told { get; init; }

    /// <summary>Makes a model learn.</summary>
    /// <exception cref="ArgumentException">options that cannot be, or names the model does not have</exception>
    /// <exception cref="NotSupportedException">an operator that has no gradient: the message names operator and
    /// node</exception>
    public static TrainingStep Make(OnnxModel model, LossOf loss, TrainingOptions options)
    {
        string[] faults = [.. options.Faults()];
        if (faults.Length > 0) throw new ArgumentException(string.Join("; ", faults));
        var source = Upgrade.To17(model);
        foreach (string name in options.InputShapes.Keys)
        {
            if (source.Graph.Inputs.All(i => i.Name != name))
                throw new ArgumentException($"InputShapes: the model has no input '{name}'");
        }

        var learning = LearningWeights.Of(source.Graph, options.AlsoLearn)
            .Where(t => options.IsFrozen?.Invoke(t.Name) is not true).ToArray();
        if (learning.Length == 0)
            throw new ArgumentException("nothing learns: the model has no weights, or all are frozen");
        var norms = options.NormsLearn ? LearningNorms(source.Graph, learning) : [];
        var weights = FlatLayout.Of(learning);
        var statistics = FlatLayout.Of(
            norms.SelectMany(n => n.Inputs.Skip(3)).Select(name => source.Graph.Initializer(name)!));
        var graph = new StepGraph(source, options, weights, statistics, norms);
        var told = graph.WriteLoss(loss);
        OnnxModel? apply = null;
        if (options.Accumulate == 1) graph.WriteUpdate();
        else
        {
            graph.WriteSum();
            apply = StepGraph.Apply(options, weights, statistics);
        }

        return new TrainingStep(source, options, weights, statistics)
        {
            Graph = graph.Finish(),
            ApplyGraph = apply,
            Told = told,
        };
    }

    /// <summary>The model for inference, with the same names, as it has become.</summary>
    public OnnxModel ToInferenceModel(ReadOnlySpan<float> weights, ReadOnlySpan<float> statistics)
    {
        var model = Model.Copy();
        Weights.Scatter(weights, model.Graph);
        Statistics.Scatter(statistics, model.Graph);
        return model;
    }

    /// <summary>SHA-256 over the model and how it learns: state kept for one means nothing to another.</summary>
    internal string Fingerprint()
    {
        var text = new StringBuilder(Model.Checksum()).Append('|').Append(Options.Optimiser)
            .Append('|').Append(Options.Averaging is not null);
        foreach (var one in Weights.Parameters.Concat(Statistics.Parameters)) text.Append('|').Append(one.Name);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Batch norms that learn: those of which the scale or the bias does.</summary>
    static OnnxNode[] LearningNorms(OnnxGraph graph, OnnxTensor[] learning)
    {
        var names = learning.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        OnnxNode[] norms = [.. graph.Nodes.Where(n =>
            n.Op == "BatchNormalization" && n.Domain.Length == 0 && n.Inputs.Skip(1).Take(2).Any(names.Contains))];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var norm in norms)
        {
            foreach (string name in norm.Inputs.Skip(3))
            {
                if (graph.Initializer(name) is null)
                    throw new NotSupportedException($"{norm.Label}: its statistics '{name}' are no initialiser");
                // Exporters make one constant of equal ones: what two norms share cannot follow both.
                if (!seen.Add(name))
                {
                    throw new NotSupportedException(
                        $"{norm.Label}: it shares '{name}' with another norm: export it apart");
                }
            }
        }

        return norms;
    }
}
