using System.Numerics;
using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>Where a live radio stands.</summary>
public enum RadioState
{
    /// <summary>Being opened for the first time.</summary>
    Opening,

    /// <summary>Open; heard or not.</summary>
    Running,

    /// <summary>Gone; opened again and again until it answers.</summary>
    Lost,

    /// <summary>Given up: a fault that no further try can mend.</summary>
    Failed,
}

/// <summary>
/// A radio that stays: a thread of its own reads a raw source through a parser into a ring of limited size, and opens
/// the source again for ever when it is lost. Disposing stops it. One thread drains; everything else may be looked at
/// from any.
/// </summary>
public sealed partial class LiveRadio : IRadio
{
    // Longer than any open or read should last; a source that hangs longer is left to its background thread.
    static readonly TimeSpan StopMax = TimeSpan.FromSeconds(5);

    // A session of this length was a good one: the next loss is a new matter, and said.
    static readonly TimeSpan Steady = TimeSpan.FromMinutes(1);

    readonly Func<IRawSource> _open;
    readonly IRawParser _parser;
    readonly LiveRadioOptions _options;
    readonly ILogger _log;
    readonly Lock _gate = new();
    readonly ObservationRing _ring;
    readonly List<Observation> _parsed = [];
    readonly ManualResetEventSlim _stop = new();
    readonly Thread _thread;
    DeviceException? _final;
    MonoTime _openedAt;
    MonoTime _lostAt;
    TimeSpan _pause;
    int _lossesInARow;
    bool _isLossSaid;
    long _observations;
    long _overrun;
    long _bytes;
    long _faults;
    long _reconnects;
    long _attempts;
    long _lastHeardNs;
    int _state;
    string? _lastFault;
    bool _isProven;

    /// <summary>Starts listening.</summary>
    /// <param name="name">for people, without secrets</param>
    /// <param name="open">
    /// opens one session, on the radio's thread; throws <see cref="DeviceException"/> when it cannot
    /// </param>
    /// <param name="parser">used on the radio's thread only, reset before each session</param>
    public LiveRadio(
        string name, Func<IRawSource> open, IRawParser parser, LiveRadioOptions options, ILogger log)
    {
        Name = name;
        _open = open;
        _parser = parser;
        _options = options;
        _log = log;
        _pause = options.Reconnect.PauseFirst;
        _ring = new ObservationRing(options.Capacity);
        _thread = new Thread(Run) { IsBackground = true, Name = $"radio {name}" };
        _thread.Start();
    }

    public string Name { get; }

    /// <summary>What the module told of its anchors so far; empty with one that tells nothing.</summary>
    public IReadOnlyList<Station> Stations => _parser is IStationFinder finder ? finder.Stations : [];

    public RadioCounts Counts =>
        new(Interlocked.Read(ref _observations), _parser.Malformed, Interlocked.Read(ref _overrun));

    public RadioState State => (RadioState)Volatile.Read(ref _state);

    /// <summary>Time since the last bytes; null before the first.</summary>
    public TimeSpan? LastHeardAge =>
        Interlocked.Read(ref _lastHeardNs) is var at and not 0 ? MonoTime.Now - new MonoTime(at) : null;

    /// <summary>Why it was lost or could not be opened the last time; null while it never was.</summary>
    public string? LastFault => Volatile.Read(ref _lastFault);

    /// <summary>Bytes read over all sessions.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Sessions that could not be opened or ended by a fault.</summary>
    public long Faults => Interlocked.Read(ref _faults);

    /// <summary>How often a lost radio came back.</summary>
    public long Reconnects => Interlocked.Read(ref _reconnects);

    /// <summary>Tries to open it, successful or not.</summary>
    public long Attempts => Interlocked.Read(ref _attempts);

    /// <summary>
    /// What has been heard; never waits, and through losses there is simply nothing more.
    /// </summary>
    /// <exception cref="DeviceException">it has failed for good, and all that was heard before is taken</exception>
    public int Drain(MonoTime until, Span<Observation> into)
    {
        int moved;
        lock (_gate) moved = _ring.Drain(until, into);
        if (moved == 0 && into.Length > 0 && Volatile.Read(ref _final) is { } final)
            throw new DeviceException(final.Device, final.Call, final.Reason, final) { IsFinal = true };
        return moved;
    }

    public void Dispose()
    {
        _stop.Set();
        // A reader that disposes from within its own source would wait for itself.
        if (Thread.CurrentThread != _thread && !_thread.Join(StopMax)) Hangs(_log, Name, StopMax.TotalSeconds);
    }

    void Run()
    {
        byte[] into = new byte[_options.ReadBytes];
        while (!_stop.IsSet)
        {
            Interlocked.Increment(ref _attempts);
            try
            {
                using var source = _open();
                _parser.Reset();
                Listen(source, into);
            }
            catch (DeviceException fault)
            {
                Lose(fault);
            }

            // The first try after a good while is made at once: what only restarted is back soonest so.
            if (_isProven && MonoTime.Now - _openedAt >= _options.Settled) _pause = TimeSpan.Zero;
            _isProven = false;
            if (_final is null && !_stop.IsSet) Pause();
            else return;
        }
    }

