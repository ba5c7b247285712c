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
    /// JSON file of the camera's geometry, or a calibration file. <c>none</c>: not calibrated yet, so no labels; a run
    /// then writes what a calibration needs. Null: the twin's own with a <c>twin://</c> camera, else none.
    /// </summary>
    public string? Geometry { get; init; }

    /// <summary>
    /// JSON file of the tag registry: which class each tag stands for. Looked at every 2 s: a change is in force from
    /// the next frame on. Null: as for the geometry.
    /// </summary>
    public string? Registry { get; init; }

    /// <summary>The word for a camera that is not calibrated yet.</summary>
    public const string None = "none";

    /// <summary>The word for the twin's own radio.</summary>
    public const string Twin = "twin";

    /// <summary>Faults of this section against the camera it goes with.</summary>
    public IEnumerable<string> Faults(bool isTwinCamera)
    {
        if (Tags == Twin && !isTwinCamera) yield return "site.tags is twin: only with a camera.uri of twin://NAME";
        if (Tags is { Length: 0 }) yield return "site.tags is empty: a file's path, or leave the key out";
        if (Tags is null || isTwinCamera) yield break;
        if (Geometry is null)
            yield return "site.geometry is missing: tags meet tracks on the floor, which wants the camera's geometry "
                + "(none, when it is to be calibrated)";
        if (Registry is null) yield return "site.registry is missing: it says which class each tag stands for";
    }
}
