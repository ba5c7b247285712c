using System.Collections.Immutable;
using System.Globalization;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;

namespace EdgeAppliance.Runtime;

/// <summary>Gathers what the parts know into one moment.</summary>
static class Snapshots
{
    public static Snapshot Of(Outfit outfit, ApplianceSettings settings)
    {
        var now = MonoTime.Now;
        var meters = outfit.Chain.Meters;
        double? ageS = meters.FrameAgeS(now);
        string? fault = FaultOf(ageS ?? (now - meters.Began).TotalSeconds, settings.Status.FrameAgeMaxS, ageS is null);
        var view = outfit.Scene.View;
        return SparedSnapshots.Added(outfit, new Snapshot(
            settings.DeviceName, ProgramVersion.Text, DateTimeOffset.UtcNow, (now - meters.Began).TotalSeconds,
            fault is null, fault ?? view.GeometryFault, CameraOf(outfit, ageS, now), ModelOf(outfit),
            [.. outfit.Chain.Links], StagesOf(meters, now), view.Tags, view.Tracks, SamplesOf(outfit),
            PoolOf(outfit.Pool), MemoryMiB));
    }

    static double MemoryMiB => Environment.WorkingSet / 1048576.0;

    static PoolStatus PoolOf(FramePool pool) => new(pool.Slots, pool.Held, pool.Refused);

    static ImmutableArray<StageStatus> StagesOf(ChainMeters meters, MonoTime now) =>
        [.. meters.Stages.Select(stage => new StageStatus(stage.Name, stage.Durations, stage.PerSecond(now)))];

    static string? FaultOf(double ageS, double most, bool isFirst) => ageS <= most ? null
        : string.Create(CultureInfo.InvariantCulture, $"no {(isFirst ? "first " : "")}frame for {ageS:F0} s");

    static CameraStatus CameraOf(Outfit outfit, double? ageS, MonoTime now)
    {
        var camera = outfit.Devices.Camera;
        var (facts, counts) = (camera.Facts, camera.Counts);
        return new CameraStatus(
            outfit.Devices.CameraName, WordOf(camera.State), facts?.Format.Width, facts?.Format.Height,
            facts?.FrameRate, facts?.Codec, facts?.Decoder, facts?.DecoderReason, ageS, counts.Frames,
            outfit.Chain.Meters.Camera.PerSecond(now), counts.CorruptPackets, camera.Reconnects, outfit.Pool.Refused);
    }

    static string WordOf(CameraState state) => state switch
    {
        CameraState.Opening => "opening",
        CameraState.Running => "running",
        CameraState.Lost => "lost",
        _ => "ended",
    };

    static ModelStatus ModelOf(Outfit outfit)
    {
        var facts = outfit.Detectors.Facts;
        return new ModelStatus(
            facts.Model, facts.Sha256, facts.Provider.InSettings(), facts.InputWidth, facts.InputHeight,
            EngineOf(outfit.Detectors.Building));
    }

    static EngineStatus? EngineOf(EngineProgress? building) => building is { } now
        ? new EngineStatus(now.Percent, now.Elapsed.TotalSeconds, now.Left?.TotalSeconds)
        : null;

    static SampleStatus SamplesOf(Outfit outfit)
    {
        var spool = outfit.Spool.Counts;
        return new SampleStatus(
            outfit.Chain.Meters.Labels, outfit.Chain.Links[2].Sent, outfit.Stored, spool.Pending, outfit.Uplink?.Sent,
            outfit.Uplink is null ? null : spool.Acknowledged, outfit.Uplink?.State ?? "no broker set");
    }
}
