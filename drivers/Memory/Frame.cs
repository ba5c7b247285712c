using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Memory;

/// <summary>What the numbers in the luma and chroma planes mean (ITU-T H.273 names).</summary>
public enum ColourRange { Limited, Full }

/// <summary>The matrix between RGB and YCbCr (ITU-T H.273 names).</summary>
public enum ColourMatrix { Bt601, Bt709 }

/// <summary>
/// How a frame lies in its slot: planar YCbCr 4:2:0 (I420), rows without padding. Luma <c>Width x Height</c>, then the
/// two chroma planes of <c>ceil(Width/2) x ceil(Height/2)</c>: what decoders give and encoders take, so a frame is
/// copied once and never converted on its way.
/// </summary>
public readonly record struct FrameFormat(int Width, int Height, ColourRange Range, ColourMatrix Matrix)
{
    public int ChromaWidth => (Width + 1) / 2;

    public int ChromaHeight => (Height + 1) / 2;

    public int LumaBytes => Width * Height;

    public int ChromaBytes => ChromaWidth * ChromaHeight;

    /// <summary>Bytes of the whole frame.</summary>
    public int Bytes => LumaBytes + (2 * ChromaBytes);
}

/// <summary>Pixels on loan, with what is known of them.</summary>
/// <param name="Pixels">the lease; disposing the frame gives it back</param>
/// <param name="Format">size and colour</param>
/// <param name="At">when the frame was taken, as near the device as is known</param>
/// <param name="Index">the frame's number since its camera opened, dropped ones counted</param>
/// <param name="StreamTime">presentation time within the stream, from its first frame</param>
public readonly record struct Frame(
    FrameLease Pixels, FrameFormat Format, MonoTime At, long Index, TimeSpan StreamTime) : IDisposable
{
    public Span<byte> Luma => Pixels.Bytes[..Format.LumaBytes];

    public Span<byte> ChromaBlue => Pixels.Bytes.Slice(Format.LumaBytes, Format.ChromaBytes);

    public Span<byte> ChromaRed => Pixels.Bytes.Slice(Format.LumaBytes + Format.ChromaBytes, Format.ChromaBytes);

    /// <summary>A second holder of the same pixels.</summary>
    public Frame Share() => this with { Pixels = Pixels.Share() };

    public void Dispose() => Pixels.Dispose();
}
