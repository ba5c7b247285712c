using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// Asks a DWM1001 for its location again and again (<c>dwm_loc_get</c>, bytes 0C 00), each time after the answer before
/// or when none came. One that is in its shell is told to leave it; one that sleeps is woken by being asked twice.
/// </summary>
sealed class Dwm1001Poller(IRawSource inner, TimeSpan period, ILogger log) : IRawSource
{
    /// <summary>Ten a second: the fastest a network of these modules updates.</summary>
    public const double RateMax = 10;

    // The answer of four anchors lasts 9 ms at 115200 baud, and the module is allowed to be busy.
    static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(.3);
    static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(2);

    // Awake some milliseconds after the first byte, asleep again soon.
    static readonly TimeSpan WakePause = TimeSpan.FromSeconds(.02);

    static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(1);

    readonly StreamWatch _watch = new(
        inner.Name, "no answers to dwm_loc_get: is it a DWM1001 with PANS firmware?", log);
    MonoTime? _askedAt;
    MonoTime _answeredAt;
    MonoTime _at;
    bool _isAnswered;
    bool _isPairBegun;
    bool _isShell;
    byte _last;

    public string Name => inner.Name;

    public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
    {
        var left = _askedAt is { } asked ? asked + Pause() - _at : TimeSpan.Zero;
        if (left < wait) wait = left > WaitMin ? left : WaitMin;
        int count = inner.Read(into, wait, out at);
        _at = at;
        if (count > 0) Look(at, into[..count]);
        Ask(at);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes) => inner.Write(bytes);

    public void Dispose() => inner.Dispose();

    void Look(MonoTime at, ReadOnlySpan<byte> bytes)
    {
        bool isAnswer = bytes.IndexOf("\x40\x01"u8) >= 0 || (_last == 0x40 && bytes[0] == 1);
        _last = bytes[^1];
        _watch.Look(at, bytes, isAnswer);
        if (isAnswer)
        {
            _isAnswered = true;
            _answeredAt = at;
        }
        else if (bytes.IndexOf("dwm>"u8) >= 0)
        {
            _isShell = true;
        }
    }

    void Ask(MonoTime at)
    {
        if (_askedAt is not { } asked) _answeredAt = at;
        else if (at - asked < Pause()) return;
        else _isPairBegun = IsSilent && !_isPairBegun;
        if (_isShell) inner.Write("\rquit\r"u8);
        inner.Write([0x0C, 0x00]);
        _isShell = false;
        _isAnswered = false;
        _askedAt = at;
    }

    bool IsSilent => _at - _answeredAt >= SilenceMax;

    // Not before the answer to the one before, or the time for it; the second of two that wake comes at once.
    TimeSpan Pause() => _isAnswered ? period
        : IsSilent && _isPairBegun ? WakePause
        : period > AnswerMax ? period : AnswerMax;
}
