namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// The identities that the book's Eddystone-EID beacons may have just now, kept in a table that moves with the clock:
/// a period costs two blocks of AES a key, an advertisement one look-up.
/// </summary>
sealed class EphemeralIds
{
    // A beacon's clock is 150 ppm good (its specification): 9461 s in the two years of a battery. It saves its counter
    // once a day, so that after a power cut it lags up to that much more.
    const int DriftS = 9461, LagS = DriftS + 86_400;

    // Both in periods; with short periods they bound what a key costs, not what its clock may be off.
    const int AheadMax = 32, BehindMax = 128;

    readonly Dictionary<ulong, string> _now = [];
    readonly Window[] _windows;
    long _dueS = long.MinValue;
    long _lastS = long.MaxValue;

    public EphemeralIds(EphemeralKey[] keys) => _windows = [.. keys.Select(key => new Window(key))];

    /// <summary>The tag whose beacon calls itself so at the time; null when it is nobody's.</summary>
    public string? TagOf(ulong identity, DateTimeOffset wall)
    {
        if (_windows.Length == 0) return null;
        long nowS = wall.ToUnixTimeSeconds();
        if (nowS >= _dueS || nowS < _lastS) Move(nowS);
        return _now.GetValueOrDefault(identity);
    }

    void Move(long nowS)
    {
        _lastS = nowS;
        _dueS = long.MaxValue;
        foreach (var window in _windows) _dueS = Math.Min(_dueS, window.Move(nowS, _now));
    }

    /// <summary>One key's identities from <c>Behind</c> periods ago to <c>Ahead</c> periods from now.</summary>
    sealed class Window(EphemeralKey key)
    {
        readonly int _ahead = Math.Min(AheadMax, 1 + (DriftS >> key.Exponent));
        readonly int _behind = Math.Min(BehindMax, 1 + (LagS >> key.Exponent));
        readonly Queue<ulong> _identities = new();
        long _from = long.MaxValue; // the period of the queue's first
        long _to = long.MinValue;   // and of its last

        /// <summary>Answers the Unix second from which on it is to be moved again.</summary>
        public long Move(long nowS, Dictionary<ulong, string> into)
        {
            long period = (nowS - key.ZeroS) >> key.Exponent;
            long from = Math.Max(0, period - _behind);
            long to = Math.Min(uint.MaxValue >> key.Exponent, period + _ahead);
            if (from < _from || from > _to) Start(from, into); // the clock was set, or nothing is left of the old ones
            while (_identities.Count > 0 && _from < from)
            {
                into.Remove(_identities.Dequeue());
                _from++;
            }

            for (; _to < to; _to++)
            {
                uint counterS = (uint)((_to + 1) << key.Exponent);
                ulong identity = RotatingKeys.EphemeralId(key.Key, key.Exponent, counterS);
                _identities.Enqueue(identity);
                into.TryAdd(identity, key.Tag);
            }

            return ((period + 1) << key.Exponent) + key.ZeroS;
        }

        void Start(long from, Dictionary<ulong, string> into)
        {
            while (_identities.TryDequeue(out ulong old)) into.Remove(old);
            _from = from;
            _to = from - 1;
        }
    }
}
