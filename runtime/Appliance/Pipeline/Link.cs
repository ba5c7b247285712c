using System.Diagnostics.CodeAnalysis;

namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>Counted since the link was made. At every instant <c>Sent == Taken + Dropped + Queued</c>.</summary>
readonly record struct LinkCounts(string Name, long Sent, long Taken, long Dropped, int Queued)
{
    public bool Balances => Sent == Taken + Dropped + Queued;
}

/// <summary>The link's other side is gone: the sender stops too. Never the first fault of a chain.</summary>
sealed class LinkClosedException : Exception
{
    public LinkClosedException() { }

    public LinkClosedException(string message) : base(message) { }

    public LinkClosedException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Makes links by what happens when they are full.</summary>
static class Link
{
    /// <summary>Full: the oldest is dropped, released by the link and counted. The sender never waits.</summary>
    public static Link<T> Latest<T>(string name, int capacity, Action<T> release) =>
        new(name, capacity, false, release);

    /// <summary>Full: the sender waits. Nothing is dropped unless the reader dies.</summary>
    public static Link<T> Every<T>(string name, int capacity, Action<T> release) => new(name, capacity, true, release);
}

/// <summary>
/// A queue of limited size where threads of the chain meet: one sender, and one reader or several that share the work.
/// Each has a thread of its own, since every stage blocks inside native code; so waiting is a monitor's and costs no
/// allocation.
/// </summary>
/// <remarks>
/// A stage ends by <see cref="Complete"/> on its output: each reader drains what is queued and its
/// <see cref="Drain(Action{T})"/> returns. A reader that throws closes the link: what is queued is released, and the
/// sender gets <see cref="LinkClosedException"/> instead of waiting on the dead.
/// </remarks>
sealed class Link<T>
{
    readonly object _gate = new(); // an object: Lock has no condition to wait for
    readonly T[] _ring;
    readonly bool _waits;
    readonly Action<T> _release;
    int _head;
    int _queued;
    long _sent;
    long _taken;
    long _dropped;
    bool _completed;
    bool _closed;

    internal Link(string name, int capacity, bool waits, Action<T> release)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Name = name;
        _ring = new T[capacity];
        _waits = waits;
        _release = release;
    }

    public string Name { get; }

    public int Capacity => _ring.Length;

    public LinkCounts Counts
    {
        get { lock (_gate) return new LinkCounts(Name, _sent, _taken, _dropped, _queued); }
    }

    /// <summary>Hands an item over: from here on it is the link's, whatever comes of the call.</summary>
    /// <exception cref="LinkClosedException">
    /// the reader died or the link was completed; the item is released
    /// </exception>
    public void Send(T item)
    {
        T? oldest = default;
        bool drops = false, closed;
        lock (_gate)
        {
            while (_waits && _queued == _ring.Length && !_closed && !_completed) Monitor.Wait(_gate);
            closed = _closed || _completed;
            if (!closed)
            {
                drops = _queued == _ring.Length;
                if (drops)
                {
                    oldest = TakeHead();
                    _dropped++;
                }

                _ring[(_head + _queued) % _ring.Length] = item;
                _queued++;
                _sent++;
                Monitor.PulseAll(_gate);
            }
        }

        // Outside the lock: a release may take other locks.
        if (drops) _release(oldest!);
        if (!closed) return;
        _release(item);
        throw new LinkClosedException($"link {Name}: nobody reads it any more");
    }

    /// <summary>
    /// Nothing more will be sent. The reader gets what is queued, then its <see cref="Drain(Action{T})"/> returns.
    /// </summary>
    public void Complete()
    {
        lock (_gate)
        {
            _completed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// Gives each item to <paramref name="step"/>, which owns it, until the link is completed and empty.
    /// </summary>
    /// <remarks>A step that throws closes the link, then its exception goes on.</remarks>
    public void Drain(Action<T> step) => Drain((item, _) => step(item));

    /// <summary>Likewise, and with each item its number in the order of taking, from 0.</summary>
    public void Drain(Action<T, long> step)
    {
        bool drained = false;
        try
        {
            while (TryTake(out T? item, out long number)) step(item, number);
            drained = true;
        }
        finally
        {
            if (!drained) Close();
        }
    }

    /// <summary>The reader is gone: releases what is queued, counted as dropped, and frees a waiting sender.</summary>
    public void Close()
    {
        while (true)
        {
            T item;
            lock (_gate)
            {
                _closed = true;
                Monitor.PulseAll(_gate);
                if (_queued == 0) return;
                item = TakeHead();
                _dropped++;
            }

            _release(item);
        }
    }

    bool TryTake([MaybeNullWhen(false)] out T item, out long number)
    {
        lock (_gate)
        {
            number = 0;
            while (_queued == 0 && !_completed && !_closed) Monitor.Wait(_gate);
            if (_queued == 0)
            {
                item = default;
                return false;
            }

            item = TakeHead();
            number = _taken++;
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    T TakeHead()
    {
        T item = _ring[_head];
        _ring[_head] = default!; // the ring keeps nothing alive that it gave away
        _head = (_head + 1) % _ring.Length;
        _queued--;
        return item;
    }
}
