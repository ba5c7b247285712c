using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Annotation;

/// <summary>What a sample needs to be told beside its frame: who, where, when, and which bytes.</summary>
/// <param name="Camera">the camera's address without secrets</param>
/// <param name="ImageType">media type of the bytes: <c>image/jpeg</c></param>
/// <param name="ImageSha256">of the bytes, lower-case hex</param>
readonly record struct SampleOrigin(
    SampleId Id, string Device, DateTimeOffset StoredAt, ClockTrust ClockTrust, string Camera, string ImageType,
    string ImageSha256)
{
    /// <summary>How far the wall clock can be trusted now.</summary>
    public static ClockTrust TrustNow() => WallClock.IsSynchronised() switch
    {
        true => ClockTrust.Synchronised,
        false => ClockTrust.FreeRunning,
        null => ClockTrust.Unknown,
    };
}
