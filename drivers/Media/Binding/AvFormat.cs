using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Handles;

namespace EdgeAppliance.Drivers.Media.Binding;

/// <summary>The functions of libavformat used here, named as in its headers.</summary>
static unsafe partial class AvFormat
{
    public const string Name = "avformat";

    [LibraryImport(Name)]
    public static partial uint avformat_version();

    [LibraryImport(Name)]
    public static partial int avformat_network_init();

    [LibraryImport(Name)]
    public static partial nint avformat_alloc_context();

    /// <summary>On failure libav frees the context it was given and clears the pointer.</summary>
    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int avformat_open_input(nint* context, string url, nint format, nint* options);

    [LibraryImport(Name)]
    public static partial void avformat_close_input(nint* context);

    [LibraryImport(Name)]
    public static partial int avformat_find_stream_info(FormatContextHandle context, nint* options);

    [LibraryImport(Name)]
    public static partial int av_find_best_stream(
        FormatContextHandle context, int type, int wanted, int related, nint* decoder, int flags);

    [LibraryImport(Name)]
    public static partial int av_read_frame(FormatContextHandle context, PacketHandle packet);

    [LibraryImport(Name)]
    public static partial int av_seek_frame(FormatContextHandle context, int stream, long timestamp, int flags);

    [LibraryImport(Name)]
    public static partial AVRational av_guess_frame_rate(FormatContextHandle context, nint stream, nint frame);
}
