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

    /// <summary>Encrypts. Without <see cref="AuthorityFile"/> the system's own authorities are trusted.</summary>
    public bool Tls { get; init; }

    /// <summary>PEM file of the authority that signed the broker's certificate; null: the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>PEM file of this appliance's certificate, where the broker asks for one.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of that certificate's key, not encrypted.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Samples on their way at once, not yet answered by a receipt.</summary>
    public int InFlightMax { get; init; } = 8;

    /// <summary>Seconds without a receipt after which a sample is sent again; the time doubles with each try.</summary>
    public double ReceiptTimeoutS { get; init; } = 30;

    /// <summary>Seconds the end of a run waits for the receipts of what is in the spool.</summary>
    public double DrainS { get; init; } = 10;

    public IEnumerable<string> Faults() => new FaultList()
        .If(Host is { Length: 0 }, $"mqtt.host is empty: a name or address, or leave the key out")
        .Range("mqtt.port", Port, 1, 65535)
        .If(PasswordFile is not null && User is null, $"mqtt.passwordFile is set without mqtt.user")
        .If(!Tls && (AuthorityFile ?? CertificateFile ?? KeyFile) is not null,
            $"mqtt.tls is false, but a TLS file is given: set it to true or leave the file out")
        .If((CertificateFile is null) != (KeyFile is null), $"mqtt.certificateFile and mqtt.keyFile: both or neither")
        .Range("mqtt.inFlightMax", InFlightMax, 1, 256)
        .Range("mqtt.receiptTimeoutS", ReceiptTimeoutS, 0.1, 600)
        .Range("mqtt.drainS", DrainS, 0, 3600);

    /// <summary>Files that are named and not there.</summary>
    public IEnumerable<string> MissingFiles()
    {
        (string Key, string? File)[] files =
        [
            ("passwordFile", PasswordFile), ("authorityFile", AuthorityFile), ("certificateFile", CertificateFile),
            ("keyFile", KeyFile),
        ];
        return files.Where(row => row.File is not null && !File.Exists(row.File))
            .Select(row => $"mqtt.{row.Key} is {row.File}: no such file");
    }
}
