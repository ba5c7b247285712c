using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// Received powers that other scanners publish: an ESP32, another appliance. Whoever holds the subscription offers the
/// messages (<see cref="RemoteParser"/>), from any thread; their readings wait in a ring of limited size.
/// </summary>
public sealed class RemoteScanners : IRadio
{
    // At 100 bytes each 400 kB: two seconds of 100 tags x 20 scanners at a reading a second.
    const int Capacity = 4096;

    readonly RemoteParser _parser;
    readonly RawRecording? _recording;
    readonly Lock _gate = new();
    readonly ObservationRing _ring = new(Capacity);
    readonly List<Observation> _taken = [];
    long _overrun;

    /// <param name="name">for people</param>
    /// <param name="shelf">where the book in force lies</param>
    /// <param name="recording">
    /// gets the messages with a reading of a registered tag; strangers' are written nowhere. Null: none
    /// </param>
    internal RemoteScanners(string name, BeaconShelf shelf, RawRecording? recording = null)
    {
        Name = name;
        _parser = new RemoteParser(shelf);
        _recording = recording;
    }

    public string Name { get; }

    public IReadOnlyList<Station> Stations => [];

    public RadioCounts Counts
    {
        get
        {
            lock (_gate) return new RadioCounts(_parser.Counts.Readings, _parser.Malformed, _overrun);
        }
    }

    /// <summary>What came of the readings.</summary>
    public RemoteCounts Remote
    {
        get
        {
            lock (_gate) return _parser.Counts;
        }
    }

    /// <summary>Takes a message. Never throws for what it is, never waits.</summary>
    /// <param name="arrived">when the broker handed it over</param>
    public void Offer(string topic, ReadOnlySpan<byte> payload, MonoTime arrived)
    {
        ArgumentNullException.ThrowIfNull(topic);
        lock (_gate)
        {
            _taken.Clear();
            _parser.Take(arrived, topic, payload, _taken);
            foreach (var one in _taken)
                if (!_ring.Add(one)) _overrun++;
            if (_taken.Count > 0 && _recording is not null && RemoteParser.Message(topic, payload) is { } message)
                _recording.Write(arrived, message);
        }
    }

    public int Drain(MonoTime until, Span<Observation> into)
    {
        lock (_gate) return _ring.Drain(until, into);
    }

    public void Dispose()
    {
        lock (_gate) _recording?.Dispose();
    }
}
