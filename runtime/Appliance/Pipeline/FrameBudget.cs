namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>How many frames may be held at once, holder by holder. Change a queue and the pool follows.</summary>
static class FrameBudget
{
    /// <summary>One on the accelerator and two behind it: a third would only add age.</summary>
    public const int QueuedForInference = 2;

    public const int QueuedForScene = 2;

    /// <summary>A commit is two flushes of the disk, up to 100 ms each on a memory card: four chosen frames at 30/s.</summary>
    public const int QueuedForStore = 4;

    /// <summary>Slots of the pool.</summary>
    public const int Slots =
        1                        // decode: the frame being written
        + QueuedForInference + 1 // inference: queued, and the one on the accelerator
        + 1                      // inference: the one just dropped, until the link has released it
        + QueuedForScene + 1     // scene: queued, and the one being fused
        + 1                      // scene: the one just dropped
        + QueuedForStore + 1     // store: queued, and the one being encoded
        + 1                      // store: the one its sender waits with
        + 1                      // status page: the last preview
        + 1;                     // status page: the preview being drawn
}
