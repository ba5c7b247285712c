using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// The parts of a picture that stay fine while the rest is coarsened: where something was seen a moment ago, weak
/// detections included, with room to move. (DDS and EAAR, baselines of OneAdapt's section 5, choose their regions so;
/// the gradient's own choice is <see cref="MacroblockMap"/>.)
/// </summary>
static class SeenRegions
{
    /// <summary>libx264 looks through all regions for each row of blocks.</summary>
    const int Most = 64;

    /// <summary>
    /// Room on each side, as a part of the box's: someone who walks past covers his own width in a second.
    /// </summary>
    const float Room = 0.5f;

    /// <summary>Room at least: a block of 16 x 16.</summary>
    const float RoomMin = 16;

    /// <param name="seen">in pixels of <paramref name="format"/>, best first</param>
    /// <param name="size">of the picture that is encoded</param>
    /// <param name="coarser">added to the quantiser everywhere else, above 0</param>
    /// <returns>offsets that undo it; to be used with the coarser quantiser</returns>
    public static EncoderRegion[] Of(
        IEnumerable<Detection> seen, FrameFormat format, (int Width, int Height) size, int coarser)
    {
        float x = (float)size.Width / format.Width, y = (float)size.Height / format.Height;
        return [.. seen.Take(Most).Select(d => Region(d.Box.Times(x, y), size, coarser))
            .Where(r => r.Right > r.Left && r.Bottom > r.Top)];
    }

    static EncoderRegion Region(in Box box, (int Width, int Height) size, int coarser)
    {
        float across = MathF.Max(RoomMin, Room * box.Width), along = MathF.Max(RoomMin, Room * box.Height);
        var large = new Box(box.Left - across, box.Top - along, box.Right + across, box.Bottom + along)
            .ClampTo(size.Width, size.Height);
        return new EncoderRegion(
            (int)large.Left, (int)large.Top, (int)MathF.Ceiling(large.Right), (int)MathF.Ceiling(large.Bottom),
            -coarser);
    }
}
