using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Losses;

/// <summary>
/// Losses of decisions instead of labels (ChameleonAPI, Liu et al. 2024): an application looks only at which of its
/// groups of classes is there, so only errors that change this are punished. Scores are probabilities, rows x classes;
/// truth is 1 for the groups that are there, 0 for the others, rows x groups. Every loss is a mean over rows.
/// </summary>
/// <param name="Groups">for each group the numbers of its classes</param>
public sealed record DecisionLoss(IReadOnlyList<IReadOnlyList<int>> Groups)
{
    /// <summary>By how much what should win has to win (a1).</summary>
    public float Margin { get; init; } = 0.1f;

    /// <summary>Weight of a pair in the wrong order, or within the margin; others weigh 1 (a2).</summary>
    public float Wrong { get; init; } = 5;

    /// <summary>Slope of the sigmoid (a3).</summary>
    public float Sharpness { get; init; } = 5;

    /// <summary>How much less rows count in which no group is there (a4).</summary>
    public float OthersLess { get; init; }

    /// <summary>The score from which on a class counts as detected.</summary>
    public float Threshold { get; init; } = 0.5f;

    /// <summary>
    /// A class below this place is not among an answer's labels, however high its score; 16 for many choices.
    /// </summary>
    public int Places { get; init; } = 11;

    /// <summary>
    /// The first should beat the second: w sigmoid(sharpness (x2 - x1 + margin)). Its weight is a step, and has no
    /// gradient.
    /// </summary>
    public Value Beats(Value winner, Value loser)
    {
        var z = loser - winner + Margin;
        return ((z > 0).As(z) * (Wrong - 1) + 1) * (z * Sharpness).Sigmoid();
    }

    /// <summary>
    /// One question, or a choice of one group whose best label stands highest in the answer: the best true group should
    /// beat every other and the threshold; where none is true the threshold should beat all.
    /// </summary>
    public Value InOrderOfScores(Value scores, Value truth)
    {
        var (bests, bar) = (Bests(scores), Bar(scores));
        var (there, none) = There(truth);
        var right = (bests * truth).Largest([1], keep: true);
        var other = (bests * (1 - truth)).Largest([1], keep: true).Max(bar);
        var all = bests.Largest([1], keep: true);
        return (there * Beats(right, other) + none * Beats(bar, all) * (1 - OthersLess)).Mean();
    }

    /// <summary>
    /// A choice of the first group, in the application's order, of which any label is there: it should beat the
    /// threshold and all before it, and those should stay below; what comes after it is free.
    /// </summary>
    public Value InOrderOfGroups(Value scores, Value truth)
    {
        var (bests, bar) = (Bests(scores), Bar(scores));
        var (there, _) = There(truth);
        var count = truth.Graph.Op("CumSum", truth, truth.Graph.Scalar(1, ElementType.Int64));
        var before = (count < 0.5f).As(bests);
        var first = truth * (count < 1.5f).As(bests);
        var right = (bests * first).Sum([1], keep: true);
        var earlier = (bests * before).Largest([1], keep: true);
        var silent = (before * Beats(bar, bests)).Sum([1], keep: true);
        return (silent + there * (Beats(right, bar.Max(earlier)) + Beats(right, bar))).Mean();
    }

    /// <summary>
    /// Every group by itself: those that are there should beat the threshold, it the others. Where none is there only
    /// the best counts, and the best of those known not to be there.
    /// </summary>
    /// <param name="absent">1 for groups that somebody has verified are not there, rows x groups; null: all are</param>
    public Value OfEveryGroup(Value scores, Value truth, Value? absent = null)
    {
        var (bests, bar) = (Bests(scores), Bar(scores));
        var (there, none) = There(truth);
        var each = truth * Beats(bests, bar) + (1 - truth) * Beats(bar, bests);
        var all = Beats(bar, bests.Largest([1], keep: true));
        var known = absent is null ? all : Beats(bar, (bests * absent).Largest([1], keep: true));
        return (there * each.Sum([1], keep: true) + none * (all * (1 - OthersLess) + known * OthersLess)).Mean();
    }

    /// <summary>
    /// A detector's proposals, each by itself: where a class of any group is true, the best of them should beat the
    /// best of the rest and the threshold; elsewhere the other way round.
    /// </summary>
    /// <param name="isTarget">1 for proposals whose class is in a group, rows x 1</param>
    public Value OfProposals(Value scores, Value isTarget)
    {
        int[] wanted = [.. Groups.SelectMany(g => g).Distinct().Order()];
        long classes = scores.Shape[1].Known ?? throw new NotSupportedException("the number of classes is open");
        int[] rest = [.. Enumerable.Range(0, (int)classes).Except(wanted)];
        var best = scores.Only(wanted).Largest([1], keep: true);
        var bar = scores.Alike(Threshold);
        var other = rest.Length == 0 ? bar : scores.Only(rest).Largest([1], keep: true);
        return (isTarget * Beats(best, bar.Max(other)) + (1 - isTarget) * Beats(other, bar.Max(best))).Mean();
    }

    /// <summary>Rows x groups: the best score in each.</summary>
    Value Bests(Value scores) => scores.Graph.Concat(1,
        [.. Groups.Select(group => scores.Only(group)).Select(some => some.Shape[1].Is(1) ? some
            : some.Largest([1], keep: true))]);

    /// <summary>Rows x 1: what a score has to exceed to be a label of the answer.</summary>
    Value Bar(Value scores)
    {
        var graph = scores.Graph;
        if (scores.Shape[1].Known is not { } classes || classes < Places) return graph.Floats([Threshold], 1, 1);
        var top = graph.Op("TopK", [scores, graph.Longs(Places)], [OnnxAttribute.Of("axis", 1)], 2)[0];
        return top.Slice(1, Places - 1, Places).Max(Threshold);
    }

    /// <summary>Rows x 1: 1 where any group is true, and the opposite.</summary>
    static (Value There, Value None) There(Value truth)
    {
        var there = truth.Largest([1], keep: true);
        return (there, 1 - there);
    }
}
