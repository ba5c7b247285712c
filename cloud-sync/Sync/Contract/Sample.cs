using System.Collections.Immutable;

namespace EdgeAppliance.CloudSync.Contract;

/// <summary>
/// Names a sample for ever: a version 7 UUID made when the sample is stored, so repeats are harmless.
/// </summary>
public readonly record struct SampleId(Guid Value)
{
    public static SampleId New() => new(Guid.CreateVersion7());

    public static SampleId Parse(string text) => new(Guid.ParseExact(text, "D"));

    public override string ToString() => Value.ToString("D");
}

/// <summary>How far the wall clock could be trusted when a sample was stored.</summary>
public enum ClockTrust { Unknown = 0, Synchronised = 1, FreeRunning = 2 }

/// <summary>A labelled box as it travels: pixels of the sample's image.</summary>
/// <param name="Left">pixels; 0 is the image's left edge</param>
/// <param name="Class">the site's class name, from the tag registry</param>
/// <param name="Confidence">0 to 1: weight or drop by it in training</param>
/// <param name="Tag">the tag's pseudonym, never a hardware address</param>
/// <param name="CostM">association cost, metres</param>
/// <param name="MarginM">association margin, metres</param>
/// <param name="WindowS">association window, seconds</param>
public sealed record SampleBox(
    double Left, double Top, double Width, double Height, string Class, double Confidence, string Tag, int Track,
    double CostM, double MarginM, double WindowS, string DetectorClass, double DetectorScore);

/// <summary>What the detector saw and no tag vouches for: kept apart from labels, never trained on as truth.</summary>
public sealed record SampleDetection(
    double Left, double Top, double Width, double Height, string Class, double Score);

/// <summary>What is uploaded: an image's description; the image's bytes travel beside it.</summary>
/// <param name="Version">of this record: 1</param>
/// <param name="Device">the appliance's name</param>
/// <param name="StoredAt">wall-clock time when it was committed to the spool</param>
/// <param name="Camera">the camera's address without secrets</param>
/// <param name="FrameIndex">the frame's number since its camera opened</param>
/// <param name="StreamTimeS">the frame's time in its stream, seconds</param>
/// <param name="ImageType">media type of the bytes: <c>image/jpeg</c></param>
/// <param name="ImageSha256">of the bytes, lower-case hex</param>
/// <param name="Model">the detector's SHA-256, first 12 hex digits</param>
/// <param name="Calibration">the geometry's version; null without geometry</param>
/// <param name="Reason">why it was chosen</param>
/// <param name="Worth">0 to 1: retention keeps the worthiest</param>
public sealed record Sample(
    int Version, SampleId Id, string Device, DateTimeOffset StoredAt, ClockTrust ClockTrust, string Camera,
    long FrameIndex, double StreamTimeS, int Width, int Height, string ImageType, string ImageSha256,
    ImmutableArray<SampleBox> Boxes, ImmutableArray<SampleDetection> Detections,
    string Model, string? Calibration, string Reason, double Worth)
{
    public const int CurrentVersion = 1;
}

/// <summary>What the endpoint did with a sample. The numbers are frozen: they travel and are stored.</summary>
public enum Verdict
{
    /// <summary>Written to the data set and flushed to its disk.</summary>
    Stored = 1,

    /// <summary>It was there already; as good as stored.</summary>
    Duplicate = 2,

    /// <summary>
    /// It can never be taken (unreadable, hash mismatch): the reason says why; the device sets it aside.
    /// </summary>
    Refused = 3,
}

/// <summary>The endpoint's answer: only this lets the device forget a sample.</summary>
public sealed record Receipt(int Version, SampleId Id, Verdict Verdict, string? Reason)
{
    public const int CurrentVersion = 1;
}
