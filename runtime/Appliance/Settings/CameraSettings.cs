using EdgeAppliance.Drivers.Camera;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>Where frames come from, and how large they may be.</summary>
sealed record CameraSettings
{
    /// <summary>
    /// <c>file:PATH</c>, <c>loop:PATH</c> (a recording shown again and again at its own pace), <c>rtsp://…</c>,
    /// <c>v4l2:///dev/videoN</c>, <c>csi://N</c> or <c>twin://NAME</c>.
    /// </summary>
    public string? Uri { get; init; }

    /// <summary>
    /// Pixels. A wider frame is scaled down as it is decoded; the frame memory is made for this size.
    /// </summary>
    public int WidthMax { get; init; } = 1920;

    /// <summary>Pixels. A higher frame is scaled down likewise.</summary>
    public int HeightMax { get; init; } = 1080;

    /// <summary>Seconds an open or a read may take before it counts as a fault.</summary>
    public double TimeoutS { get; init; } = 5;

    /// <summary>Seconds without a decoded frame after which the camera counts as lost.</summary>
    public double SilenceS { get; init; } = 2;

    public IEnumerable<string> Faults()
    {
        if (WidthMax is < 16 or > 7680) yield return $"camera.widthMax is {WidthMax}: 16 to 7680";
        if (HeightMax is < 16 or > 4320) yield return $"camera.heightMax is {HeightMax}: 16 to 4320";
        if (!(TimeoutS is > 0 and <= 60)) yield return $"camera.timeoutS is {TimeoutS}: above 0, at most 60";
        if (!(SilenceS is > 0 and <= 60)) yield return $"camera.silenceS is {SilenceS}: above 0, at most 60";
        if (Uri is { } uri && !CameraUri.TryParse(uri, out _, out string? fault))
        {
            yield return $"camera.uri is {CameraUri.Redact(uri)}: {fault}";
        }
    }
}
