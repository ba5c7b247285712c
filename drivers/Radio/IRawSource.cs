using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// Bytes as a radio gives them: a serial port, a scanner's advertisements, or a recording of either. One thread reads
/// and writes.
/// </summary>
public interface IRawSource : IDisposable
{
    /// <summary>For people: <c>/dev/ttyACM0</c>, <c>hci0</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Waits for the next bytes and answers how many came; 0 when none did in time. A source of whole messages gives
    /// one a call, a stream gives what has come.
    /// </summary>
    /// <param name="at">when the last of them came, as near the device as is known</param>
    /// <exception cref="DeviceException">the device is gone</exception>
    int Read(Span<byte> into, TimeSpan wait, out MonoTime at);

    /// <summary>Sends a request to a module that answers only when asked; a recording forgets it.</summary>
    /// <exception cref="DeviceException">the device is gone</exception>
    void Write(ReadOnlySpan<byte> bytes);
}

/// <summary>
/// Makes observations of a radio's bytes, live or recorded alike. Never throws for what they are: malformed ones are
/// counted and skipped to the next that make sense, and no more than a message of the longest kind is kept.
/// </summary>
public interface IRawParser
{
    /// <summary>Messages that made no sense, counted.</summary>
    long Malformed { get; }

    /// <summary>Takes the next bytes and appends what they say.</summary>
    /// <param name="at">when the last of them came</param>
    void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into);

    /// <summary>Forgets the beginning of a message: the source was opened anew.</summary>
    void Reset();
}
