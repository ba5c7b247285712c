namespace EdgeAppliance.CloudSync.Mqtt;

/// <summary>How the broker is reached.</summary>
public sealed record MqttOptions
{
    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 1883;

    /// <summary>The session's name at the broker: one client at a time has it, and it must stay the same over restarts.
    /// </summary>
    public string ClientId { get; init; } = "";

    public string? UserName { get; init; }

    public string? Password { get; init; }

    /// <summary>Encrypts. With neither authority file nor folder the system's own authorities are trusted.</summary>
    public bool IsTls { get; init; }

    /// <summary>PEM file of the authorities the broker's certificate is checked against.</summary>
    public string? TlsAuthorityFile { get; init; }

    /// <summary>PEM file of this client's certificate, where the broker asks for one.</summary>
    public string? TlsCertificateFile { get; init; }

    /// <summary>PEM file of this client's key, not encrypted.</summary>
    public string? TlsKeyFile { get; init; }

    /// <summary>Without traffic for so long, a ping is sent; without its answer, the connection is given up.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the broker keeps the session, and what waits in it, for a client that is gone.</summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Messages the broker has not yet acknowledged, at most.</summary>
    public int InFlightMax { get; init; } = 16;

    /// <summary>A message this client takes, bytes; the broker drops larger ones. What the broker takes, it says
    /// itself.
    /// </summary>
    public int PacketBytesMax { get; init; } = Contract.SampleFrame.BytesMax + 1024;

    /// <summary>A message the broker does not acknowledge in that time on a standing connection: the connection is
    /// given up and made anew.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The first pause before connecting again; it doubles up to the longest, each with jitter.</summary>
    public TimeSpan ReconnectDelayMin { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan ReconnectDelayMax { get; init; } = TimeSpan.FromSeconds(60);

    public IEnumerable<string> Faults() => [.. AddressFaults(), .. SecurityFaults(), .. LimitFaults()];

    IEnumerable<string> AddressFaults()
    {
        if (string.IsNullOrWhiteSpace(Host)) yield return "mqtt.host is empty: the broker's name or address";
        if (Port is < 1 or > 65535) yield return $"mqtt.port is {Port}: 1 to 65535";
        if (ClientId.Length is < 1 or > 128) yield return $"mqtt.clientId has {ClientId.Length} characters: 1 to 128";
    }

    IEnumerable<string> SecurityFaults()
    {
        if (Password is not null && UserName is null) yield return "mqtt.password is given without mqtt.userName";
        if ((TlsCertificateFile is null) != (TlsKeyFile is null))
            yield return "mqtt.tlsCertificateFile and mqtt.tlsKeyFile: both or neither";
        if (!IsTls && (TlsAuthorityFile ?? TlsCertificateFile) is not null)
            yield return "mqtt.isTls is false, but a TLS file is given";
        foreach (var (name, file) in Files())
        {
            if (file is not null && !File.Exists(file)) yield return $"mqtt.{name} is {file}: no such file";
        }
    }

    IEnumerable<string> LimitFaults()
    {
        if (KeepAlive < TimeSpan.FromSeconds(5) || KeepAlive > TimeSpan.FromHours(1))
            yield return $"mqtt.keepAlive is {KeepAlive}: 5 seconds to 1 hour";
        if (SessionExpiry < TimeSpan.Zero || SessionExpiry.TotalSeconds > uint.MaxValue)
            yield return $"mqtt.sessionExpiry is {SessionExpiry}: 0 to {uint.MaxValue} seconds";
        if (InFlightMax is < 1 or > 1000) yield return $"mqtt.inFlightMax is {InFlightMax}: 1 to 1000";
        if (PacketBytesMax < 4096) yield return $"mqtt.packetBytesMax is {PacketBytesMax}: at least 4096";
        if (AnswerTimeout < TimeSpan.FromSeconds(1))
            yield return $"mqtt.answerTimeout is {AnswerTimeout}: at least 1 second";
        if (ReconnectDelayMin < TimeSpan.FromMilliseconds(10))
            yield return $"mqtt.reconnectDelayMin is {ReconnectDelayMin}: at least 10 ms";
        if (ReconnectDelayMax < ReconnectDelayMin)
            yield return $"mqtt.reconnectDelayMax is {ReconnectDelayMax}: at least {ReconnectDelayMin}";
    }

    IEnumerable<(string Name, string? File)> Files() =>
    [
        ("tlsAuthorityFile", TlsAuthorityFile),
        ("tlsCertificateFile", TlsCertificateFile),
        ("tlsKeyFile", TlsKeyFile),
    ];
}
