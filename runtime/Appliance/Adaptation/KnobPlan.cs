using System.Globalization;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What the knobs are turned for.</summary>
/// <param name="Price">F1 that the costs of the dearest setting are worth</param>
sealed record KnobAims(KnobBudget Budget, Resources Price)
{
    public static KnobAims Of(AdaptationSettings settings) => new(
        new KnobBudget(
            1000 * settings.UplinkKbitSMax, settings.ComputeMsSMax, settings.DegreesMax, settings.WattsMax),
        new Resources(settings.UplinkPrice, settings.ComputePrice));
}

/// <summary>All of the knobs that stays as it is while they are turned.</summary>
/// <param name="Classes">numbers of the classes that count; empty: all</param>
/// <param name="ScoreMin">detections below it are none</param>
/// <param name="ReferenceShare">part of all frames that bypass the knobs</param>
sealed record KnobPlan(
    ModelFolder Model, ChainKnobs Knobs, PooledRule Rule, KnobAims Aims, IReadOnlyList<int> Classes, float ScoreMin,
    double ReferenceShare)
{
    /// <param name="sizes">input sizes prepared</param>
    /// <exception cref="InvalidDataException">the model knows no such class</exception>
    public static KnobPlan Of(ApplianceSettings settings, int sizes)
    {
        var own = settings.Adaptation;
        var model = ModelFolder.Load(settings.Inference.Model);
        var knobs = new ChainKnobs(sizes, settings.Spool.JpegQuality, settings.Video.Enabled);
        return new KnobPlan(
            model, knobs, KnownEdges.Rule(knobs.Ladders), KnobAims.Of(own), NumbersOf(own, model.Card),
            (float)(settings.Inference.ScoreMin ?? model.Card.Thresholds.Score), own.ReferenceShare);
    }

    /// <summary>Where the knobs begin when nothing is known of the scene.</summary>
    public KnobState Start => Rule.Start(Knobs.Ladders, Aims.Price);

    static int[] NumbersOf(AdaptationSettings settings, ModelCard card) =>
        [.. settings.Classes.Select(name => card.Classes.IndexOf(name) is >= 0 and var number ? number
            : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                $"adaptation.classes has {name}: {card.Name} knows {string.Join(", ", card.Classes)}")))];
}
