namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>
/// Hands on in order what several threads finish out of order. Each puts what it made under the number it took; a
/// thread that is ahead leaves its item here and goes on, until it is too far ahead.
/// </summary>
/// <param name="ahead">items that may wait here for earlier ones</param>
/// <param name="into">takes the items over, one at a time, in order; it may wait</param>
/// <param name="release">what becomes of an item nobody takes any more</param>
sealed class Ordered<T>(int ahead, Action<T> into, Action<T> release)
{
    readonly object _gate = new(); // an object: Lock has no condition to wait for
    readonly T[] _items = new T[ahead + 1];
    readonly bool[] _isThere = new bool[ahead + 1];
    long _next;
    bool _closed;

    /// <summary>Hands an item over: from here on it is not the caller's, whatever comes of the call.</summary>
    /// <param name="number">counted from 0; every number is put once, or this is closed</param>
    /// <exception cref="LinkClosedException">an earlier item will never come; this one is released</exception>
    public void Put(long number, T item)
    {
        lock (_gate)
        {
            while (!_closed && number - _next >= _items.Length) Monitor.Wait(_gate);
            if (!_closed)
            {
                Set(number, item);
                HandOn();
                return;
            }
        }

        release(item);
        throw new LinkClosedException("a stage beside this one is gone");
    }

    /// <summary>A thread is gone with its number: what waits for it is released, and so is what comes.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
            for (int i = 0; i < _items.Length; i++)
            {
                if (!_isThere[i]) continue;
                _isThere[i] = false;
                release(_items[i]);
            }
        }
    }

    void Set(long number, T item)
    {
        _items[number % _items.Length] = item;
        _isThere[number % _items.Length] = true;
    }

    // Under the lock: two threads that hand on at once would change the order.
    void HandOn()
    {
        for (long at = _next % _items.Length; _isThere[at]; at = _next % _items.Length)
        {
            T item = _items[at];
            _items[at] = default!;
            _isThere[at] = false;
            _next++;
            into(item);
        }

        Monitor.PulseAll(_gate);
    }
}
