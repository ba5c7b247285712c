using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Tests.Unit;

public sealed class FramePoolTests
{
    [Fact]
    public void Slot_returns_only_when_its_last_holder_lets_go()
    {
        using var pool = new FramePool(slots: 1, slotBytes: 16);
        Assert.True(pool.TryRent(out var frame));
        var preview = frame.Share();

        frame.Dispose();
        Assert.False(pool.TryRent(out _));

        preview.Dispose();
        Assert.Equal(0, pool.Held);
    }

    [Fact]
    public void A_refused_frame_is_counted()
    {
        using var pool = new FramePool(slots: 1, slotBytes: 16);
        Assert.True(pool.TryRent(out var frame));
        Assert.False(pool.TryRent(out _));
        Assert.Equal(1, pool.Refused);
        frame.Dispose();
    }

    [Fact]
    public void A_second_release_is_loud()
    {
        using var pool = new FramePool(slots: 1, slotBytes: 16);
        Assert.True(pool.TryRent(out var frame));
        frame.Dispose();
        Assert.Throws<BugException>(frame.Dispose);
    }
}
