using System.Collections.Immutable;
using System.Text.Json.Serialization;
using EdgeAppliance.Runtime.Pipeline;

namespace EdgeAppliance.Runtime.Status;

/// <summary>The camera as it stands. Null is unknown.</summary>
sealed record CameraStatus(
    string Uri, string State, int? Width, int? Height, double? StatedRate, string? Codec, string? Decoder,
    string? DecoderReason, double? FrameAgeS, long Frames, double? FramesPerSecond, long CorruptPackets,
    long Reconnects, long PoolEmpty);

/// <summary>The detector as it stands.</summary>
/// <param name="Building">the engine it is to move onto; null when none is being built</param>
sealed record ModelStatus(
    string Name, string Sha256, string Provider, int InputWidth, int InputHeight, EngineStatus? Building);

/// <summary>How far the building of an engine is.</summary>
/// <param name="Percent">0 to 100; null while nobody can tell</param>
/// <param name="LeftS">estimated; null while nobody can tell</param>
sealed record EngineStatus(double? Percent, double ElapsedS, double? LeftS);

/// <summary>How long a stage takes.</summary>
sealed record StageStatus(string Name, Durations Durations, double? PerSecond);

/// <summary>A tag the radio heard.</summary>
/// <param name="Track">the track that carries it now; null when none is sure enough</param>
sealed record TagStatus(string Tag, string? Class, double? AgeS, int? Track);

/// <summary>A radio as it stands.</summary>
/// <param name="State">opening, listening, lost, given up; null where there is no device of ours</param>
/// <param name="HeardAgeS">since it last gave anything; null before, and of a recording</param>
/// <param name="Fault">why it was lost the last time; null while it never was</param>
sealed record RadioStatus(
    string Name, string? State, long Observations, long Malformed, long Overrun, double? HeardAgeS, long Reconnects,
    string? Fault);

/// <summary>Samples since the start, and what the spool holds now.</summary>
/// <param name="Acknowledged">answered by the endpoint's receipt; null without a broker</param>
sealed record SampleStatus(
    long Labels, long Chosen, long Stored, long Waiting, long? Sent, long? Acknowledged, string Courier);

/// <summary>Where a knob stands.</summary>
/// <param name="Position">1 at its dearest rung, 0 at its cheapest</param>
sealed record KnobStatus(string Knob, string Rung, string Dearest, string Cheapest, double Position);

/// <summary>What the knobs do. Null is unknown, of a budget: none.</summary>
/// <param name="Setting">counts settings since the start</param>
/// <param name="F1">under the knobs against full quality, with its 95 % interval and the frames it rests on</param>
/// <param name="GradientsTrusted">false: they were not borne out, and the detector looks itself</param>
/// <param name="FramesSpared">let go by unseen since the start</param>
sealed record KnobsStatus(
    long Setting, ImmutableArray<KnobStatus> Knobs, double? F1, double? F1Low, double? F1High, int? F1Frames,
    bool GradientsTrusted, double? UplinkKbitS, double? UplinkKbitSMax, double? ComputeMsS, double? ComputeMsSMax,
    double? Degrees, double? Watts, long FramesSpared);

/// <summary>The video sent; of its last segment, null before the first.</summary>
/// <param name="Dropped">segments that did not go out</param>
/// <param name="Coarser">added to the quantiser where nothing was seen</param>
sealed record VideoStatus(
    long Sent, long Dropped, double? KbitS, int? Width, int? Height, int? Quantiser, int? Coarser);

/// <summary>Frame memory: slots in all, lent now, refused since the start.</summary>
sealed record PoolStatus(int Slots, int Held, long Refused);

/// <summary>What is known of the place, and whether it still holds.</summary>
/// <param name="Reloads">times a changed registry came into force</param>
/// <param name="RegistryFault">why the registry's file as it is now is not in force; null when it is</param>
/// <param name="Alarm">why the camera's pose is in doubt; null when it is not</param>
/// <param name="AlongM">mean of track less tag away from the camera, of late; null while too few are matched</param>
/// <param name="AcrossM">the same to the right</param>
/// <param name="MatchedShare">tags in sight that a track is matched to, 0 to 1</param>
/// <param name="ClockOffsetS">what the radio's times lack, seconds; null while nobody has walked enough to tell</param>
/// <param name="ClockSigmaS">its standard deviation, seconds; null with it</param>
sealed record SiteStatus(
    int Tags, long Reloads, string? RegistryFault, string? Alarm, double? AlongM, double? AcrossM,
    double? MatchedShare, double? ClockOffsetS, double? ClockSigmaS);

/// <summary>Everything the status page tells: one moment, never changed.</summary>
sealed record Snapshot(
    string Device, string Version, DateTimeOffset At, double UptimeS, bool Healthy, string? Fault,
    CameraStatus Camera, ModelStatus Model, ImmutableArray<LinkCounts> Links, ImmutableArray<StageStatus> Stages,
    ImmutableArray<TagStatus> Tags, int Tracks, SampleStatus Samples, PoolStatus Pool, double MemoryMiB)
{
    public ImmutableArray<RadioStatus> Radios { get; init; } = [];

    /// <summary>Null: not told.</summary>
    public SiteStatus? Site { get; init; }

    /// <summary>Null: none is turned, every frame is looked at in full quality.</summary>
    public KnobsStatus? Knobs { get; init; }

    /// <summary>Null: none is sent.</summary>
    public VideoStatus? Video { get; init; }
}

/// <summary>What /healthz answers.</summary>
sealed record Health(bool Healthy, double? FrameAgeS, string? Fault);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(Health))]
sealed partial class StatusJson : JsonSerializerContext;
