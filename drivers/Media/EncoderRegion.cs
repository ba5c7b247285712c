using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Binding;

namespace EdgeAppliance.Drivers.Media;

/// <summary>A part of an encoder's picture whose quantiser differs from the picture's.</summary>
/// <param name="Left">pixels of the encoder's picture; the encoder rounds to its blocks of 16</param>
/// <param name="Right">the first column beyond it</param>
/// <param name="Bottom">the first row beyond it</param>
/// <param name="Offset">added to the quantiser, -51 to 51; above 0 is coarser</param>
public readonly record struct EncoderRegion(int Left, int Top, int Right, int Bottom, int Offset);

/// <summary>
/// Regions as side data of a picture, an array of AVRegionOfInterest; where two overlap, the first counts.
/// </summary>
static unsafe class SideRegions
{
    const int QuantiserMax = 51;

    // AVFrameSideData begins with its type, four bytes and four of padding, in all versions known.
    const int SideData = 8;

    // The type's number differs between versions, its name does not.
    static readonly int Type = Find("Regions Of Interest");

    public static void Put(Picture picture, ReadOnlySpan<EncoderRegion> regions)
    {
        AvUtil.av_frame_remove_side_data(picture.Handle, Type);
        if (regions.IsEmpty) return;
        nint side = AvUtil.av_frame_new_side_data(picture.Handle, Type, (nuint)(regions.Length * sizeof(Region)));
        if (side == 0) throw new InsufficientMemoryException($"{regions.Length} regions of a picture");
        var into = new Span<Region>(*(void**)(side + SideData), regions.Length);
        for (int i = 0; i < regions.Length; i++)
        {
            var from = regions[i];
            into[i] = new Region((uint)sizeof(Region), from.Top, from.Bottom, from.Left, from.Right,
                new AVRational(from.Offset, QuantiserMax));
        }
    }

    static int Find(string name)
    {
        for (int type = 0; AvUtil.av_frame_side_data_name(type) is var at && at != 0; type++)
            if (Marshal.PtrToStringUTF8(at) == name) return type;
        throw new DeviceException("libavutil", nameof(AvUtil.av_frame_side_data_name), $"knows no {name}");
    }

    readonly record struct Region(uint SelfSize, int Top, int Bottom, int Left, int Right, AVRational QuantiserOffset);
}
