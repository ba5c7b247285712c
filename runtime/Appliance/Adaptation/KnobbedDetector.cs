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
    readonly FrameGate _gate = new(() => knobs.ChangeOf(board.Now.Rungs.AsSpan()));
    ImmutableArray<Detection> _last = [];

    /// <summary>Whether a frame of the camera is looked at; the others go as they came. The camera's thread.</summary>
    /// <param name="isDue">whether it would be if it bypassed nothing</param>
    public bool IsWanted(in Frame frame, out bool isDue)
    {
        isDue = IsTurn(frame.Index) && _gate.IsWorth(frame);
        return isDue || references.IsReference(frame.Index);
    }

    /// <summary>Whether it would be looked at if it bypassed nothing. Any thread, after it was weighed.</summary>
    public bool IsDue(long index) => IsTurn(index) && !_gate.IsSpared(index);

    /// <summary>Whether it is like the last one looked at. Any thread, after it was weighed.</summary>
    public bool IsSpared(long index) => _gate.IsSpared(index);

    bool IsTurn(long index) => index % knobs.StepOf(board.Now.Rungs.AsSpan(), cameraRate()) == 0;

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
