using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Handles;

namespace EdgeAppliance.Drivers.Media.Binding;

/// <summary>The functions of libavcodec used here, named as in its headers.</summary>
static unsafe partial class AvCodec
{
    public const string Name = "avcodec";

    [LibraryImport(Name)]
    public static partial uint avcodec_version();

    [LibraryImport(Name)]
    public static partial nint avcodec_get_name(int codecId);

    [LibraryImport(Name)]
    public static partial nint avcodec_find_decoder(int codecId);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint avcodec_find_decoder_by_name(string name);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint avcodec_find_encoder_by_name(string name);

    [LibraryImport(Name)]
    public static partial nint avcodec_alloc_context3(nint codec);

    [LibraryImport(Name)]
    public static partial void avcodec_free_context(nint* context);

    [LibraryImport(Name)]
    public static partial int avcodec_open2(CodecContextHandle context, nint codec, nint* options);

    [LibraryImport(Name)]
    public static partial void avcodec_flush_buffers(CodecContextHandle context);

    [LibraryImport(Name)]
    public static partial int avcodec_send_packet(CodecContextHandle context, PacketHandle packet);

    /// <summary>With packet 0: no more will come.</summary>
    [LibraryImport(Name, EntryPoint = nameof(avcodec_send_packet))]
    public static partial int avcodec_send_end(CodecContextHandle context, nint packet);

    [LibraryImport(Name)]
    public static partial int avcodec_receive_frame(CodecContextHandle context, FrameHandle frame);

    [LibraryImport(Name)]
    public static partial int avcodec_send_frame(CodecContextHandle context, FrameHandle frame);

    /// <summary>With frame 0: no more will come.</summary>
    [LibraryImport(Name, EntryPoint = nameof(avcodec_send_frame))]
    public static partial int avcodec_send_last(CodecContextHandle context, nint frame);

    [LibraryImport(Name)]
    public static partial int avcodec_receive_packet(CodecContextHandle context, PacketHandle packet);

    [LibraryImport(Name)]
    public static partial nint avcodec_parameters_alloc();

    [LibraryImport(Name)]
    public static partial void avcodec_parameters_free(nint* parameters);

    [LibraryImport(Name)]
    public static partial int avcodec_parameters_copy(CodecParametersHandle to, nint from);

    [LibraryImport(Name)]
    public static partial int avcodec_parameters_to_context(CodecContextHandle context, CodecParametersHandle from);

    [LibraryImport(Name)]
    public static partial nint av_packet_alloc();

    [LibraryImport(Name)]
    public static partial void av_packet_free(nint* packet);

    [LibraryImport(Name)]
    public static partial void av_packet_unref(PacketHandle packet);

    [LibraryImport(Name)]
    public static partial int av_new_packet(PacketHandle packet, int size);
}