    void Listen(IRawSource source, byte[] into)
    {
        var heard = _openedAt = MonoTime.Now;
        while (!_stop.IsSet)
        {
            int count = source.Read(into, _options.Wait, out var at);
            var now = MonoTime.Now;
            if (count > 0)
            {
                heard = now;
                Interlocked.Exchange(ref _lastHeardNs, now.Nanoseconds);
                Interlocked.Add(ref _bytes, count);
                Prove();
                Take(at, into.AsSpan(0, count));
                continue;
            }

            if (now - _openedAt >= _options.Settled) Prove();
            if (_options.SilenceMax is { } silence && now - heard >= silence)
            {
                throw new DeviceException(source.Name, "read",
                    $"nothing heard for {(now - heard).TotalSeconds:F0} s: opened anew");
            }
        }
    }

    void Take(MonoTime at, ReadOnlySpan<byte> bytes)
    {
        _parsed.Clear();
        _parser.Take(at, bytes, _parsed);
        if (_parsed.Count == 0) return;
        long lost = 0;
        lock (_gate)
        {
            foreach (ref readonly var one in CollectionsMarshal.AsSpan(_parsed))
            {
                // Nothing is heard before it is sent: a later stamp would lie at the ring's end for good.
                bool hasRoom = _ring.Add(one.At > at ? one with { At = at } : one);
                if (!hasRoom) lost++;
            }
        }

        Interlocked.Add(ref _observations, _parsed.Count);
        if (lost == 0) return;
        long before = _overrun, after = Interlocked.Add(ref _overrun, lost);
        if (BitOperations.Log2((ulong)after) > BitOperations.Log2((ulong)before) || before == 0)
            Overran(_log, Name, after, _options.Capacity);
    }

    // Opened is not back: bytes are, or some time without a fault.
    void Prove()
    {
        if (_isProven) return;
        _isProven = true;
        if (State == RadioState.Lost)
        {
            Interlocked.Increment(ref _reconnects);
            if (_isLossSaid) Back(_log, Name, (MonoTime.Now - _lostAt).TotalSeconds, Reconnects, Attempts);
        }
        else
        {
            Heard(_log, Name);
        }

        Volatile.Write(ref _state, (int)RadioState.Running);
    }

    void Lose(DeviceException fault)
    {
        Volatile.Write(ref _lastFault, fault.Message);
        Interlocked.Increment(ref _faults);
        if (fault.IsFinal)
        {
            Failed(_log, Name, fault.Message);
            Volatile.Write(ref _state, (int)RadioState.Failed);
            Volatile.Write(ref _final, fault);
            return;
        }

        if (State == RadioState.Lost) return;
        _lostAt = MonoTime.Now;
        Volatile.Write(ref _state, (int)RadioState.Lost);
        // One that comes and goes is said on its first, second, fourth, eighth loss.
        _lossesInARow = _isProven && _lostAt - _openedAt >= Steady ? 1 : _lossesInARow + 1;
        _isLossSaid = BitOperations.IsPow2(_lossesInARow);
        if (_isLossSaid) Lost(_log, Name, fault.Message);
    }

    void Pause()
    {
        var limits = _options.Reconnect;
        double jitter = 1 + (limits.Jitter * ((2 * Random.Shared.NextDouble()) - 1));
        _stop.Wait(_pause * jitter);
        _pause = TimeSpan.FromTicks(Math.Clamp(_pause.Ticks * 2, limits.PauseFirst.Ticks, limits.PauseMax.Ticks));
    }

    [LoggerMessage(1810, LogLevel.Information, "{Radio}: listening")]
    static partial void Heard(ILogger log, string radio);

    [LoggerMessage(1811, LogLevel.Warning, "{Radio}: lost, trying until it is back: {Fault}")]
    static partial void Lost(ILogger log, string radio, string fault);

    [LoggerMessage(1812, LogLevel.Information,
        "{Radio}: back after {Seconds:F1} s, for the {Reconnects}. time, {Attempts} tries in all")]
    static partial void Back(ILogger log, string radio, double seconds, long reconnects, long attempts);

    [LoggerMessage(1813, LogLevel.Error, "{Radio}: given up: {Fault}")]
    static partial void Failed(ILogger log, string radio, string fault);

    [LoggerMessage(1814, LogLevel.Warning,
        "{Radio}: {Overrun} observations dropped so far: nobody took them, and {Capacity} are kept")]
    static partial void Overran(ILogger log, string radio, long overrun, int capacity);

    [LoggerMessage(1815, LogLevel.Warning, "{Radio}: did not stop within {Seconds:F0} s: left behind")]
    static partial void Hangs(ILogger log, string radio, double seconds);
}
