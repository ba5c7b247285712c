using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>Everything the appliance can be told, read once at the start. docs/settings.md has every key.</summary>
sealed record ApplianceSettings
{
    /// <summary>The appliance's name in samples and topics; null: the host's name.</summary>
    public string? Device { get; init; }

    public CameraSettings Camera { get; init; } = new();

    public InferenceSettings Inference { get; init; } = new();

    public TrackingSettings Tracking { get; init; } = new();

    public SiteSettings Site { get; init; } = new();

    public RadioSettings Radio { get; init; } = new();

    public FusionSettings Fusion { get; init; } = new();

    public AnnotationSettings Annotation { get; init; } = new();

    public SelectionSettings Selection { get; init; } = new();

    public AdaptationSettings Adaptation { get; init; } = new();

    public VideoSettings Video { get; init; } = new();

    public SpoolSettings Spool { get; init; } = new();

    public MqttSettings Mqtt { get; init; } = new();

    public StatusSettings Status { get; init; } = new();

    /// <summary>The name used: the one set, or the host's.</summary>
    [JsonIgnore]
    public string DeviceName => Device ?? Environment.MachineName.ToLowerInvariant();

    /// <summary>A recording is looked at in full quality whatever is to be spared.</summary>
    public bool TurnsKnobs(bool isLive) => isLive && Adaptation.IsOn;

    /// <summary>Relative paths in a settings file start at the file's own folder.</summary>
    public ApplianceSettings RelativeTo(string folder) => this with
    {
        Site = Site with
        {
            Tags = Site.Tags is null or SiteSettings.Twin ? Site.Tags : Path.Combine(folder, Site.Tags),
            Geometry = Site.Geometry is SiteSettings.None
                ? Site.Geometry : Under(folder, Site.Geometry),
            Registry = Under(folder, Site.Registry),
            Calibration = Under(folder, Site.Calibration),
            Survey = Under(folder, Site.Survey),
            Radios = Site.Radios.IsDefault ? Site.Radios : [.. Site.Radios.Select(one => RadioUnder(folder, one))],
        },
        Inference = Inference with
        {
            Model = Path.Combine(folder, Inference.Model),
            EngineFolder = Under(folder, Inference.EngineFolder),
            Library = Under(folder, Inference.Library),
        },
        Spool = Spool with { Folder = Path.Combine(folder, Spool.Folder) },
        Mqtt = Mqtt with
        {
            PasswordFile = Under(folder, Mqtt.PasswordFile),
            AuthorityFile = Under(folder, Mqtt.AuthorityFile),
            CertificateFile = Under(folder, Mqtt.CertificateFile),
            KeyFile = Under(folder, Mqtt.KeyFile),
        },
    };

    /// <summary>Every fault, in the file's own words.</summary>
    public IEnumerable<string> Faults()
    {
        IEnumerable<string> own = DeviceName.Length is 0 or > 64 || DeviceName.AsSpan().ContainsAny("/+#\0 ")
            ? [$"device is '{DeviceName}': 1 to 64 characters without blanks, / + and #, since it is part of a topic"]
            : [];
        bool isTwin = Camera.Uri?.StartsWith("twin://", StringComparison.Ordinal) == true;
        return
        [
            .. own, .. Camera.Faults(), .. Inference.Faults(), .. Tracking.Faults(),
            .. Site.Faults(isTwin, Mqtt.Host is not null), .. Radio.Faults(), .. Fusion.Faults(),
            .. Annotation.Faults(), .. Selection.Faults(),
            .. Adaptation.Faults(), .. Video.Faults(Mqtt.Host is not null),
            .. Spool.Faults(), .. Mqtt.Faults(), .. Status.Faults(),
        ];
    }

    // A recording's path is a path like any other.
    static string RadioUnder(string folder, string address)
    {
        bool isFile = RadioUri.TryParse(address, out var uri, out _)
            && uri.Scheme is RadioScheme.File or RadioScheme.Replay;
        return isFile ? $"{uri!.Driver}:{Path.Combine(folder, uri.Target)}" : address;
    }

    static string? Under(string folder, string? path) => path is null ? null : Path.Combine(folder, path);
}

/// <summary>How settings are read: camelCase keys, comments and trailing commas allowed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    WriteIndented = true)]
[JsonSerializable(typeof(ApplianceSettings))]
[SuppressMessage("Maintainability", "CA1506:Avoid excessive class coupling",
    Justification = "Generated: it knows every section and every type of a key, and there is nothing to take apart.")]
sealed partial class SettingsJson : JsonSerializerContext;
