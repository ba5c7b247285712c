using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// Several radios as one: what each gives is put in order of time. Of equal instants the earlier radio's come first,
/// so that recordings replay the same.
/// </summary>
public sealed class MergedRadio : IRadio
{
    // Taken of each radio at a time; a radio is asked again when its part is used up.
    const int Ahead = 64;

    readonly IRadio[] _radios;
    readonly Observation[][] _taken;
    readonly int[] _next;
    readonly int[] _count;

    /// <param name="radios">at least one; closed with this</param>
    public MergedRadio(IReadOnlyList<IRadio> radios)
    {
        ArgumentNullException.ThrowIfNull(radios);
        ArgumentOutOfRangeException.ThrowIfZero(radios.Count);
        _radios = [.. radios];
        _taken = [.. radios.Select(_ => new Observation[Ahead])];
        _next = new int[_radios.Length];
        _count = new int[_radios.Length];
    }

    public string Name => string.Join(", ", _radios.Select(radio => radio.Name));

    public IReadOnlyList<Station> Stations => [.. _radios.SelectMany(radio => radio.Stations)];

    public RadioCounts Counts => _radios.Select(radio => radio.Counts).Aggregate((sum, one) => new RadioCounts(
        sum.Observations + one.Observations, sum.Malformed + one.Malformed, sum.Overrun + one.Overrun));

    public int Drain(MonoTime until, Span<Observation> into)
    {
        int count = 0;
        while (count < into.Length && Earliest(until) is >= 0 and var radio)
            into[count++] = _taken[radio][_next[radio]++];
        return count;
    }

    public void Dispose()
    {
        foreach (var radio in _radios) radio.Dispose();
    }

    // The radio whose next observation is the oldest of those taken at or before the instant; -1: none has one.
    int Earliest(MonoTime until)
    {
        int earliest = -1;
        for (int i = 0; i < _radios.Length; i++)
        {
            if (_next[i] == _count[i]) (_next[i], _count[i]) = (0, _radios[i].Drain(until, _taken[i]));
            if (_next[i] == _count[i] || _taken[i][_next[i]].At > until) continue;
            if (earliest < 0 || _taken[i][_next[i]].At < _taken[earliest][_next[earliest]].At) earliest = i;
        }

        return earliest;
    }
}
