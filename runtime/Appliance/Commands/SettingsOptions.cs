using System.CommandLine;
using System.Globalization;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The settings file and the words that go before it; shared by run and doctor.</summary>
sealed class SettingsOptions
{
    readonly Option<string?> _config = new("--config") { Description = "settings file (docs/settings.md)" };
    readonly Option<string?> _camera = new("--camera")
    {
        Description = "file:PATH, rtsp://…, v4l2:///dev/videoN, csi://N or twin://NAME",
    };

    readonly Option<string?> _model = new("--model") { Description = "a model's folder, or an ONNX file with a card" };
    readonly Option<string?> _tags = new("--tags") { Description = "CSV of tag fixes, or twin" };
    readonly Option<string[]> _radios = new("--radio")
    {
        Description = "a radio's address (docs/radio.md); may be given several times",
        AllowMultipleArgumentsPerToken = false,
    };

    readonly Option<string?> _geometry = new("--geometry") { Description = "JSON of the camera's geometry" };
    readonly Option<string?> _registry = new("--registry") { Description = "JSON of the tags' classes" };
    readonly Option<string?> _broker = new("--broker") { Description = "HOST[:PORT] of the MQTT broker" };

    public void AddTo(Command command)
    {
        command.Add(_config);
        command.Add(_camera);
        command.Add(_model);
        command.Add(_tags);
        command.Add(_radios);
        command.Add(_geometry);
        command.Add(_registry);
        command.Add(_broker);
    }

    /// <summary>The file's settings, then the words given; checked whole.</summary>
    /// <exception cref="SettingsException">every fault at once</exception>
    /// <exception cref="IOException">the file cannot be read</exception>
    public ApplianceSettings Read(ParseResult words)
    {
        IReadOnlyList<string> faults = [];
        var settings = words.GetValue(_config) is { } file
            ? SettingsFile.Read(file, out faults) : new ApplianceSettings();
        var told = new List<string>(faults);
        settings = settings with
        {
            Camera = settings.Camera with { Uri = words.GetValue(_camera) ?? settings.Camera.Uri },
            Inference = settings.Inference with { Model = words.GetValue(_model) ?? settings.Inference.Model },
            Site = settings.Site with
            {
                Tags = words.GetValue(_tags) ?? settings.Site.Tags,
                Radios = words.GetValue(_radios) is { Length: > 0 } radios ? [.. radios] : settings.Site.Radios,
                Geometry = words.GetValue(_geometry) ?? settings.Site.Geometry,
                Registry = words.GetValue(_registry) ?? settings.Site.Registry,
            },
            Mqtt = WithBroker(settings.Mqtt, words.GetValue(_broker), told),
        };
        told.AddRange(settings.Faults().Concat(settings.Mqtt.MissingFiles()));
        return told.Count == 0 ? settings : throw new SettingsException(told);
    }

    static MqttSettings WithBroker(MqttSettings mqtt, string? broker, List<string> faults)
    {
        if (broker is null) return mqtt;
        int colon = broker.LastIndexOf(':');
        if (colon < 0) return mqtt with { Host = broker };
        if (int.TryParse(broker.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port))
        {
            return mqtt with { Host = broker[..colon], Port = port };
        }

        faults.Add($"--broker is {broker}: HOST or HOST:PORT");
        return mqtt;
    }
}
