using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers.Memory;

/// <summary>
/// All pixels the appliance ever holds, allocated once, lent slot by slot. Thread safe. Slots lie at 64-byte
/// boundaries; pages not yet written to cost no resident memory.
/// </summary>
public sealed unsafe class FramePool : IDisposable
{
    const nuint Alignment = 64;

    readonly FrameLease[] _free;
    readonly Lock _gate = new();
    readonly byte* _memory;
    readonly nuint _stride;
    int _freeCount;
    long _refused;
    bool _disposed;

    /// <param name="slots">how many frames may be held at once: a sum with a reason per holder</param>
    /// <param name="slotBytes">the largest frame, bytes: see <see cref="FrameFormat.Bytes"/></param>
    public FramePool(int slots, int slotBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, 1);
        Slots = slots;
        SlotBytes = slotBytes;
        _stride = ((nuint)slotBytes + Alignment - 1) & ~(Alignment - 1);
        _memory = (byte*)NativeMemory.AlignedAlloc(_stride * (nuint)slots, Alignment);
        _free = new FrameLease[slots];
        for (int i = 0; i < slots; i++) _free[i] = new FrameLease(this, _memory + (_stride * (nuint)i), slotBytes);
        _freeCount = slots;
    }

    /// <summary>Slots in all.</summary>
    public int Slots { get; }

    /// <summary>Bytes a slot holds.</summary>
    public int SlotBytes { get; }

    /// <summary>Slots lent at this moment. Zero when everybody has given back.</summary>
    public int Held { get { lock (_gate) return Slots - _freeCount; } }

    /// <summary>How often a frame was asked for and none was free.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Lends a slot, or says false when all are held (counted).</summary>
    public bool TryRent([NotNullWhen(true)] out FrameLease? lease)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_freeCount > 0)
            {
                lease = _free[--_freeCount];
                lease.Begin();
                return true;
            }
        }

        Interlocked.Increment(ref _refused);
        lease = null;
        return false;
    }

    internal void TakeBack(FrameLease lease)
    {
        lock (_gate)
        {
            _free[_freeCount++] = lease;
            if (_disposed && _freeCount == Slots) NativeMemory.AlignedFree(_memory);
        }
    }

    /// <summary>Ends lending; the memory goes when the last lease is back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            if (_freeCount == Slots) NativeMemory.AlignedFree(_memory);
        }
    }
}
