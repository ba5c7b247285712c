namespace EdgeAppliance.CloudSync.Contract;

/// <summary>
/// The MQTT topics, frozen: <c>edge/v1/{device}/samples</c> and <c>edge/v1/{device}/video</c> up,
/// <c>edge/v1/{device}/receipts</c> down.
/// </summary>
public static class Topics
{
    public const string Root = "edge/v1";

    /// <summary>What the endpoint subscribes to: the samples of every device.</summary>
    public const string AllSamples = "edge/v1/+/samples";

    /// <summary>The video of every device.</summary>
    public const string AllVideo = "edge/v1/+/video";

    public const int DeviceNameLengthMax = 64;

    const string SamplesEnd = "/samples";
    const string VideoEnd = "/video";

    public static string Samples(string device) => $"{Root}/{Checked(device)}{SamplesEnd}";

    public static string Video(string device) => $"{Root}/{Checked(device)}{VideoEnd}";

    public static string Receipts(string device) => $"{Root}/{Checked(device)}/receipts";

    /// <summary>The device a samples topic belongs to; null when it is no samples topic.</summary>
    public static string? DeviceOfSamples(string topic) => DeviceOf(topic, SamplesEnd);

    /// <summary>The device a video topic belongs to; null when it is no video topic.</summary>
    public static string? DeviceOfVideo(string topic) => DeviceOf(topic, VideoEnd);

    static string? DeviceOf(string topic, string end)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (!topic.StartsWith(Root + "/", StringComparison.Ordinal)
            || !topic.EndsWith(end, StringComparison.Ordinal)
            || topic.Length <= Root.Length + 1 + end.Length) return null;
        string device = topic[(Root.Length + 1)..^end.Length];
        return DeviceNameFault(device) is null ? device : null;
    }

    /// <summary>What is wrong with a device's name, in words; null when nothing is.</summary>
    public static string? DeviceNameFault(string? device)
    {
        if (string.IsNullOrEmpty(device)) return "is empty: letters, digits, '-', '_' and '.', 1 to 64 of them";
        if (device.Length > DeviceNameLengthMax) return $"is {device.Length} characters long: at most 64";
        foreach (char letter in device)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.'))
                return $"holds '{letter}': only letters, digits, '-', '_' and '.' may stand in an MQTT topic's level";
        }

        return null;
    }

    static string Checked(string device) => DeviceNameFault(device) is { } fault
        ? throw new ArgumentException($"device name '{device}' {fault}", nameof(device))
        : device;
}
