using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media.Handles;

namespace EdgeAppliance.Drivers.Media.Binding;

/// <summary>The functions of libswscale used here, named as in its headers.</summary>
static unsafe partial class SwScale
{
    public const string Name = "swscale";

    [LibraryImport(Name)]
    public static partial uint swscale_version();

    [LibraryImport(Name)]
    public static partial nint sws_alloc_context();

    [LibraryImport(Name)]
    public static partial int sws_init_context(SwsContextHandle context, nint sourceFilter, nint targetFilter);

    [LibraryImport(Name)]
    public static partial void sws_freeContext(nint context);

    [LibraryImport(Name)]
    public static partial int* sws_getCoefficients(int colourSpace);

    [LibraryImport(Name)]
    public static partial int sws_setColorspaceDetails(
        SwsContextHandle context, int* sourceTable, int sourceRange, int* targetTable, int targetRange,
        int brightness, int contrast, int saturation);

    [LibraryImport(Name)]
    public static partial int sws_scale(
        SwsContextHandle context, byte** source, int* sourceStride, int firstRow, int rows,
        byte** target, int* targetStride);
}
