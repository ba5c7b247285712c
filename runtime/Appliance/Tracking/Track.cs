using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Tracking;

/// <summary>One thing followed from frame to frame, as it stands in this frame.</summary>
/// <param name="Id">never used again in a run</param>
/// <param name="Box">the filtered box, frame pixels</param>
/// <param name="Measured">the detector's own box in this frame; null when it was not seen here</param>
/// <param name="Class">voted over the track's detections, weighted by score</param>
/// <param name="ClassShare">the winner's part of all votes, 0 to 1</param>
/// <param name="Score">of the last detection</param>
/// <param name="Age">frames since its first detection</param>
readonly record struct Track(
    int Id, Box Box, Box? Measured, int Class, float ClassShare, float Score, int Age);

/// <summary>A frame with its tracks. The frame's lease travels inside.</summary>
readonly record struct Tracked(
    Frame Frame, ImmutableArray<Track> Tracks, ImmutableArray<Detection> Detections, string Model) : IDisposable
{
    public void Dispose() => Frame.Dispose();
}
