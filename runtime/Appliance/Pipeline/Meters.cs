using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>Events a second over the last ten seconds, in buckets of one second: 88 bytes whatever the rate.</summary>
sealed class RateMeter
{
    const int Seconds = 10;

    readonly Lock _gate = new();
    readonly int[] _buckets = new int[Seconds];
    readonly MonoTime _began;
    long _second;
    long _total;

    public RateMeter(MonoTime now)
    {
        _began = now;
        _second = (long)now.Seconds;
    }

    public long Total { get { lock (_gate) return _total; } }

    public void Count(MonoTime now)
    {
        lock (_gate)
        {
            MoveTo((long)now.Seconds);
            _buckets[_second % Seconds]++;
            _total++;
        }
    }

    /// <summary>Over the whole seconds gone by; null before the first one is.</summary>
    public double? PerSecond(MonoTime now)
    {
        lock (_gate)
        {
            MoveTo((long)now.Seconds);
            double seen = Math.Min(Seconds - 1, (now - _began).TotalSeconds);
            if (seen < 1) return null;
            int events = 0;
            for (int i = 0; i < Seconds; i++) if (i != _second % Seconds) events += _buckets[i];
            return events / Math.Floor(seen);
        }
    }

    void MoveTo(long second)
    {
        if (second - _second >= Seconds) Array.Clear(_buckets);
        else for (long s = _second + 1; s <= second; s++) _buckets[s % Seconds] = 0;
        _second = Math.Max(_second, second);
    }
}

/// <summary>What a stage's durations were like. Null until there was one.</summary>
readonly record struct Durations(long Count, double? MeanMs, double? HalfBelowMs, double? P95BelowMs, double? MaxMs);

/// <summary>
/// Durations in a histogram of fixed size: 48 buckets, each sqrt(2) wider than the one before, from 10 microseconds to
/// 2 minutes. A quantile is read to the upper edge of its bucket.
/// </summary>
sealed class DurationMeter
{
    const int Buckets = 48;
    const double FirstMs = 0.01;

    readonly Lock _gate = new();
    readonly long[] _counts = new long[Buckets];
    long _count;
    double _sumMs;
    double _maxMs;

    public void Count(TimeSpan duration)
    {
        double ms = Math.Max(0, duration.TotalMilliseconds);
        int bucket = ms <= FirstMs ? 0 : Math.Min(Buckets - 1, 1 + (int)(2 * Math.Log2(ms / FirstMs)));
        lock (_gate)
        {
            _counts[bucket]++;
            _count++;
            _sumMs += ms;
            _maxMs = Math.Max(_maxMs, ms);
        }
    }

    public Durations Read()
    {
        lock (_gate)
        {
            if (_count == 0) return default;
            return new Durations(_count, _sumMs / _count, Below(0.5), Below(0.95), _maxMs);
        }
    }

    double Below(double share)
    {
        long wanted = (long)Math.Ceiling(share * _count);
        long seen = 0;
        for (int i = 0; i < Buckets; i++)
        {
            seen += _counts[i];
            if (seen >= wanted) return Math.Min(_maxMs, FirstMs * Math.Pow(2, i / 2.0));
        }

        return _maxMs;
    }
}
