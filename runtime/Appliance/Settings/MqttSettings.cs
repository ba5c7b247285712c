namespace EdgeAppliance.Runtime.Settings;

/// <summary>The broker samples travel through. Without a host they stay in the spool.</summary>
sealed record MqttSettings
{
    /// <summary>Name or address of the broker; null: nothing is sent.</summary>
    public string? Host { get; init; }

    /// <summary>The broker's port; 8883 is usual with TLS.</summary>
    public int Port { get; init; } = 1883;

    /// <summary>Null: no user name is given.</summary>
    public string? User { get; init; }

    /// <summary>A file whose first line is the password, so that it stands in no settings file; null: none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>PEM file of the authority that signed the broker's certificate; null: no TLS.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Samples on their way at once, not yet answered by a receipt.</summary>
    public int InFlightMax { get; init; } = 8;

    public IEnumerable<string> Faults()
    {
        if (Host is { Length: 0 }) yield return "mqtt.host is empty: a name or address, or leave the key out";
        if (Port is < 1 or > 65535) yield return $"mqtt.port is {Port}: 1 to 65535";
        if (PasswordFile is not null && User is null) yield return "mqtt.passwordFile is set without mqtt.user";
        if (InFlightMax is < 1 or > 1000) yield return $"mqtt.inFlightMax is {InFlightMax}: 1 to 1000";
    }
}
