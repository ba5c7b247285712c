using System.Collections.Immutable;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>What is known of the place: tags, camera geometry, who carries which tag.</summary>
sealed record SiteSettings
{
    /// <summary>
    /// Where tag positions come from: a CSV file of fixes, or <c>twin</c> for the radio of a <c>twin://</c> camera's
    /// own world. Null: no radio, so no labels.
    /// </summary>
    public string? Tags { get; init; }

    /// <summary>
    /// Radios beside or in place of <c>site.tags</c>: <c>ble://hci0</c>, <c>dwm1001:///dev/ttyACM0</c>,
    /// <c>mqtt-scanners:espresense/devices/#</c>, <c>replay:PATH</c> and the others of docs/radio.md. A
    /// <c>twin://</c> camera's own radio is <c>twin</c>, and left out where others are named.
    /// </summary>
    public ImmutableArray<string> Radios { get; init; } = [];

    /// <summary>
    /// JSON file of the camera's geometry, or a calibration file. <c>none</c>: not calibrated yet, so no labels; a run
    /// then writes what a calibration needs. Null: the twin's own with a <c>twin://</c> camera, else none.
    /// </summary>
    public string? Geometry { get; init; }

    /// <summary>
    /// JSON file of the tag registry: which class each tag stands for. Looked at every 2 s: a change is in force from
    /// the next frame on. Null: as for the geometry.
    /// </summary>
    public string? Registry { get; init; }

    /// <summary>
    /// JSON file that <c>calibrate</c> writes: places and delays of anchors (before the registry's), how scanners hear,
    /// the radio's clock, and the camera's geometry where <c>site.geometry</c> names none.
    /// </summary>
    public string? Calibration { get; init; }

    /// <summary>
    /// CSV of a survey of received powers, as <c>calibrate fingerprints</c> writes it. Null: tags heard by power only
    /// are located by the law of path loss.
    /// </summary>
    public string? Survey { get; init; }

    /// <summary>A board has a handful of ports; each radio has a thread.</summary>
    const int RadiosMax = 16;

    /// <summary>The word for a camera that is not calibrated yet.</summary>
    public const string None = "none";

    /// <summary>The word for the twin's own radio.</summary>
    public const string Twin = "twin";

    /// <summary>Faults of this section against the camera it goes with.</summary>
    /// <param name="hasBroker">whether mqtt.host is set</param>
    public IEnumerable<string> Faults(bool isTwinCamera, bool hasBroker)
    {
        foreach (string fault in RadioFaults(isTwinCamera, hasBroker)) yield return fault;
        if (Tags == Twin && !isTwinCamera) yield return "site.tags is twin: only with a camera.uri of twin://NAME";
        if (Tags is { Length: 0 }) yield return "site.tags is empty: a file's path, or leave the key out";
        if ((Tags is null && Radios.IsDefaultOrEmpty) || isTwinCamera) yield break;
        if (Geometry is null && Calibration is null)
            yield return "site.geometry is missing: tags meet tracks on the floor, which wants the camera's geometry "
                + "(none, when it is to be calibrated)";
        if (Registry is null) yield return "site.registry is missing: it says which class each tag stands for";
    }

    IEnumerable<string> RadioFaults(bool isTwinCamera, bool hasBroker)
    {
        if (Radios.IsDefault) yield return "site.radios is null: a list of addresses, or leave the key out";
        if (Radios.IsDefaultOrEmpty) yield break;
        if (Radios.Length > RadiosMax) yield return $"site.radios has {Radios.Length}: {RadiosMax} at most";
        for (int i = 0; i < Radios.Length; i++)
        {
            if (!RadioUri.TryParse(Radios[i], out var uri, out string? fault))
                yield return $"site.radios[{i}] is '{Radios[i]}': {fault}";
            else if (uri.Scheme == RadioScheme.Twin && !isTwinCamera)
                yield return $"site.radios[{i}] is twin: only with a camera.uri of twin://NAME";
            else if (uri.Scheme == RadioScheme.MqttScanners && !hasBroker)
                yield return $"site.radios[{i}] is '{Radios[i]}': mqtt.host is missing, and they are heard there";
            if (Radios.IndexOf(Radios[i]) < i) yield return $"site.radios[{i}] is '{Radios[i]}' again";
        }
    }
}
