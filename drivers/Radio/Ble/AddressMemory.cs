using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// What was worked out for the addresses heard of late, in a table of one size: a later address takes the place of an
/// earlier one on the same slot. Addresses are stirred with a number drawn at the start, so that strangers cannot aim
/// at one slot.
/// </summary>
sealed class AddressMemory
{
    // 4096 x 32 bytes; a busy hall has a few hundred phones, each with a new address a quarter of an hour.
    const int Slots = 4096;

    readonly Slot[] _slots = new Slot[Slots];
    readonly ulong _stir = (ulong)Random.Shared.NextInt64() | 1;

    public void Put(ulong address, string? tag, MonoTime until)
    {
        ulong key = Stirred(address);
        _slots[key >> 52] = new Slot(key, tag, until, IsTaken: true);
    }

    /// <summary>True when something is remembered: <paramref name="tag"/> is null for an address of nobody's.</summary>
    public bool TryGet(ulong address, MonoTime now, out string? tag)
    {
        ulong key = Stirred(address);
        ref var slot = ref _slots[key >> 52];
        bool isThere = slot.IsTaken && slot.Key == key && now <= slot.Until;
        tag = isThere ? slot.Tag : null;
        return isThere;
    }

    public void Clear() => Array.Clear(_slots);

    // Odd multipliers are one to one on 64 bits; the upper 12 bits depend on every bit of the address.
    ulong Stirred(ulong address) => (address ^ (_stir >> 16)) * (_stir ^ 0x9E3779B97F4A7C14);

    readonly record struct Slot(ulong Key, string? Tag, MonoTime Until, bool IsTaken);
}
