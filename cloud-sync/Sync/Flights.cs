using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.CloudSync;

/// <summary>The samples under way: sent and without receipt. When each is sent again, and how many may be
/// new.</summary>
sealed class Flights(CourierOptions options)
{
    // A sample tried so often no longer holds a place in the window: one the endpoint chokes on must not stop the
    // others.
    const int PatientTries = 4;
    // Such samples are remembered and tried again slowly, so many per place in the window.
    const int ImpatientPerPlace = 8;
    // A copy the broker has not answered is the link's to repeat; after so many time-outs the answer counts as missed.
    const int UnansweredMax = 4;

    readonly Dictionary<SampleId, Flight> _flights = [];
    readonly Dictionary<int, SampleId> _publications = [];

    public int Count => _flights.Count;

    public IReadOnlyCollection<SampleId> Ids => _flights.Keys;

    /// <summary>How many new samples may be sent.</summary>
    public int Room => Math.Min(
        options.InFlightMax - _flights.Values.Count(flight => flight.Tries <= PatientTries),
        (options.InFlightMax * ImpatientPerPlace) - _flights.Count);

    /// <summary>Whether the bytes under way allow one more of that size; the only one is always let through.</summary>
    public bool HasRoomFor(int bytes) => _flights.Count == 0
        || _flights.Values.Sum(flight => (long)flight.Bytes) + bytes <= options.InFlightBytesMax;

    /// <summary>What is to be sent again now.</summary>
    public IReadOnlyList<SampleId> Due(TimeSpan now)
    {
        var due = new List<SampleId>();
        foreach (var (id, flight) in _flights)
        {
            if (flight.Due > now) continue;
            if (flight.Publication is not null && ++flight.Unanswered < UnansweredMax)
                flight.Due = now + options.ReceiptTimeout;
            else due.Add(id);
        }

        return due;
    }

    /// <summary>Notes a copy handed to the link; gives the number of tries.</summary>
    public int Launch(SampleId id, int bytes, int publication, TimeSpan now)
    {
        if (!_flights.TryGetValue(id, out var flight)) _flights[id] = flight = new Flight(bytes);
        if (flight.Publication is { } older) _publications.Remove(older);
        flight.Publication = publication;
        flight.Unanswered = 0;
        flight.Tries++;
        flight.Due = now + Patience(flight.Tries);
        _publications[publication] = id;
        return flight.Tries;
    }

    /// <summary>The broker answered a copy: gives its sample, or null when that has landed.</summary>
    public SampleId? Answered(int publication)
    {
        if (!_publications.Remove(publication, out var id)) return null;
        _flights[id].Publication = null;
        return id;
    }

    public void Land(SampleId id)
    {
        if (_flights.Remove(id, out var flight) && flight.Publication is { } publication)
            _publications.Remove(publication);
    }

    /// <summary>After a new connection: what was under way is repeated by the link itself and gets its time
    /// anew.</summary>
    public void GiveTime(TimeSpan now)
    {
        var due = now + options.ReceiptTimeout;
        foreach (var flight in _flights.Values.Where(flight => flight.Due < due)) flight.Due = due;
        Hurry(now);
    }

    /// <summary>The other side lives: what waited long for it need not wait on.</summary>
    public void Hurry(TimeSpan now)
    {
        var soon = now + options.ReceiptTimeout;
        foreach (var flight in _flights.Values.Where(flight => flight.Due > soon && flight.Tries <= PatientTries))
            flight.Due = soon;
    }

    /// <summary>Time until something is due; null when nothing is under way.</summary>
    public TimeSpan? UntilDue(TimeSpan now)
    {
        if (_flights.Count == 0) return null;
        var left = _flights.Values.Min(flight => flight.Due) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1);
    }

    TimeSpan Patience(int tries)
    {
        double seconds = options.ReceiptTimeout.TotalSeconds * Math.Pow(2, Math.Min(tries - 1, 16));
        // Up to a fifth more, so that a fleet does not repeat in step after an outage they all shared.
        return TimeSpan.FromSeconds(
            Math.Min(seconds, options.ReceiptTimeoutMax.TotalSeconds) * (1 + (0.2 * Random.Shared.NextDouble())));
    }

    sealed class Flight(int bytes)
    {
        public int Bytes => bytes;

        public int Tries { get; set; }

        public int Unanswered { get; set; }

        public TimeSpan Due { get; set; }

        /// <summary>The link's number of the last copy; null once the broker has answered.</summary>
        public int? Publication { get; set; }
    }
}
