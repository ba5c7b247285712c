using System.Globalization;
using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;

namespace EdgeAppliance.Drivers.Media;

/// <summary>Which decoder a stream gets: the first on the list that is in this libavcodec and opens.</summary>
static class DecoderChoice
{
    // Of the board first: NVIDIA's patched libavcodec on a Jetson, NVDEC on a discrete card, the kernel's stateful
    // V4L2 codecs. libav's own decoder of the same codec ends every list.
    static readonly string[] Hardware = ["nvv4l2dec", "nvmpi", "cuvid", "v4l2m2m"];

    public static IReadOnlyList<string> DefaultFor(string codec) =>
        codec is "h264" or "hevc" or "vp8" or "vp9" or "mpeg4" or "mpeg2video"
            ? [.. Hardware.Select(suffix => $"{codec}_{suffix}"), codec]
            : [codec];

    public static (CodecContextHandle Context, string Name, string Reason) Open(
        CodecParametersHandle parameters, string codec, AVRational timeBase, DecoderOptions options)
    {
        _ = Libav.Layout;
        var refused = new List<string>();
        foreach (string name in options.Preference ?? DefaultFor(codec))
        {
            nint known = AvCodec.avcodec_find_decoder_by_name(name);
            if (known == 0)
            {
                refused.Add($"{name} is not in this libavcodec");
                continue;
            }

            var context = new CodecContextHandle(known);
            int answer = TryOpen(context, known, parameters, timeBase, options);
            if (answer >= 0)
            {
                refused.Add($"{name} opened");
                return (context, name, string.Join("; ", refused));
            }

            context.Dispose();
            refused.Add($"{name}: {Libav.Words(answer)}");
        }

        throw new DeviceException(options.Device, nameof(AvCodec.avcodec_open2),
            $"no decoder for {codec}: {string.Join("; ", refused)}")
        {
            IsFinal = true,
        };
    }

    static unsafe int TryOpen(
        CodecContextHandle context, nint codec, CodecParametersHandle parameters, AVRational timeBase,
        DecoderOptions options)
    {
        int answer = AvCodec.avcodec_parameters_to_context(context, parameters);
        if (answer < 0) return answer;
        _ = AvUtil.av_opt_set_q(context, "pkt_timebase", timeBase, 0);
        _ = AvUtil.av_opt_set(context, "threads", options.Threads.ToString(CultureInfo.InvariantCulture), 0);
        return AvCodec.avcodec_open2(context, codec, null);
    }
}
