using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// Lets through only advertisements of tags in the book. It stands before whatever writes a scanner's bytes down, so
/// that a recording holds nobody who is not registered.
/// </summary>
sealed class KnownOnly(IRawSource source, BeaconShelf shelf) : IRawSource
{
    // At most this many strangers are passed over in one call, so that a crowd cannot keep the caller for ever.
    const int StrangersMax = 1000;

    readonly BeaconParser _parser = new(shelf, "");

    public string Name => source.Name;

    /// <summary>Advertisements held back.</summary>
    public long HeldBack => _parser.Counts.Unknown + _parser.Malformed;

    public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
    {
        for (int passed = 0; passed < StrangersMax; passed++)
        {
            int count = source.Read(into, passed == 0 ? wait : TimeSpan.Zero, out at);
            if (count == 0 || IsKnown(into[..count], at)) return count;
        }

        at = MonoTime.Now;
        return 0;
    }

    public void Write(ReadOnlySpan<byte> bytes) => source.Write(bytes);

    public void Dispose() => source.Dispose();

    bool IsKnown(ReadOnlySpan<byte> bytes, MonoTime at) =>
        Advertisement.TryRead(bytes, out var heard) && _parser.TagOf(at, heard) is not null;
}
