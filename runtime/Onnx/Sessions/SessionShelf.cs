namespace EdgeAppliance.Onnx.Sessions;

/// <summary>
/// Open sessions by key, as by input size: opened once and warmed, prepared ahead in the background, at most so many.
/// The one not used for longest is closed when another is opened. Who takes one has it alone until the lease is
/// disposed. From any thread.
/// </summary>
/// <param name="open">opens and warms one; may be called on any thread</param>
/// <param name="most">sessions kept open; one that is lent is never closed, so there can be more for a while</param>
public sealed class SessionShelf<TKey, TSession>(Func<TKey, TSession> open, int most) : IDisposable
    where TKey : notnull
    where TSession : class, IDisposable
{
    readonly Lock _gate = new();
    readonly Dictionary<TKey, Place> _places = [];
    long _uses;
    bool _isDisposed;

    /// <summary>Keys whose sessions are open, used last first.</summary>
    public IReadOnlyList<TKey> Ready
    {
        get
        {
            lock (_gate)
                return [.. _places.Where(p => p.Value.Session is not null).OrderByDescending(p => p.Value.Used)
                    .Select(p => p.Key)];
        }
    }

    /// <summary>Sees to it that a session will be there; it is opened on another thread unless it is already.</summary>
    /// <returns>ends when it is there, or with what prevented it; a later call tries again</returns>
    /// <exception cref="ObjectDisposedException">the shelf is closed</exception>
    public Task PrepareAsync(TKey key) => PlaceFor(key).Opening;

    /// <summary>Lends a session that is open and free; never opens one, so it costs a frame nothing.</summary>
    /// <returns>false: not there yet, or lent to somebody else</returns>
    public bool TryTake(TKey key, out SessionLease<TSession> lease)
    {
        lock (_gate)
        {
            lease = default;
            if (_isDisposed || !_places.TryGetValue(key, out var place) || place.Session is not { } session
                || place.IsLent) return false;
            (place.IsLent, place.Used) = (true, ++_uses);
            lease = new SessionLease<TSession>(session, () => Return(place));
            return true;
        }
    }

    /// <summary>Lends a session and opens it first where it is not; waits while it is lent to somebody else.</summary>
    /// <exception cref="ObjectDisposedException">the shelf is closed</exception>
    public async Task<SessionLease<TSession>> TakeAsync(TKey key, CancellationToken stop = default)
    {
        while (true)
        {
            var place = PlaceFor(key);
            await place.Opening.WaitAsync(stop).ConfigureAwait(false);
            if (TryTake(key, out var lease)) return lease;
            Task free;
            lock (_gate) free = place.IsLent ? place.Free.Task : Task.CompletedTask;
            await free.WaitAsync(stop).ConfigureAwait(false);
        }
    }

    Place PlaceFor(TKey key)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_places.TryGetValue(key, out var place)) return place;
            place = new Place { Used = ++_uses };
            _places[key] = place;
            // On a thread of the pool and not on one that yields: a session's workers inherit its opener's priority.
            place.Opening = Task.Run(() => Open(key, place));
            return place;
        }
    }

    void Open(TKey key, Place place)
    {
        TSession session;
        try { session = open(key); }
        catch
        {
            lock (_gate) if (_places.GetValueOrDefault(key) == place) _places.Remove(key);
            throw;
        }

        List<TSession> closed = [];
        lock (_gate)
        {
            if (_isDisposed) closed.Add(session);
            else
            {
                (place.Session, place.Used) = (session, ++_uses);
                MakeRoom(closed);
            }
        }

        foreach (var each in closed) each.Dispose();
    }

    void Return(Place place)
    {
        List<TSession> closed = [];
        lock (_gate)
        {
            if (!place.IsLent) throw new InvalidOperationException("a session was given back twice");
            place.IsLent = false;
            place.Free.TrySetResult();
            place.Free = NewSignal();
            if (!_isDisposed) MakeRoom(closed);
            else if (place.Session is { } session)
            {
                place.Session = null;
                closed.Add(session);
            }
        }

        foreach (var each in closed) each.Dispose();
    }

    void MakeRoom(List<TSession> closed)
    {
        while (_places.Count(p => p.Value.Session is not null) > most)
        {
            var idle = _places.Where(p => p.Value is { Session: not null, IsLent: false }).ToList();
            if (idle.Count == 0) return;
            var oldest = idle.MinBy(p => p.Value.Used);
            closed.Add(oldest.Value.Session!);
            oldest.Value.Session = null;
            _places.Remove(oldest.Key);
        }
    }

    /// <summary>Closes every session; those that are lent, and those being opened, as soon as they are back.</summary>
    public void Dispose()
    {
        List<TSession> closed = [];
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var place in _places.Values.Where(p => p is { Session: not null, IsLent: false }))
            {
                closed.Add(place.Session!);
                place.Session = null;
            }

            _places.Clear();
        }

        foreach (var each in closed) each.Dispose();
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    sealed class Place
    {
        public Task Opening { get; set; } = Task.CompletedTask;

        public TSession? Session { get; set; }

        public bool IsLent { get; set; }

        public long Used { get; set; }

        /// <summary>Ends when the session is given back.</summary>
        public TaskCompletionSource Free { get; set; } = NewSignal();
    }
}

/// <summary>A session on loan from its shelf. Whoever has it disposes it, once.</summary>
public readonly struct SessionLease<TSession> : IDisposable
    where TSession : class
{
    readonly Action? _giveBack;

    internal SessionLease(TSession session, Action giveBack)
    {
        Session = session;
        _giveBack = giveBack;
    }

    public TSession Session { get; }

    public void Dispose() => _giveBack?.Invoke();
}
