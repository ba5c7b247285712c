using System.Collections.Immutable;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>Turns what a second and its probe found into readings of the edges beside a setting.</summary>
/// <param name="runMs">milliseconds of a run at each input size</param>
/// <param name="cameraRate">frames a second; null while unknown</param>
/// <param name="scoreMin">detections below it are none</param>
sealed class KnobReader(
    ChainKnobs knobs, PooledRule costs, Func<int, double> runMs, Func<double?> cameraRate, float scoreMin)
{
    ImmutableArray<ImmutableArray<Detection>> _before = [];
    long? _beforeSetting;

    /// <param name="found">null: no gradient was taken, and what steps save is all that is told</param>
    /// <param name="videoPart">part of all that is sent that is video, 0 to 1</param>
    public ImmutableArray<EdgeReading> Read(
        KnobMoment moment, ProbeFindings? found, KnobState state, double videoPart)
    {
        List<EdgeReading> readings = [];
        foreach (var edge in state.Neighbours(knobs.Ladders))
        {
            string name = knobs.NameOf(edge.Knob)!;
            double? lost = name == ChainKnobs.Rate ? costs.RateLost(state, edge)
                : found?.Lost.TryGetValue(edge, out double known) == true ? known : null;
            if (lost is null || !double.IsFinite(lost.Value)) continue;
            var dear = state.Rungs.SetItem(edge.Knob, edge.Rung);
            var cost = costs.LogCostBetween(state, new int[dear.Length], dear).Exp();
            readings.Add(new EdgeReading(edge, lost.Value, cost, LogCost(name, edge, found, videoPart)));
        }

        return [.. readings];
    }

    /// <summary>What the second told of detections; null where the setting changed within it.</summary>
    public SceneReading? Scene(KnobMoment moment, KnobState state)
    {
        var before = _beforeSetting == moment.Setting ? _before : [];
        (_before, _beforeSetting) = (moment.Looked, moment.Setting);
        if (moment.Setting is null) return null;
        if (cameraRate() is not { } rate || rate <= 0) return new SceneReading(moment.Look, [], null);
        double everyS = knobs.StepOf(state.Rungs.AsSpan(), rate) / rate;
        return new SceneReading(moment.Look,
            FrameLag.Of([.. before], [.. moment.Looked], everyS, scoreMin), 1 / rate);
    }

    /// <summary>A second in which nothing is seen: what is lost cannot be told.</summary>
    public bool SeesNothing(KnobMoment moment) =>
        moment.Looked.Length > 0 && moment.Looked.All(seen => seen.All(d => d.Score < scoreMin));

    /// <summary>Natural logarithms of what the cheaper rung leaves of all uplink and all computing.</summary>
    Resources LogCost(string knob, Edge edge, ProbeFindings? found, double video)
    {
        double left = found?.Left.TryGetValue(edge, out double part) == true ? part : 1;
        switch (knob)
        {
            case ChainKnobs.Size:
                double ms = runMs(edge.Rung);
                return new Resources(0, ms > 0 ? Math.Log(runMs(edge.Rung + 1) / ms) : 0);
            case ChainKnobs.Rate:
                double fewer = (double)StepAt(edge.Rung) / StepAt(edge.Rung + 1);
                return new Resources(Math.Log(1 - video + video * fewer), Math.Log(fewer));
            case ChainKnobs.Quality:
                return new Resources(Math.Log(video + (1 - video) * left), 0);
            default:
                return new Resources(Math.Log(1 - video + video * left), 0);
        }
    }

    int StepAt(int rung) => ChainKnobs.StepAt(rung, cameraRate());
}
