using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>
/// Lays a live stream's own time onto the monotonic clock. A packet never arrives before it was made, so the smallest
/// arrival minus stream time seen lies nearest the truth; what is above it is jitter of the network.
/// </summary>
struct StreamClock
{
    // A camera's quartz runs off by less than 100 ppm; the floor rises twice as fast, so a slow clock is followed.
    const double RisePerSecond = 200e-6;

    // Further apart than this the stream's time has jumped, and what was learnt is void.
    static readonly TimeSpan JumpMin = TimeSpan.FromSeconds(1);

    MonoTime? _zero;
    MonoTime _learntAt;

    /// <summary>When a frame of this stream time was made, as near as is known.</summary>
    public MonoTime At(TimeSpan streamTime, MonoTime arrival)
    {
        var zero = arrival - streamTime;
        if (_zero is { } known && (zero - known).Duration() < JumpMin)
        {
            var risen = known + ((arrival - _learntAt) * RisePerSecond);
            if (risen < zero) zero = risen;
        }

        _zero = zero;
        _learntAt = arrival;
        return zero + streamTime;
    }
}
