using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>
/// When a located track becomes a label, and how sure of it to be. See docs/labels.md for the formula.
/// </summary>
sealed record AnnotationSettings
{
    /// <summary>A label less sure than this is not made.</summary>
    public double ConfidenceMin { get; init; } = 0.5;

    /// <summary>Mean distance of track and tag at which confidence has fallen to 61 %, metres.</summary>
    public double CostScaleM { get; init; } = 1.5;

    /// <summary>Margin at which confidence has risen to 63 %, metres.</summary>
    public double MarginScaleM { get; init; } = 0.4;

    /// <summary>Windows that must have agreed in a row up to now.</summary>
    public int AgreedWindowsMin { get; init; } = 2;

    /// <summary>A box whose edge lies within so many pixels of the frame's is taken as cut by it: no label.</summary>
    public double BorderPx { get; init; } = 2;

    /// <summary>No label while another track covers more than this part of the box: who is who is unclear.</summary>
    public double OverlapMax { get; init; } = 0.6;

    /// <summary>
    /// What the detector may call a registry class: <c>"worker": ["person"]</c>. A registry class without an entry
    /// that the detector knows by the same name must be called that; one the detector does not know may be anything.
    /// </summary>
    public ImmutableDictionary<string, ImmutableArray<string>> DetectorClasses { get; init; } =
        ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    public IEnumerable<string> Faults() => new FaultList()
        .Unit("annotation.confidenceMin", ConfidenceMin)
        .Range("annotation.costScaleM", CostScaleM, 0.01, 100)
        .Range("annotation.marginScaleM", MarginScaleM, 0.01, 100)
        .Range("annotation.agreedWindowsMin", AgreedWindowsMin, 1, 100)
        .Range("annotation.borderPx", BorderPx, 0, 1000)
        .Unit("annotation.overlapMax", OverlapMax)
        .Concat(DetectorClasses.Where(row => row.Value.IsDefaultOrEmpty).Select(row =>
            $"annotation.detectorClasses.{row.Key} is empty: name the detector's classes, or leave it out"));
}
