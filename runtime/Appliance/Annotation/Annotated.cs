using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Annotation;

/// <summary>A labelled box nobody had to draw: the detector's box, the tag's class.</summary>
/// <param name="Box">in frame pixels, inside the frame</param>
/// <param name="Class">from the tag registry</param>
/// <param name="Confidence">that box and class are right, 0 to 1</param>
/// <param name="TrackId">the track it came from</param>
/// <param name="Match">the evidence</param>
/// <param name="DetectorClass">what the detector called it</param>
/// <param name="DetectorScore">how sure the detector was</param>
readonly record struct AnnotatedBox(
    Box Box, string Class, float Confidence, int TrackId, TagMatch Match, string DetectorClass, float DetectorScore);

/// <summary>A frame with its annotations. The frame's lease travels inside.</summary>
readonly record struct Annotated(
    Frame Frame, ImmutableArray<AnnotatedBox> Annotations, ImmutableArray<LocatedTrack> Tracks,
    ImmutableArray<Detection> Detections, string Model, string? Calibration) : IDisposable
{
    /// <summary>Looked at in full quality: a sample of it is not biased by what the knobs spare.</summary>
    public bool IsFull { get; init; } = true;

    /// <summary>Where the tags were at the frame's instant.</summary>
    public ImmutableArray<Fix> Fixes { get; init; } = [];

    public void Dispose() => Frame.Dispose();
}
