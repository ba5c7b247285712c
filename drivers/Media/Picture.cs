using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Drivers.Media;

/// <summary>An AVFrame's fields, read and written through the table of offsets.</summary>
sealed unsafe class Picture : IDisposable
{
    readonly LibavLayout _layout = Libav.Layout;

    public FrameHandle Handle { get; } = new();

    public int Width { get => Read(LibavLayout.FrameWidth); set => Write(LibavLayout.FrameWidth, value); }

    public int Height { get => Read(LibavLayout.FrameHeight); set => Write(LibavLayout.FrameHeight, value); }

    /// <summary>An AVPixelFormat.</summary>
    public int Format { get => Read(LibavLayout.FrameFormat); set => Write(LibavLayout.FrameFormat, value); }

    /// <summary>What an encoder is asked for: 0 leaves it to the encoder, 1 an intra picture.</summary>
    public int Type { set => Write(LibavLayout.FramePictureType, value); }

    public int Quality { set => Write(_layout.FrameQuality, value); }

    public int ColourRange { get => Read(_layout.FrameColorRange); set => Write(_layout.FrameColorRange, value); }

    public int ColourSpace { get => Read(_layout.FrameColorspace); set => Write(_layout.FrameColorspace, value); }

    /// <summary>Non-zero where the decoder had to make something up.</summary>
    public int DecodeErrors => Read(_layout.FrameDecodeErrorFlags);

    public long Pts
    {
        get => *(long*)(Handle.Address + LibavLayout.FramePts);
        set => *(long*)(Handle.Address + LibavLayout.FramePts) = value;
    }

    public long BestEffortTimestamp => *(long*)(Handle.Address + _layout.FrameBestEffortTimestamp);

    /// <summary>The array of plane addresses, as the C functions take it.</summary>
    public byte** Planes => (byte**)(Handle.Address + LibavLayout.FrameData);

    /// <summary>The array of row lengths, bytes, padding included.</summary>
    public int* Strides => (int*)(Handle.Address + LibavLayout.FrameLinesize);

    /// <summary>Gives the picture pixels of its own, held by nobody else. Keeps those it has when they fit.</summary>
    public void Allocate(int format, int width, int height)
    {
        if (Planes[0] != null && Format == format && Width == width && Height == height)
        {
            Libav.Check(AvUtil.av_frame_make_writable(Handle), "picture", nameof(AvUtil.av_frame_make_writable));
            return;
        }

        AvUtil.av_frame_unref(Handle);
        Format = format;
        Width = width;
        Height = height;
        int answer = AvUtil.av_frame_get_buffer(Handle, 0);
        Libav.Check(answer, $"picture {width}x{height}", nameof(AvUtil.av_frame_get_buffer));
    }

    /// <summary>Takes a frame's pixels; the picture must be yuv420p of the same size.</summary>
    public void CopyFrom(in Frame frame)
    {
        var format = frame.Format;
        byte* from = frame.Pixels.Pointer;
        int chroma = format.ChromaWidth;
        CopyRows(from, format.Width, Planes[0], Strides[0], format.Width, format.Height);
        from += format.LumaBytes;
        CopyRows(from, chroma, Planes[1], Strides[1], chroma, format.ChromaHeight);
        from += format.ChromaBytes;
        CopyRows(from, chroma, Planes[2], Strides[2], chroma, format.ChromaHeight);
    }

    /// <summary>
    /// Takes a camera's raw bytes: yuv420p, nv12 or a packed 4:2:2 format, as allocated. False when they are too few.
    /// </summary>
    /// <param name="bytes">planes one after another, rows of the first <paramref name="bytesPerLine"/> long</param>
    public bool TryFill(ReadOnlySpan<byte> bytes, int bytesPerLine)
    {
        bool isPlanar = Format == PictureFormat.Yuv420p;
        bool isPaired = Format == PictureFormat.Nv12;
        int chromaRows = (Height + 1) / 2;
        int rowBytes = isPlanar || isPaired ? Width : 2 * Width;
        int chromaStride = isPlanar ? bytesPerLine / 2 : bytesPerLine;
        int chromaPlanes = isPlanar ? 2 : isPaired ? 1 : 0;
        long needed = ((long)bytesPerLine * Height) + ((long)chromaPlanes * chromaStride * chromaRows);
        if (bytesPerLine < rowBytes || bytes.Length < needed) return false;
        fixed (byte* start = bytes)
        {
            byte* from = start;
            CopyRows(from, bytesPerLine, Planes[0], Strides[0], rowBytes, Height);
            from += bytesPerLine * Height;
            int chromaBytes = isPlanar ? (Width + 1) / 2 : (Width + 1) & ~1;
            for (int plane = 1; plane <= chromaPlanes; plane++)
            {
                CopyRows(from, chromaStride, Planes[plane], Strides[plane], chromaBytes, chromaRows);
                from += chromaStride * chromaRows;
            }
        }

        return true;
    }

    /// <summary>Gives its pixels to a slot; the picture must be 8-bit 4:2:0, or grey, of the same size.</summary>
    public void CopyTo(FrameLease slot, FrameFormat format)
    {
        byte* to = slot.Pointer;
        CopyRows(Planes[0], Strides[0], to, format.Width, format.Width, format.Height);
        if (Format == PictureFormat.Gray)
        {
            const byte NoColour = 128;
            slot.Bytes.Slice(format.LumaBytes, 2 * format.ChromaBytes).Fill(NoColour);
            return;
        }

        int chroma = format.ChromaWidth;
        to += format.LumaBytes;
        CopyRows(Planes[1], Strides[1], to, chroma, chroma, format.ChromaHeight);
        to += format.ChromaBytes;
        CopyRows(Planes[2], Strides[2], to, chroma, chroma, format.ChromaHeight);
    }

    /// <summary>Gives its pixels to another picture of the same format and size.</summary>
    public void CopyTo(Picture other)
    {
        int chroma = (Width + 1) / 2;
        int chromaRows = (Height + 1) / 2;
        CopyRows(Planes[0], Strides[0], other.Planes[0], other.Strides[0], Width, Height);
        CopyRows(Planes[1], Strides[1], other.Planes[1], other.Strides[1], chroma, chromaRows);
        CopyRows(Planes[2], Strides[2], other.Planes[2], other.Strides[2], chroma, chromaRows);
    }

    public void Dispose() => Handle.Dispose();

    static void CopyRows(byte* from, int fromStride, byte* to, int toStride, int width, int rows)
    {
        if (fromStride == width && toStride == width)
        {
            Buffer.MemoryCopy(from, to, (long)width * rows, (long)width * rows);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            Buffer.MemoryCopy(from, to, width, width);
            from += fromStride;
            to += toStride;
        }
    }

    int Read(int offset) => *(int*)(Handle.Address + offset);

    void Write(int offset, int value) => *(int*)(Handle.Address + offset) = value;
}
