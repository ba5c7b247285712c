using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>Adds up what an edge brought in the seconds and settings of one scene.</summary>
sealed class EdgeMean
{
    double _utility, _dearF1, _cheapF1;
    Resources _logCost;
    int _count;

    public void Add(EdgeReading reading, double dearF1, double cheapF1)
    {
        if (!reading.IsFinite) return;
        _utility += reading.UtilityLoss;
        _logCost += reading.LogCost;
        _dearF1 += dearF1;
        _cheapF1 += cheapF1;
        _count++;
    }

    /// <summary>The mean; nothing where nothing was added.</summary>
    public EdgePrior Mean => _count == 0 ? default : new(
        _utility / _count, (_dearF1 - _cheapF1) / _count, 1.0 / _count * _logCost);
}

/// <summary>
/// What is known of all edges before a scene was seen. Utilities alone mislead: dropped frames leave the scores of the
/// others as they are, and cost F1 all the same. So a scene's utilities only move an expectation that scenes with a
/// measured F1 have set.
/// </summary>
/// <param name="Edges">for each knob one an edge</param>
/// <param name="Slopes">for each knob: by how much F1 falls where the utility falls by 1 more than elsewhere</param>
sealed record KnobPriors(ImmutableArray<ImmutableArray<EdgePrior>> Edges, ImmutableArray<double> Slopes)
{
    /// <summary>
    /// Added to the squared deviations that a slope is fitted on: with a few scenes a slope of nothing but noise stays
    /// near 0. A deviation of 0.045 in one scene counts for half.
    /// </summary>
    const double SlopeRidge = 0.002;

    public int Knobs => Edges.Length;

    /// <summary>What detections themselves tell; null: only what readings of edges do.</summary>
    public DetectionPriors? Detections { get; init; }

    /// <summary>Nothing is known: an edge costs the accuracy that the utility says.</summary>
    public static KnobPriors None(IReadOnlyList<Ladder> ladders) => new(
        [.. ladders.Select(l => Enumerable.Repeat(new EdgePrior(0, 0, default), l.Count - 1).ToImmutableArray())],
        [.. ladders.Select(_ => 1.0)]);

    /// <summary>Means over scenes, each counting alike, and a slope a knob by least squares within its edges.</summary>
    /// <param name="scenes">for each scene, by knob and edge, what the edge brought there in the mean</param>
    public static KnobPriors Of(IReadOnlyList<ImmutableArray<ImmutableArray<EdgePrior>>> scenes)
    {
        if (scenes.Count == 0) throw new ArgumentException("no scene to learn from");
        var edges = scenes[0].Select((knob, k) => knob.Select((_, e) => Mean([.. scenes.Select(s => s[k][e])]))
            .ToImmutableArray()).ToImmutableArray();
        return new KnobPriors(edges, [.. edges.Select((knob, k) => Slope(knob, [.. scenes.Select(s => s[k])]))]);
    }

    static EdgePrior Mean(EdgePrior[] of) =>
        new(of.Average(p => p.UtilityLoss), of.Average(p => p.AccuracyLoss),
            1.0 / of.Length * of.Aggregate(default(Resources), (sum, p) => sum + p.LogCost));

    /// <summary>Never below 0: less utility is no gain.</summary>
    static double Slope(ImmutableArray<EdgePrior> means, ImmutableArray<EdgePrior>[] scenes)
    {
        double together = 0, squares = SlopeRidge;
        foreach (var scene in scenes)
        {
            for (int e = 0; e < means.Length; e++)
            {
                double utility = scene[e].UtilityLoss - means[e].UtilityLoss;
                together += utility * (scene[e].AccuracyLoss - means[e].AccuracyLoss);
                squares += utility * utility;
            }
        }

        return Math.Max(0, together / squares);
    }
}
