using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// Observations in order of time, in a place of limited size: full, the oldest goes. Not for two threads at once.
/// </summary>
sealed class ObservationRing(int capacity)
{
    readonly Observation[] _slots = new Observation[capacity];
    int _first;
    int _count;

    public int Count => _count;

    /// <summary>
    /// Puts one in its place: nearly always the end, as readings come almost in order. False: the oldest went for it.
    /// </summary>
    public bool Add(in Observation observation)
    {
        bool isFull = _count == _slots.Length;
        if (isFull) RemoveFirst();
        int at = _count++;
        for (; at > 0 && _slots[Slot(at - 1)].At > observation.At; at--) _slots[Slot(at)] = _slots[Slot(at - 1)];
        _slots[Slot(at)] = observation;
        return !isFull;
    }

    /// <summary>Moves those taken at or before <paramref name="until"/>, oldest first.</summary>
    public int Drain(MonoTime until, Span<Observation> into)
    {
        int moved = 0;
        for (; moved < into.Length && _count > 0 && _slots[_first].At <= until; moved++)
        {
            into[moved] = _slots[_first];
            RemoveFirst();
        }

        return moved;
    }

    void RemoveFirst()
    {
        _slots[_first] = default; // names are not kept longer than their readings
        _first = Slot(1);
        _count--;
    }

    int Slot(int index) => _first + index is var at && at < _slots.Length ? at : at - _slots.Length;
}
