using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>How many frames may be held at once, holder by holder. Change a queue and the pool follows.</summary>
static class FrameBudget
{
    /// <summary>One on the accelerator and two behind it: a third would only add age.</summary>
    public const int QueuedForInference = 2;

    /// <summary>
    /// Looked at by one of several detectors and waiting for the frame before it: one that waits, one to go on with.
    /// </summary>
    public const int AheadOfOrder = 2;

    public const int QueuedForScene = 2;

    /// <summary>
    /// A commit is two flushes of the disk, up to 100 ms each on a memory card: four chosen frames at 30/s.
    /// </summary>
    public const int QueuedForStore = 4;

    /// <summary>The status page shows the newest frame only.</summary>
    public const int QueuedForPreview = 1;

    /// <summary>
    /// Slots of the pool. A sender that drops or waits needs no slot of its own: it stands where its stage's frame
    /// stood.
    /// </summary>
    public const int Slots =
        1                            // decode: the frame being written
        + QueuedForInference + 1     // inference: queued, and the one on the accelerator
        + ((InferenceSettings.SessionsMax - 1) * (AheadOfOrder + 1)) // each further detector: its own, and those ahead
        + QueuedForScene + 1         // scene: queued, and the one being fused
        + QueuedForStore + 1         // store: queued, and the one being encoded
        + QueuedForPreview + 1       // status page: queued, and the one being drawn
        + 1                          // status page: the copy it is drawn on
        + 1                          // status page: the one dropped for a newer one, until the link has released it
        + 1;                         // out folder: the copy a saved picture is drawn on

    /// <summary>Further slots where knobs are turned.</summary>
    public const int SlotsForKnobs =
        1                            // the frame before, in case the next is probed
        + 2                          // a probe's two frames, waiting for their second to end
        + 2                          // a second's two, queued for the knobs
        + 2                          // one dropped for a newer one, until the link has released it
        + 2                          // the two being probed
        + 2;                         // a decoded or rescaled copy, and the one it is made from

    /// <summary>Video is sent as it is: a third frame behind the encoder would only add age.</summary>
    public const int QueuedForVideo = 2;

    /// <summary>Further slots where video is sent.</summary>
    public const int SlotsForVideo =
        QueuedForVideo + 1           // queued, and the one being encoded
        + 1;                         // the one dropped for a newer one, until the link has released it

    /// <summary>The pool, each slot as large as the largest frame the settings allow.</summary>
    public static FramePool NewPool(ApplianceSettings settings, bool isLive)
    {
        var most = new FrameFormat(
            settings.Camera.WidthMax, settings.Camera.HeightMax, ColourRange.Limited, ColourMatrix.Bt601);
        int slots = Slots + (settings.TurnsKnobs(isLive) ? SlotsForKnobs : 0)
            + (settings.Video.Enabled ? SlotsForVideo : 0);
        return new FramePool(slots, most.Bytes);
    }
}
