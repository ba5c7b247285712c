using System.Collections.Concurrent;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed class LiveRadioTests
{
    static readonly LiveRadioOptions Quick = new()
    {
        Capacity = 8,
        Wait = TimeSpan.FromMilliseconds(1),
        Settled = TimeSpan.FromMinutes(5),
        Reconnect = new ReconnectOptions
        {
            PauseFirst = TimeSpan.FromMilliseconds(1),
            PauseMax = TimeSpan.FromMilliseconds(4),
        },
    };

    readonly ListLog _log = new();

    [Fact]
    public void What_is_heard_comes_up_to_the_instant_asked_for_oldest_first()
    {
        using var source = new Script();
        using var radio = new LiveRadio("fake", () => source, new OneAByte(), Quick, _log);
        source.Say(3, 1, 2);
        Until(() => radio.Counts.Observations == 3);
        Assert.Equal([1, 2], Drain(radio, MonoTime.FromSeconds(2)).Select(o => o.Value));
        Assert.Equal([3], Drain(radio, MonoTime.Now).Select(o => o.Value));
        Assert.Equal(3, radio.Bytes);
        Assert.Equal(RadioState.Running, radio.State);
        Assert.NotNull(radio.LastHeardAge);
        Assert.Null(radio.LastFault);
    }

    [Fact]
    public void A_full_ring_drops_the_oldest_and_counts()
    {
        using var source = new Script();
        using var radio = new LiveRadio("fake", () => source, new OneAByte(), Quick, _log);
        source.Say([.. Enumerable.Range(1, 20).Select(i => (byte)i)]);
        Until(() => radio.Counts.Observations == 20 && _log.Has(1814));
        Assert.Equal(new RadioCounts(20, 0, 12), radio.Counts);
        Assert.Equal(Enumerable.Range(13, 8).Select(i => (double)i), Drain(radio, MonoTime.Now).Select(o => o.Value));
        Assert.Single(_log.Lines, line => line.Id == 1814);
    }

    [Fact]
    public void A_lost_radio_is_opened_until_it_is_back_and_said_once_each_way()
    {
        using var source = new Script();
        int opened = 0;
        using var radio = new LiveRadio("fake", () =>
        {
            opened++;
            return opened is > 1 and < 9 ? throw new DeviceException("fake", "open", "not there") : source;
        }, new OneAByte(), Quick, _log);
        source.Say(1);
        Until(() => radio.Counts.Observations == 1);
        source.Unplug();
        Until(() => radio.Attempts == 9);
        source.Say(2);
        Until(() => radio.Counts.Observations == 2);
        Assert.Equal([1, 2], Drain(radio, MonoTime.Now).Select(o => o.Value));
        Assert.Equal(1, radio.Reconnects);
        Assert.Equal(8, radio.Faults);
        Assert.Contains("not there", radio.LastFault, StringComparison.Ordinal);
        Assert.Equal([1810, 1811, 1812], _log.Lines.Select(line => line.Id));
        Assert.Contains("unplugged", _log.Lines.Single(line => line.Id == 1811).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_radio_that_comes_and_goes_is_said_ever_more_seldom_and_knocked_at_with_pauses()
    {
        using var source = new Script();
        using var radio = new LiveRadio("fake", () => source, new OneAByte(), Quick, _log);
        for (byte i = 1; i <= 20; i++)
        {
            source.Say(i);
            source.Unplug();
        }

        source.Say(21);
        Until(() => radio.Counts.Observations == 21);
        Assert.Equal(20, radio.Reconnects);
        Assert.Equal(5, _log.Lines.Count(line => line.Id == 1811)); // 1, 2, 4, 8, 16
        Assert.Equal(5, _log.Lines.Count(line => line.Id == 1812));
    }

    [Fact]
    public void A_radio_with_nothing_to_hear_runs_once_it_has_been_open_a_while()
    {
        using var source = new Script();
        using var radio = new LiveRadio(
            "fake", () => source, new OneAByte(), Quick with { Settled = TimeSpan.FromMilliseconds(5) }, _log);
        Until(() => radio.State == RadioState.Running);
        Assert.Null(radio.LastHeardAge);
        Assert.Equal(0, radio.Drain(MonoTime.Now, new Observation[4]));
    }

    [Fact]
    public void Silence_beyond_its_limit_is_a_loss()
    {
        using var source = new Script();
        using var radio = new LiveRadio(
            "fake", () => source, new OneAByte(), Quick with { SilenceMax = TimeSpan.FromMilliseconds(5) }, _log);
        Until(() => radio.Attempts > 3);
        Assert.Contains("nothing heard", radio.LastFault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_that_no_try_can_mend_is_the_readers_after_what_was_heard()
    {
        using var source = new Script();
        using var radio = new LiveRadio("fake", () => source, new OneAByte(), Quick, _log);
        source.Say(7);
        source.Break();
        Until(() => radio.State == RadioState.Failed);
        Assert.Single(Drain(radio, MonoTime.FromSeconds(100)));
        var fault = Assert.Throws<DeviceException>(() => radio.Drain(MonoTime.Now, new Observation[4]));
        Assert.True(fault.IsFinal);
        Assert.Equal(1, radio.Attempts);
    }

    [Fact]
    public void Disposing_ends_a_wait_for_a_lost_radio_and_closes_an_open_one()
    {
        var patient = Quick with
        {
            Reconnect = new ReconnectOptions { PauseFirst = TimeSpan.FromHours(1), PauseMax = TimeSpan.FromHours(1) },
        };
        var lost = new LiveRadio(
            "fake", () => throw new DeviceException("fake", "open", "off"), new OneAByte(), patient, _log);
        Until(() => lost.State == RadioState.Lost);
        lost.Dispose();
        var source = new Script();
        var open = new LiveRadio("fake", () => source, new OneAByte(), Quick, _log);
        source.Say(1);
        Until(() => open.Bytes == 1);
        open.Dispose();
        Assert.True(source.IsClosed);
        Assert.False(_log.Has(1815));
    }

    [Fact]
    public void A_stamp_from_the_future_becomes_the_time_of_its_bytes()
    {
        using var source = new Script();
        using var radio = new LiveRadio("fake", () => source, new OneAByte { AheadS = 1e6 }, Quick, _log);
        source.Say(5);
        Until(() => radio.Counts.Observations == 1);
        Assert.Single(Drain(radio, MonoTime.Now));
    }

    // Only a failure waits the whole minute.
    static void Until(Func<bool> isSo) => Assert.True(SpinWait.SpinUntil(isSo, TimeSpan.FromMinutes(1)));

    static List<Observation> Drain(LiveRadio radio, MonoTime until)
    {
        var all = new List<Observation>();
        var some = new Observation[3];
        for (int n; (n = radio.Drain(until, some)) > 0;)
        {
            all.AddRange(some[..n]);
            if (n < some.Length) break;
        }

        return all;
    }

    /// <summary>Each byte is a range of so many metres, taken at so many seconds.</summary>
    sealed class OneAByte : IRawParser
    {
        public double AheadS { get; init; }

        public long Malformed => 0;

        public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
        {
            foreach (byte one in bytes)
                into.Add(Observation.OfRange(MonoTime.FromSeconds(one + AheadS), "tag", "anchor", one, null));
        }

        public void Reset() { }
    }

    /// <summary>Says what a test lets it say; an empty piece is a fault.</summary>
    sealed class Script : IRawSource
    {
        readonly ConcurrentQueue<byte[]> _said = new();
        bool _isBroken;

        public bool IsClosed { get; set; }

        public string Name => "fake";

        public void Say(params byte[] bytes) => _said.Enqueue(bytes);

        public void Unplug() => _said.Enqueue([]);

        public void Break()
        {
            _isBroken = true;
            _said.Enqueue([]);
        }

        public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
        {
            at = MonoTime.Now;
            if (!_said.TryDequeue(out byte[]? bytes))
            {
                Thread.Sleep(wait);
                return 0;
            }

            if (bytes.Length == 0) throw new DeviceException("fake", "read", "unplugged") { IsFinal = _isBroken };
            bytes.CopyTo(into);
            return bytes.Length;
        }

        public void Write(ReadOnlySpan<byte> bytes) { }

        public void Dispose() => IsClosed = true;
    }
}
