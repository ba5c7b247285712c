using System.Globalization;
using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Media;

/// <summary>Frames to JPEG pictures and back. Keeps its codecs between calls. One thread at a time.</summary>
public sealed unsafe class JpegCodec : IDisposable
{
    const string Device = "jpeg codec";
    const int QualityMax = 100;
    const int QscaleMax = 31;
    const int LambdaPerQscale = 118; // FF_QP2LAMBDA
    readonly Picture _picture = new();
    readonly PacketHandle _packet = new();
    readonly Decoder _decoder = new("mjpeg", [], new DecoderOptions { Device = Device });
    CodecContextHandle? _encoder;
    (int Width, int Height) _encoderSize;

    /// <summary>The frame as a JPEG, 4:2:0, colours brought to full range BT.601.</summary>
    /// <param name="quality">1 (smallest) to 100, on the scale of the IJG's library</param>
    public byte[] Encode(in Frame frame, int quality)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, QualityMax);
        var format = frame.Format;
        if (_encoder is null || _encoderSize != (format.Width, format.Height)) OpenEncoder(format);
        _picture.Allocate(PictureFormat.Yuvj420p, format.Width, format.Height);
        JpegColour.Convert(frame, _picture.Planes, _picture.Strides);
        _picture.ColourRange = PictureFormat.RangeFull;
        _picture.Quality = Qscale(quality) * LambdaPerQscale;
        Libav.Check(AvCodec.avcodec_send_frame(_encoder!, _picture.Handle), Device, nameof(AvCodec.avcodec_send_frame));
        Libav.Check(
            AvCodec.avcodec_receive_packet(_encoder!, _packet), Device, nameof(AvCodec.avcodec_receive_packet));
        try
        {
            nint at = _packet.Address;
            return new ReadOnlySpan<byte>(
                *(byte**)(at + LibavLayout.PacketData), *(int*)(at + LibavLayout.PacketSize)).ToArray();
        }
        finally
        {
            AvCodec.av_packet_unref(_packet);
        }
    }

    /// <summary>A JPEG's pixels as a frame: 4:2:0, full range BT.601, whatever the file's own sampling.</summary>
    /// <param name="pool">lends the slot; a picture larger than a slot is scaled down to fit</param>
    /// <param name="at">the instant the frame is stamped with</param>
    /// <exception cref="DeviceException">not a JPEG, a damaged one, or no free slot</exception>
    public Frame Decode(ReadOnlySpan<byte> jpeg, FramePool pool, MonoTime at)
    {
        if (jpeg.IsEmpty) throw new DeviceException(Device, "decode", "0 bytes are no JPEG");
        var frame = default(Frame);
        var answer = _decoder.Send(jpeg, TimeSpan.Zero) ? _decoder.Receive(pool, at, out frame) : Received.Corrupt;
        if (answer == Received.Frame) return frame with { Format = frame.Format with { Matrix = ColourMatrix.Bt601 } };
        _decoder.Reset();
        throw new DeviceException(Device, "decode", answer == Received.PoolEmpty
            ? $"no free slot among {pool.Slots}: release frames first"
            : $"{jpeg.Length} bytes are no whole JPEG");
    }

    /// <summary>
    /// The mjpeg encoder's step (its table times step/8) nearest the IJG's percentage of the standard table: 2 is
    /// quality 87, 1 the finest there is.
    /// </summary>
    internal static int Qscale(int quality)
    {
        const int Middle = 50;
        double percent = quality < Middle ? 5000.0 / quality : 200 - (2 * quality);
        return (int)Math.Clamp(Math.Round(percent * 8 / 100), 1, QscaleMax);
    }

    void OpenEncoder(FrameFormat format)
    {
        _encoder?.Dispose();
        _encoder = null;
        _ = Libav.Layout;
        nint codec = AvCodec.avcodec_find_encoder_by_name("mjpeg");
        if (codec == 0)
        {
            throw new DeviceException(Device, nameof(AvCodec.avcodec_find_encoder_by_name),
                "no mjpeg encoder in this libavcodec: install the distribution's own FFmpeg")
            {
                IsFinal = true,
            };
        }

        var context = new CodecContextHandle(codec);
        try
        {
            Expect(AvUtil.av_opt_set_image_size(context, "video_size", format.Width, format.Height, 0), "video_size");
            Expect(AvUtil.av_opt_set_pixel_fmt(context, "pixel_format", PictureFormat.Yuvj420p, 0), "pixel_format");
            Expect(AvUtil.av_opt_set_q(context, "time_base", new AVRational(1, 25), 0), "time_base");
            Set(context, "color_range", "2");
            // qscale: the frame's own quality rules. bitexact: no comment with the library's version in every sample.
            Set(context, "flags", "+qscale+bitexact");
            Set(context, "qmin", "1");
            Set(context, "qmax", QscaleMax.ToString(CultureInfo.InvariantCulture));
            Set(context, "threads", "1");
            Libav.Check(AvCodec.avcodec_open2(context, codec, null),
                $"{Device} {format.Width}x{format.Height}", nameof(AvCodec.avcodec_open2));
            _encoder = context;
            _encoderSize = (format.Width, format.Height);
        }
        finally
        {
            if (_encoder is null) context.Dispose();
        }
    }

    static void Set(CodecContextHandle context, string option, string value) =>
        Expect(AvUtil.av_opt_set(context, option, value, 0), option);

    static void Expect(int answer, string option) => Libav.Check(answer, Device, $"av_opt_set {option}");

    public void Dispose()
    {
        _encoder?.Dispose();
        _picture.Dispose();
        _packet.Dispose();
        _decoder.Dispose();
    }
}
