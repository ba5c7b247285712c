using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Binding;

namespace EdgeAppliance.Drivers.Media.Handles;

/// <summary>An object libav allocated and libav frees.</summary>
abstract class LibavHandle : SafeHandle
{
    /// <param name="loaded">asked for first, so that the libraries are there before the call that allocates</param>
    protected LibavHandle(LibavLayout loaded, nint allocated, string call) : base(0, ownsHandle: true)
    {
        _ = loaded;
        if (allocated == 0) throw new DeviceException("libav", call, "out of memory: it gave a null pointer");
        SetHandle(allocated);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The address, for reading fields through the table of offsets.</summary>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }
}

/// <summary>An AVFrame: pixels in libav's hands.</summary>
sealed unsafe class FrameHandle()
    : LibavHandle(Libav.Layout, AvUtil.av_frame_alloc(), nameof(AvUtil.av_frame_alloc))
{
    protected override bool ReleaseHandle()
    {
        nint at = handle;
        AvUtil.av_frame_free(&at);
        return true;
    }
}

/// <summary>An AVPacket: encoded bytes in libav's hands.</summary>
sealed unsafe class PacketHandle()
    : LibavHandle(Libav.Layout, AvCodec.av_packet_alloc(), nameof(AvCodec.av_packet_alloc))
{
    protected override bool ReleaseHandle()
    {
        nint at = handle;
        AvCodec.av_packet_free(&at);
        return true;
    }
}

/// <summary>An AVCodecContext: one decoder or encoder.</summary>
sealed unsafe class CodecContextHandle(nint codec)
    : LibavHandle(Libav.Layout, AvCodec.avcodec_alloc_context3(codec), nameof(AvCodec.avcodec_alloc_context3))
{
    protected override bool ReleaseHandle()
    {
        nint at = handle;
        AvCodec.avcodec_free_context(&at);
        return true;
    }
}

/// <summary>An AVCodecParameters: what a decoder must know before its first packet.</summary>
sealed unsafe class CodecParametersHandle()
    : LibavHandle(Libav.Layout, AvCodec.avcodec_parameters_alloc(), nameof(AvCodec.avcodec_parameters_alloc))
{
    protected override bool ReleaseHandle()
    {
        nint at = handle;
        AvCodec.avcodec_parameters_free(&at);
        return true;
    }
}

/// <summary>An AVFormatContext: one opened input.</summary>
sealed unsafe class FormatContextHandle()
    : LibavHandle(Libav.Layout, AvFormat.avformat_alloc_context(), nameof(AvFormat.avformat_alloc_context))
{
    /// <summary>avformat_open_input, after which the context belongs to this handle only where it succeeded.</summary>
    public int Open(string url, DictionaryHandle options)
    {
        nint at = Address;
        nint left = options.Take();
        int answer = AvFormat.avformat_open_input(&at, url, 0, &left);
        AvUtil.av_dict_free(&left);
        SetHandle(at);
        return answer;
    }

    protected override bool ReleaseHandle()
    {
        nint at = handle;
        AvFormat.avformat_close_input(&at);
        return true;
    }
}

/// <summary>A SwsContext: one conversion between two picture formats.</summary>
sealed class SwsContextHandle()
    : LibavHandle(Libav.Layout, SwScale.sws_alloc_context(), nameof(SwScale.sws_alloc_context))
{
    protected override bool ReleaseHandle()
    {
        SwScale.sws_freeContext(handle);
        return true;
    }
}

/// <summary>An AVDictionary: options by name. Empty is a null pointer, so it starts as one.</summary>
sealed unsafe class DictionaryHandle : SafeHandle
{
    public DictionaryHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    public void Set(string key, string value)
    {
        nint at = handle;
        int answer = AvUtil.av_dict_set(&at, key, value, 0);
        SetHandle(at);
        if (answer < 0) throw new DeviceException("libav", nameof(AvUtil.av_dict_set), $"{key}={value}: {answer}");
    }

    /// <summary>Gives the dictionary away: whoever takes it frees what is left of it.</summary>
    public nint Take()
    {
        nint at = handle;
        SetHandle(0);
        return at;
    }

    protected override bool ReleaseHandle()
    {
        nint at = handle;
        AvUtil.av_dict_free(&at);
        return true;
    }
}
