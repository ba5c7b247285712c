using EdgeAppliance.Runtime.Status;

namespace EdgeAppliance.Runtime;

/// <summary>What a moment tells of the knobs, of the video and of the site.</summary>
static class SparedSnapshots
{
    public static Snapshot Added(Outfit outfit, Snapshot to) =>
        to with
        {
            Knobs = KnobsOf(outfit),
            Video = outfit.Video?.Status,
            Site = SiteOf(outfit),
            Radios = RadioSnapshots.Of(outfit.Devices.Radios),
        };

    static SiteStatus SiteOf(Outfit outfit)
    {
        var registry = outfit.Devices.Registry;
        var (watch, clock) = (outfit.Scene.View.Watch, outfit.Scene.View.Clock);
        return new SiteStatus(
            registry.Current.Count, registry.Reloads, registry.Fault, watch.Alarm, watch.AlongM, watch.AcrossM,
            watch.MatchedShare, clock?.OffsetS, clock?.SigmaS);
    }

    static KnobsStatus? KnobsOf(Outfit outfit)
    {
        if (outfit.Knobs?.View is not { } view) return null;
        var (spent, budget) = (view.Meters, view.Budget);
        return new KnobsStatus(
            view.Setting,
            [.. view.Knobs.Select(k => new KnobStatus(k.Knob, k.Rung, k.Dearest, k.Cheapest, k.Position))],
            view.F1?.F1, view.F1?.Low, view.F1?.High, view.F1?.Frames, view.IsTrusted,
            spent.UplinkBitsPerS / 1000, budget.UplinkBitsPerS / 1000, spent.ComputeMsPerS, budget.ComputeMsPerS,
            spent.Degrees, spent.Watts, outfit.Chain.Meters.Spared);
    }
}
