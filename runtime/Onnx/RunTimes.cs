namespace EdgeAppliance.Onnx;

/// <summary>What runs take: the last one and the usual. Remembers the last 128; noting one allocates nothing.</summary>
public sealed class RunTimes
{
    /// <summary>At a frame in 33 ms these are the last four seconds.</summary>
    const int Kept = 128;

    readonly Lock _gate = new();
    readonly long[] _ticks = new long[Kept];
    long _count;

    /// <summary>Runs since opening, warm-up left out.</summary>
    public long Count
    {
        get { lock (_gate) return _count; }
    }

    /// <summary>Null before the first run.</summary>
    public TimeSpan? Last
    {
        get { lock (_gate) return _count == 0 ? null : new TimeSpan(_ticks[(_count - 1) % Kept]); }
    }

    /// <summary>The median of those remembered; null before the first run.</summary>
    public TimeSpan? Usual => Quantile(0.5);

    /// <summary>That part of the runs remembered took at most so long; null before the first run.</summary>
    /// <param name="part">0 to 1</param>
    public TimeSpan? Quantile(double part)
    {
        long[] sorted;
        lock (_gate)
        {
            if (_count == 0) return null;
            sorted = _ticks[..(int)Math.Min(_count, Kept)];
        }

        Array.Sort(sorted);
        return new TimeSpan(sorted[(int)Math.Round(part * (sorted.Length - 1))]);
    }

    internal void Note(TimeSpan took)
    {
        lock (_gate) _ticks[_count++ % Kept] = took.Ticks;
    }

    internal void Forget()
    {
        lock (_gate) _count = 0;
    }
}
