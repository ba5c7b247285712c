using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Losses;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// What heads read as scores, once more as operators of the graph: anchors along one axis, classes along the last, so
/// that a utility can be differentiated down to the picture. One function a head of <see cref="Heads"/>.
/// </summary>
static class ScoreGraph
{
    /// <summary>Below it a power's slope grows without bound, and no threshold is that low.</summary>
    const float ScoreLeast = 1e-6f;

    /// <summary>OneAdapt's utility on a model with this card, for a gradient model.</summary>
    /// <param name="threshold">null: the card's</param>
    /// <param name="classes">only these count; null: all</param>
    public static Func<GraphBuilder, Value> Utility(
        ModelCard card, float? threshold = null, IReadOnlyList<int>? classes = null, float slope = 20) =>
        graph => Of(graph, card).Utility(threshold ?? card.Thresholds.Score, slope, classes);

    /// <summary>The scores, <c>1 x anchors x classes</c>.</summary>
    /// <exception cref="InvalidDataException">outputs that do not fit the card</exception>
    public static Value Of(GraphBuilder graph, ModelCard card)
    {
        var outputs = graph.Model.Graph.Outputs.Select(o => o.Name).ToList();
        string[] names = card.Output.Names.IsEmpty ? [.. outputs] : [.. card.Output.Names];
        if (names.FirstOrDefault(n => !outputs.Contains(n)) is { } missing)
            throw new InvalidDataException($"{card.Name}: output.names: the model has no output {missing}");
        var scores = Heads.ScoresOf(card)([.. names.Select(n => graph[n])], card.Classes.Length);
        return scores.Shape is [_, _, var last] && last.Is(card.Classes.Length) ? scores
            : throw new InvalidDataException(
                $"{card.Name}: classes: {card.Classes.Length} names, the scores are {string.Join('x', scores.Shape)}");
    }

    /// <summary>Objectness times class, both probabilities already.</summary>
    public static Value Yolox(Value[] outputs, int classes) =>
        outputs[0].Slice(2, 4, 5) * outputs[0].Slice(2, 5, 5 + classes);

    /// <summary>
    /// Objectness^0.6 times class^0.4, a map each; through logarithms, as powers and their slopes take six times as
    /// long: 1.5 ms in place of 0.26.
    /// </summary>
    public static Value FastestDet(Value[] outputs, int classes)
    {
        var maps = outputs[0].Clip(ScoreLeast, 1);
        var scores = (maps.Slice(1, 0, 1).Log() * 0.6f + maps.Slice(1, 5, 5 + classes).Log() * 0.4f).Exp();
        return scores.Reshape(0, classes, -1).Transpose(0, 2, 1);
    }

    /// <summary>Class rows after the four of the box.</summary>
    public static Value Ultralytics(Value[] outputs, int classes) =>
        outputs[0].Slice(1, 4, 4 + classes).Transpose(0, 2, 1);

    /// <summary>The second output, without a background that comes first.</summary>
    public static Value Decoded(Value[] outputs, int classes) =>
        outputs[1].Shape[^1].Is(classes + 1) ? outputs[1].Slice(2, 1, classes + 1) : outputs[1];
}
