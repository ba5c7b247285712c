using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// Notices bytes that come for long and never make a reading, and says once a session what that usually is: another
/// baud rate, or a module that has not been started.
/// </summary>
sealed partial class StreamWatch(string port, string hint, ILogger log)
{
    // At 115200 baud 22 ms of bytes: enough for a few lines of any of these modules.
    const int BytesMin = 256;

    // Wrong rates give bytes of any value: half are no letters. Damaged text has a few.
    const double UnreadableMin = .2;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    MonoTime? _since;
    long _bytes;
    long _unreadable;
    bool _isSaid;

    /// <param name="isHeard">they held a reading, or looked like one</param>
    public void Look(MonoTime at, ReadOnlySpan<byte> bytes, bool isHeard)
    {
        if (_since is not { } since || isHeard)
        {
            _since = at;
            _bytes = _unreadable = 0;
            return;
        }

        _bytes += bytes.Length;
        foreach (byte one in bytes)
        {
            if (one is not ((>= (byte)' ' and <= (byte)'~') or (byte)'\t' or (byte)'\n' or (byte)'\r')) _unreadable++;
        }

        if (_isSaid || _bytes < BytesMin || at - since < Patience) return;
        _isSaid = true;
        if (_unreadable > UnreadableMin * _bytes) Unreadable(log, port, _bytes);
        else Chatter(log, port, _bytes, hint);
    }

    [LoggerMessage(1816, LogLevel.Warning,
        "{Port}: {Bytes} bytes and none readable: most likely another baud rate (?baud=115200 is usual), or another "
        + "kind of module")]
    static partial void Unreadable(ILogger log, string port, long bytes);

    [LoggerMessage(1817, LogLevel.Warning, "{Port}: {Bytes} bytes of text and no reading among them: {Hint}")]
    static partial void Chatter(ILogger log, string port, long bytes, string hint);
}
