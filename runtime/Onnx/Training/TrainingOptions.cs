using System.Text.RegularExpressions;

namespace EdgeAppliance.Onnx.Training;

/// <summary>How a model shall learn. What is not given has a value that serves a small convolutional network.</summary>
public sealed record TrainingOptions
{
    public Optimiser Optimiser { get; init; } = new Sgd();

    /// <summary>Weight decay, for weights that <see cref="Decays"/> says it is for.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Whether a weight decays; null: those of two axes and more do, so no bias and no norm.</summary>
    public Func<Parameter, bool>? Decays { get; init; }

    /// <summary>What the learning rate is multiplied with for a weight; null: 1 for all.</summary>
    public Func<Parameter, double>? RateOf { get; init; }

    /// <summary>Weights, by name, that stay as they are; see <see cref="Freeze"/>. Null: none.</summary>
    public Func<string, bool>? IsFrozen { get; init; }

    /// <summary>
    /// Constants that learn as well, though no layer has them as its weights: positions, tokens, scales.
    /// </summary>
    public IReadOnlyList<string> AlsoLearn { get; init; } = [];

    /// <summary>The gradient is shortened to this length where it is longer; null: never.</summary>
    public double? GradientNormMax { get; init; }

    /// <summary>So many batches make one step: their gradients' mean is applied.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>
    /// Batch norms use their batch's statistics and move the running ones. Where not, and for norms whose scale and
    /// bias are frozen, they stay as in inference.
    /// </summary>
    public bool NormsLearn { get; init; } = true;

    /// <summary>
    /// Keeps a moving average of weights and statistics, which at step n (from 0) keeps min(this, (1 + n) / (10 + n))
    /// of itself; null: none.
    /// </summary>
    public double? Averaging { get; init; }

    /// <summary>Sizes of inputs, by name, that the model leaves open; others must agree with the model.</summary>
    public IReadOnlyDictionary<string, long[]> InputShapes { get; init; } = new Dictionary<string, long[]>();

    /// <summary>Every fault, in words.</summary>
    public IEnumerable<string> Faults()
    {
        if (WeightDecay is not >= 0) yield return $"WeightDecay is {WeightDecay}: at least 0";
        if (GradientNormMax is <= 0 or double.NaN) yield return $"GradientNormMax is {GradientNormMax}: above 0";
        if (Accumulate < 1) yield return $"Accumulate is {Accumulate}: at least 1";
        if (Averaging is { } keep && keep is not (> 0 and < 1)) yield return $"Averaging is {keep}: between 0 and 1";
    }
}

/// <summary>Ways to say which weights stay as they are.</summary>
public static class Freeze
{
    /// <summary>Names that begin with one of these.</summary>
    public static Func<string, bool> Prefixes(params string[] prefixes) =>
        name => prefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal));

    /// <summary>Names in which a pattern is found.</summary>
    public static Func<string, bool> Matching(string pattern)
    {
        var regex = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        return regex.IsMatch;
    }

    public static Func<string, bool> Listed(IEnumerable<string> names) =>
        names.ToHashSet(StringComparer.Ordinal).Contains;

    /// <summary>All but those that another way names: only these learn.</summary>
    public static Func<string, bool> AllBut(Func<string, bool> learn) => name => !learn(name);
}
