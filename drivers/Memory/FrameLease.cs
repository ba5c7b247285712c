namespace EdgeAppliance.Drivers.Memory;

/// <summary>A frame's pixels on loan from their pool. Whoever receives the lease disposes it, or hands it on.</summary>
public sealed unsafe class FrameLease : IDisposable
{
    readonly FramePool _pool;
    readonly byte* _bytes;
    readonly int _length;
    int _holders;

    internal FrameLease(FramePool pool, byte* bytes, int length)
    {
        _pool = pool;
        _bytes = bytes;
        _length = length;
    }

    /// <summary>The slot's bytes, planes as <see cref="FrameFormat"/> lays them out.</summary>
    public Span<byte> Bytes
    {
        get
        {
            if (Volatile.Read(ref _holders) <= 0) Bug.Throw("frame read after its release");
            return new Span<byte>(_bytes, _length);
        }
    }

    /// <summary>The slot's address, for native callers inside the drivers.</summary>
    internal byte* Pointer => _bytes;

    /// <summary>Adds a holder: each one disposes once.</summary>
    public FrameLease Share()
    {
        if (Interlocked.Increment(ref _holders) <= 1) Bug.Throw("frame shared after its release");
        return this;
    }

    public void Dispose()
    {
        int left = Interlocked.Decrement(ref _holders);
        if (left == 0) _pool.TakeBack(this);
        else if (left < 0) Bug.Throw("frame released twice");
    }

    internal void Begin() => Volatile.Write(ref _holders, 1);
}
