using EdgeAppliance.Drivers.Camera;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>How a live radio listens.</summary>
public sealed record LiveRadioOptions
{
    /// <summary>
    /// Observations kept for the reader: 2 MB, and more than a second of 100 tags x 20 Hz x 6 anchors, where the scene
    /// asks many times a second. When it is full the oldest goes, counted.
    /// </summary>
    public int Capacity { get; init; } = 16384;

    /// <summary>The longest message, or piece of a stream, taken at once.</summary>
    public int ReadBytes { get; init; } = 4096;

    /// <summary>The longest wait for bytes, and so for a stop.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// A radio may have nothing to hear: one that is open this long without a fault runs, bytes or none.
    /// </summary>
    public TimeSpan Settled { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Without bytes for this long it is opened anew; null: silence is no fault.</summary>
    public TimeSpan? SilenceMax { get; init; }

    public ReconnectOptions Reconnect { get; init; } = new();
}
