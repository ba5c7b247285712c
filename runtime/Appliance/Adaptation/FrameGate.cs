using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Lets frames go by unseen that hardly differ from the last one looked at (Reducto's pixel feature). The camera's
/// thread weighs each frame once; any thread may ask afterwards what became of it.
/// </summary>
/// <param name="changeMin">part of the pixels that must have changed; 0: every frame is worth it</param>
sealed class FrameGate(Func<double> changeMin)
{
    /// <summary>More than can be under way at once: the pool of frames is smaller.</summary>
    const int Remembered = 1024;

    /// <summary>What changes too slowly for any two frames to differ is seen after a second.</summary>
    static readonly TimeSpan UnseenMax = TimeSpan.FromSeconds(1);

    readonly FrameDifference _difference = new();
    readonly long[] _spared = [.. Enumerable.Repeat(-1L, Remembered)];
    MonoTime? _keptAt;

    /// <summary>Whether a frame was weighed and found to be like the last one. Any thread.</summary>
    public bool IsSpared(long index) => Volatile.Read(ref _spared[index % Remembered]) == index;

    /// <summary>Weighs a frame whose turn it is; it stays the caller's. One thread, each frame once.</summary>
    /// <returns>whether it is worth looking at</returns>
    public bool IsWorth(in Frame frame)
    {
        double least = changeMin();
        if (!(least > 0))
        {
            _keptAt = null;
            return true;
        }

        double changed = _difference.ChangedFrom(frame);
        if (_keptAt is { } kept && frame.At - kept < UnseenMax && changed < least)
        {
            Volatile.Write(ref _spared[frame.Index % Remembered], frame.Index);
            return false;
        }

        _difference.KeepRead();
        _keptAt = frame.At;
        return true;
    }
}
