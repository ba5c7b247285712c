using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Handles;

namespace EdgeAppliance.Drivers.Media.Binding;

/// <summary>The functions of libavutil used here, named as in its headers.</summary>
static unsafe partial class AvUtil
{
    public const string Name = "avutil";

    /// <summary>AV_OPT_SEARCH_CHILDREN: look into a codec's private options too.</summary>
    public const int SearchChildren = 1;

    [LibraryImport(Name)]
    public static partial uint avutil_version();

    [LibraryImport(Name)]
    public static partial void av_log_set_level(int level);

    [LibraryImport(Name)]
    public static partial int av_strerror(int errnum, byte* errbuf, nuint size);

    [LibraryImport(Name)]
    public static partial void* av_mallocz(nuint size);

    [LibraryImport(Name)]
    public static partial nint av_frame_alloc();

    [LibraryImport(Name)]
    public static partial void av_frame_free(nint* frame);

    [LibraryImport(Name)]
    public static partial void av_frame_unref(FrameHandle frame);

    [LibraryImport(Name)]
    public static partial int av_frame_get_buffer(FrameHandle frame, int align);

    [LibraryImport(Name)]
    public static partial int av_frame_make_writable(FrameHandle frame);

    /// <summary>An AVFrameSideData, whose <c>data</c> stands at offset 8; 0 when there is no memory.</summary>
    [LibraryImport(Name)]
    public static partial nint av_frame_new_side_data(FrameHandle frame, int type, nuint size);

    [LibraryImport(Name)]
    public static partial void av_frame_remove_side_data(FrameHandle frame, int type);

    /// <summary>What a side data type is called; 0 beyond the last.</summary>
    [LibraryImport(Name)]
    public static partial nint av_frame_side_data_name(int type);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_dict_set(nint* dictionary, string key, string value, int flags);

    [LibraryImport(Name)]
    public static partial void av_dict_free(nint* dictionary);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_set(SafeHandle target, string name, string value, int flags);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_set_int(SafeHandle target, string name, long value, int flags);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_set_q(SafeHandle target, string name, AVRational value, int flags);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_set_image_size(SafeHandle target, string name, int width, int height, int flags);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_opt_set_pixel_fmt(SafeHandle target, string name, int format, int flags);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int av_get_pix_fmt(string name);

    [LibraryImport(Name)]
    public static partial nint av_get_pix_fmt_name(int format);
}
