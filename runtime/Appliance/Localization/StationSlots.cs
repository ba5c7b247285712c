using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Which station has which slot in a tag's filter.</summary>
sealed class StationSlots
{
    // No station is called so: a registry's ids have no line's end in them.
    static readonly string[] PlaceAxes = ["\nx", "\ny", "\nz"];

    readonly string[] _ids = new string[MotionFilter.StationsMax];
    readonly MonoTime[] _heard = new MonoTime[MotionFilter.StationsMax];
    int _count;

    /// <summary>The station's slot; the one silent longest makes room.</summary>
    /// <param name="isNew">the station had none</param>
    /// <param name="isTaken">it was another station's until now</param>
    public int Of(string id, MonoTime now, out bool isNew, out bool isTaken)
    {
        isNew = isTaken = false;
        int oldest = 0;
        for (int i = 0; i < _count; i++)
        {
            if (_ids[i] == id)
            {
                _heard[i] = now;
                return i;
            }

            if (_heard[i] < _heard[oldest]) oldest = i;
        }

        isNew = true;
        isTaken = _count == _ids.Length;
        int slot = isTaken ? oldest : _count++;
        (_ids[slot], _heard[slot]) = (id, now);
        return slot;
    }

    /// <summary>
    /// The first of three slots together that stand for the coordinates of positions; they are given before any
    /// station's and kept. Null when stations have taken them: a tag is placed one way or the other.
    /// </summary>
    public int? OfPlace(MonoTime now, out bool isNew)
    {
        isNew = _count == 0;
        if (isNew) foreach (string axis in PlaceAxes) Of(axis, now, out _, out _);
        if (_ids[0] != PlaceAxes[0]) return null;
        for (int i = 0; i < PlaceAxes.Length; i++) _heard[i] = now;
        return 0;
    }

    public void Clear() => _count = 0;
}
