using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Media;

/// <summary>
/// Ends a blocking call into libavformat at its deadline, or when asked to stop: libav asks every 100 ms while it
/// waits. Lives longer than the context it is tied to, whose closing may wait too.
/// </summary>
sealed unsafe class Watchdog : IDisposable
{
    GCHandle _self;
    long _deadlineNs = long.MaxValue;
    CancellationToken _stop;

    public Watchdog() => _self = GCHandle.Alloc(this);

    /// <summary>True when a call was ended because its deadline had passed.</summary>
    public bool Barked { get; private set; }

    /// <summary>Before each call: until when, and who else may end it.</summary>
    public void Guard(MonoTime deadline, CancellationToken stop)
    {
        Volatile.Write(ref _deadlineNs, deadline.Nanoseconds);
        _stop = stop;
        Barked = false;
    }

    /// <summary>Makes libav ask this watchdog about a context.</summary>
    public void Tie(FormatContextHandle context)
    {
        // AVIOInterruptCB: the function, then what it is called with.
        nint at = context.Address + Libav.Layout.FormatInterruptCallback;
        *(delegate* unmanaged[Cdecl]<nint, int>*)at = &Ask;
        *(nint*)(at + sizeof(nint)) = GCHandle.ToIntPtr(_self);
    }

    public void Dispose()
    {
        if (_self.IsAllocated) _self.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int Ask(nint self) => ((Watchdog)GCHandle.FromIntPtr(self).Target!).MustEnd() ? 1 : 0;

    bool MustEnd()
    {
        if (_stop.IsCancellationRequested) return true;
        if (MonoTime.Now.Nanoseconds <= Volatile.Read(ref _deadlineNs)) return false;
        Barked = true;
        return true;
    }
}
