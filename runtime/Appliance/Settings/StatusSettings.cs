using System.Net;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>The status page and its endpoints.</summary>
sealed record StatusSettings
{
    /// <summary>Whether the page is served at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// The address listened on. The page has no password: anything but loopback shows the camera's picture to whoever
    /// reaches the port.
    /// </summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>0: a free port, told at the start.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Pictures a second to each watcher of the live picture.</summary>
    public double PreviewRateMax { get; init; } = 10;

    /// <summary>Watchers at once; one more is answered 503.</summary>
    public int WatchersMax { get; init; } = 4;

    /// <summary>Seconds since the last frame after which <c>/healthz</c> answers 503.</summary>
    public double FrameAgeMaxS { get; init; } = 10;

    public IEnumerable<string> Faults()
    {
        if (!IPAddress.TryParse(Address, out _))
            yield return $"status.address is {Address}: an IP address, as 127.0.0.1";
        if (Port is < 0 or > 65535) yield return $"status.port is {Port}: 0 to 65535";
        if (!(PreviewRateMax is > 0 and <= 60))
            yield return $"status.previewRateMax is {PreviewRateMax}: above 0, at most 60";
        if (WatchersMax is < 1 or > 64) yield return $"status.watchersMax is {WatchersMax}: 1 to 64";
        if (!(FrameAgeMaxS > 0)) yield return $"status.frameAgeMaxS is {FrameAgeMaxS}: above 0";
    }
}
