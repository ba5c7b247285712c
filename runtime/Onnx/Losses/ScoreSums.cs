using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Losses;

/// <summary>
/// What a detector's answer is worth, as one number that can be differentiated. Scores in 0 to 1, classes along the
/// last axis; the sum runs over everything.
/// </summary>
public static class ScoreSums
{
    /// <summary>
    /// OneAdapt's utility (Du et al. 2023): the sum of sigmoid(slope (score - threshold)), which counts what lies above
    /// the threshold and has its gradient where a small change would cross it.
    /// </summary>
    /// <param name="classes">only these count; null: all</param>
    public static Value Utility(
        this Value scores, float threshold = 0.5f, float slope = 20, IReadOnlyList<int>? classes = null) =>
        ((scores.Only(classes) - threshold) * slope).Sigmoid().Sum();

    /// <summary>The sum of the scores that lie above the threshold.</summary>
    /// <param name="classes">only these count; null: all</param>
    public static Value SumOfScores(this Value scores, float threshold, IReadOnlyList<int>? classes = null)
    {
        var some = scores.Only(classes);
        return (some * (some > threshold).As(some)).Sum();
    }

    /// <summary>Some columns of the last axis.</summary>
    internal static Value Only(this Value scores, IReadOnlyList<int>? classes)
    {
        if (classes is null) return scores;
        return scores.Gather(scores.Graph.Longs([.. classes.Select(c => (long)c)]), scores.Rank - 1);
    }
}
