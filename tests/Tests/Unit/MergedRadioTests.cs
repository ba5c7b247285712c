using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed class MergedRadioTests
{
    [Fact]
    public void Readings_of_several_radios_come_in_order_of_time()
    {
        using var merged = new MergedRadio([Radio("a", 1, 4, 5), Radio("b", 2, 4, 9)]);
        Assert.Equal(["a1", "b2", "a4", "b4", "a5"], Drained(merged, 8, 16));
        Assert.Equal(["b9"], Drained(merged, 10, 16));
        Assert.Equal("a, b", merged.Name);
    }

    [Fact]
    public void A_small_span_is_filled_and_nothing_is_lost()
    {
        using var merged = new MergedRadio([Radio("a", 1, 3, 5, 7), Radio("b", 2, 4, 6, 8)]);
        var all = new List<string>();
        for (int round = 0; round < 8; round++) all.AddRange(Drained(merged, 100, 1));
        Assert.Equal(["a1", "b2", "a3", "b4", "a5", "b6", "a7", "b8"], all);
        Assert.Empty(Drained(merged, 100, 4));
    }

    [Fact]
    public void A_radio_that_gave_more_than_a_part_goes_on_where_it_was()
    {
        using var merged = new MergedRadio(
            [Radio("a", [.. Enumerable.Range(0, 200).Select(i => i * 2)]),
                Radio("b", [.. Enumerable.Range(0, 200).Select(i => (i * 2) + 1)])]);
        var all = Drained(merged, 1000, 400);
        Assert.Equal(400, all.Count);
        Assert.Equal(Enumerable.Range(0, 400), all.Select(one => int.Parse(
            one[1..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    static List<string> Drained(MergedRadio radio, int untilS, int most)
    {
        var into = new Observation[most];
        int count = radio.Drain(MonoTime.FromSeconds(untilS), into);
        return [.. into[..count].Select(one => one.Tag)];
    }

    static ListedRadio Radio(string name, params int[] secondsS) => new(name, secondsS);

    sealed class ListedRadio(string name, int[] seconds) : IRadio
    {
        int _next;

        public string Name => name;

        public IReadOnlyList<Station> Stations => [];

        public RadioCounts Counts => new(_next, 0, 0);

        public int Drain(MonoTime until, Span<Observation> into)
        {
            int count = 0;
            for (; count < into.Length && _next < seconds.Length; count++)
            {
                var at = MonoTime.FromSeconds(seconds[_next]);
                if (at > until) break;
                into[count] = Observation.OfRssi(at, $"{name}{seconds[_next++]}", "S1", -60);
            }

            return count;
        }

        public void Dispose() { }
    }
}
