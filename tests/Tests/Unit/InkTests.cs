using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Status;

namespace EdgeAppliance.Tests.Unit;

public sealed class InkTests
{
    static readonly FrameFormat Small = new(33, 21, ColourRange.Limited, ColourMatrix.Bt601);

    [Fact]
    public void What_lies_outside_the_frame_is_cut_off()
    {
        using var pool = new FramePool(1, Small.Bytes);
        using (var frame = Rent(pool))
        {
            Ink.Outline(frame, new Box(-50, -50, 500, 500), 2, Colour.White);
            Ink.Outline(frame, new Box(30, 18, 60, 40), 3, Colour.White);
            Ink.Text(frame, 28, 17, 2, "a?Z", Colour.White);
            Ink.Fill(frame, 40, 40, 50, 50, Colour.White);
            Assert.Equal(0, frame.Luma[0]);
            Assert.Equal(235, frame.Luma[(18 * Small.Width) + 32]);
        }

        Assert.Equal(0, pool.Held);
    }

    [Fact]
    public void A_filled_rectangle_has_its_colour_inside_and_nothing_outside()
    {
        using var pool = new FramePool(1, Small.Bytes);
        using (var frame = Rent(pool))
        {
            var red = Colour.OfRgb(255, 0, 0);
            Ink.Fill(frame, 4, 6, 8, 10, red);
            Assert.Equal(16, frame.Luma.ToArray().Count(y => y == red.Y));
            Assert.Equal(4, frame.ChromaRed.ToArray().Count(v => v == red.Cr));
            Assert.Equal(red.Y, frame.Luma[(6 * Small.Width) + 4]);
            Assert.Equal(0, frame.Luma[(6 * Small.Width) + 8]);
            Assert.InRange(red.Cr, 235, 245);
        }

        Assert.Equal(0, pool.Held);
    }

    [Fact]
    public void Text_is_as_wide_as_it_says_and_small_letters_are_drawn()
    {
        using var pool = new FramePool(1, Small.Bytes);
        using (var frame = Rent(pool))
        {
            Assert.Equal(Ink.WidthOf("ab", 1), Ink.Text(frame, 0, 0, 1, "ab", Colour.White));
            Assert.Contains((byte)235, frame.Luma.ToArray());
        }

        Assert.Equal(0, pool.Held);
    }

    static Frame Rent(FramePool pool)
    {
        Assert.True(pool.TryRent(out var lease));
        lease.Bytes.Clear();
        return new Frame(lease, Small, MonoTime.Now, 0, TimeSpan.Zero);
    }
}
