using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Looks at frames as the knobs say: which of them, and at which input size. One frame in so many bypasses the knobs,
/// and beside it is told what would have been shown for it.
/// </summary>
/// <param name="detect">a frame at a number of the prepared input sizes; takes the frame over</param>
/// <param name="cameraRate">frames a second; null while unknown</param>
sealed class KnobbedDetector(
    Func<Frame, int, Detected> detect, KnobBoard board, ChainKnobs knobs, ReferenceFrames references,
    Func<double?> cameraRate)
{
    ImmutableArray<Detection> _last = [];

    /// <summary>Whether a frame is looked at; the others go as they came. Any thread.</summary>
    public bool IsWanted(long index) => IsDue(index) || references.IsReference(index);

    /// <summary>Whether it would be looked at if it bypassed nothing. Any thread.</summary>
    public bool IsDue(long index) => index % knobs.StepOf(board.Now.Rungs.AsSpan(), cameraRate()) == 0;

    /// <summary>Takes the frame over and hands it on inside the answer. One thread.</summary>
    public Detected Detect(Frame frame)
    {
        var setting = board.Now;
        int size = knobs.SizeOf(setting.Rungs.AsSpan());
        bool isReference = references.IsReference(frame.Index), isDue = IsDue(frame.Index);
        if (!isReference || size == 0)
        {
            var seen = detect(frame, size) with { Setting = setting.Version, IsFull = size == 0 };
            if (isReference) seen = seen with { Shown = isDue ? seen.Detections : _last };
            if (isDue) _last = seen.Detections;
            return seen;
        }

        ImmutableArray<Detection> cheap;
        try
        {
            using var also = detect(frame.Share(), size);
            cheap = also.Detections;
        }
        catch
        {
            frame.Dispose();
            throw;
        }

        var full = detect(frame, 0) with { Setting = setting.Version, Shown = isDue ? cheap : _last };
        if (isDue) _last = cheap;
        return full;
    }
}
