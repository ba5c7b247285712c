using System.Text.Json.Serialization;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>
/// What uplink and computing are worth, and how much of them there is. With a price or a budget the knobs of a live
/// camera follow accuracy (docs/adaptation.md); with none every frame is looked at in full quality.
/// </summary>
sealed record AdaptationSettings
{
    /// <summary>F1 that the uplink of the dearest setting is worth, 0 to 1; 0: bytes cost nothing.</summary>
    public double UplinkPrice { get; init; }

    /// <summary>F1 that the computing of the dearest setting is worth, 0 to 1; 0: it costs nothing.</summary>
    public double ComputePrice { get; init; }

    /// <summary>Kilobits a second that may be sent; null: as many as there are.</summary>
    public double? UplinkKbitSMax { get; init; }

    /// <summary>
    /// Milliseconds of inference in a second, probes included; null: as many as there are.
    /// </summary>
    public double? ComputeMsSMax { get; init; }

    /// <summary>Heat of the hottest part, Celsius, above which less is computed; null: no matter.</summary>
    public double? DegreesMax { get; init; }

    /// <summary>Watts of the board above which less is computed; null: no matter.</summary>
    public double? WattsMax { get; init; }

    /// <summary>Names of the classes that count when it is judged what is lost; empty: all.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>
    /// Part of all frames that bypass the knobs: what the knobs cost is measured on them, and samples taken from them
    /// no knob has biased.
    /// </summary>
    public double ReferenceShare { get; init; } = 0.015;

    /// <summary>
    /// The row of every second lies in <c>knobs.csv</c> in the spool's folder: MiB, half of it the past.
    /// </summary>
    public double TraceMiBMax { get; init; } = 8;

    /// <summary>Whether anything is to be spared.</summary>
    [JsonIgnore]
    public bool IsOn => UplinkPrice > 0 || ComputePrice > 0
        || (UplinkKbitSMax ?? ComputeMsSMax ?? DegreesMax ?? WattsMax) is not null;

    public IEnumerable<string> Faults() => new FaultList()
        .Unit("adaptation.uplinkPrice", UplinkPrice)
        .Unit("adaptation.computePrice", ComputePrice)
        .Range("adaptation.uplinkKbitSMax", UplinkKbitSMax ?? 1, 1, 1e6)
        .Range("adaptation.computeMsSMax", ComputeMsSMax ?? 1, 1, 1e5)
        .Range("adaptation.degreesMax", DegreesMax ?? 60, 20, 120)
        .Range("adaptation.wattsMax", WattsMax ?? 10, 1, 1000)
        .Range("adaptation.referenceShare", ReferenceShare, 0.001, 0.2)
        .Range("adaptation.traceMiBMax", TraceMiBMax, 0.1, 1024);
}
