using System.Globalization;
using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Drivers.Media;

/// <summary>How to encode.</summary>
public sealed record EncoderOptions
{
    /// <summary>Pixels, even.</summary>
    public required int Width { get; init; }

    /// <summary>Pixels, even.</summary>
    public required int Height { get; init; }

    /// <summary>Frames a second, as written into the stream; the frames' own times rule.</summary>
    public double FrameRate { get; init; } = 25;

    /// <summary>H.264 quantiser, 0 (none) to 51 (coarsest).</summary>
    public int Quantiser { get; init; } = 23;

    /// <summary>Frames from one key frame to the next: one segment.</summary>
    public int SegmentFrames { get; init; } = 50;

    /// <summary>libx264's trade of time for bytes.</summary>
    public string Preset { get; init; } = "veryfast";

    /// <summary>Threads of a software encoder.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>
    /// Opens libx264 so that it heeds regions: a constant rate factor of which nothing but the quantiser is left, since
    /// it takes no regions under a constant quantiser.
    /// </summary>
    public bool Regions { get; init; }

    public ColourRange Range { get; init; } = ColourRange.Limited;

    public ColourMatrix Matrix { get; init; } = ColourMatrix.Bt709;

    /// <summary>
    /// Encoders to try by name, in order. libx264 runs everywhere; no encoder of a Jetson is reached through
    /// libavcodec (its own sits behind GStreamer), and an Orin Nano has none.
    /// </summary>
    public IReadOnlyList<string> Preference { get; init; } = ["h264_nvenc", "h264_v4l2m2m", "libx264"];
}

/// <summary>Takes encoded packets as they come.</summary>
public interface IPacketSink
{
    /// <param name="bytes">one access unit, H.264 Annex B; valid during the call only</param>
    /// <param name="pts">the frame's stream time</param>
    /// <param name="isKey">decoding may start here; a segment begins</param>
    void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey);
}

/// <summary>
/// Frames to H.264, one packet a frame, without delay: no B frames, parameter sets in the stream. Constant quantiser,
/// changed only where a segment begins, so a segment has one. No managed memory is allocated per frame. One thread at
/// a time.
/// </summary>
public sealed unsafe class Encoder : IDisposable
{
    const string Software = "libx264";
    const int QuantiserMax = 51;
    const int PictureIntra = 1;
    const int PacketKey = 1;
    readonly EncoderOptions _options;
    readonly string _device;
    readonly Picture _picture = new();
    readonly PacketHandle _packet = new();
    Scaler? _scaler;
    Picture? _unscaled;
    CodecContextHandle? _context;
    EncoderRegion[] _regions = [];
    int _quantiserOpen;
    int _inSegment;
    long _lastPts = long.MinValue;

    /// <exception cref="DeviceException">no usable libav, or no encoder on the list opens</exception>
    public Encoder(EncoderOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Height, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Width % 2, 0);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Height % 2, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SegmentFrames, 1);
        _options = options;
        SetQuantiser(options.Quantiser);
        (Name, Reason) = Choose();
        _device = $"encoder {Name} {options.Width}x{options.Height}";
    }

    /// <summary>The encoder chosen.</summary>
    public string Name { get; }

    /// <summary>Why it and none before it on the list.</summary>
    public string Reason { get; }

    /// <summary>The quantiser wanted; <see cref="SetQuantiser"/> says when it comes into force.</summary>
    public int Quantiser { get; private set; }

    /// <summary>Packets given so far.</summary>
    public long Packets { get; private set; }

    /// <summary>Their bytes.</summary>
    public long PacketBytes { get; private set; }

    /// <summary>Asks for another quantiser from the next segment on.</summary>
    public void SetQuantiser(int quantiser)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quantiser);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quantiser, QuantiserMax);
        Quantiser = quantiser;
    }

    /// <summary>Whether <see cref="SetRegions"/> changes anything.</summary>
    public bool HeedsRegions => _options.Regions && Name == Software;

    /// <summary>Regions of all frames from the next one on; an encoder that heeds none goes without.</summary>
    public void SetRegions(ReadOnlySpan<EncoderRegion> regions)
    {
        foreach (var region in regions)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(Math.Abs(region.Offset), QuantiserMax);
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(region.Right, region.Left);
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(region.Bottom, region.Top);
        }

        _regions = regions.ToArray();
    }

    /// <summary>Makes the next frame a key frame: the segment ends early.</summary>
    public void EndSegment() => _inSegment = 0;

    /// <summary>Encodes one frame; its packet goes to the sink before this returns.</summary>
    /// <param name="frame">any size: scaled to the encoder's</param>
    public void Encode(in Frame frame, IPacketSink sink)
    {
        bool isFirst = _inSegment == 0;
        if (isFirst && _quantiserOpen != Quantiser) Reopen(sink);
        Place(frame);
        long pts = Math.Max(frame.StreamTime.Ticks / TimeSpan.TicksPerMicrosecond, _lastPts + 1);
        _lastPts = pts;
        _picture.Pts = pts;
        _picture.Type = isFirst ? PictureIntra : 0;
        if (HeedsRegions) SideRegions.Put(_picture, _regions);
        int answer = AvCodec.avcodec_send_frame(_context!, _picture.Handle);
        Libav.Check(answer, _device, nameof(AvCodec.avcodec_send_frame));
        _inSegment = (_inSegment + 1) % _options.SegmentFrames;
        Drain(sink);
    }

    /// <summary>Gives what a delaying encoder still holds. The next frame begins a new segment.</summary>
    public void Flush(IPacketSink sink)
    {
        Libav.Check(AvCodec.avcodec_send_last(_context!, 0), _device, nameof(AvCodec.avcodec_send_frame));
        Drain(sink);
        Open(Name, out _);
        _inSegment = 0;
    }

    public void Dispose()
    {
        _context?.Dispose();
        _picture.Dispose();
        _packet.Dispose();
        _scaler?.Dispose();
        _unscaled?.Dispose();
    }

    // A segment border costs a key frame anyway, so closing and opening there changes the quantiser with every
    // encoder alike: libx264 takes no new constant quantiser while it runs.
    void Reopen(IPacketSink sink)
    {
        Libav.Check(AvCodec.avcodec_send_last(_context!, 0), _device, nameof(AvCodec.avcodec_send_frame));
        Drain(sink);
        if (!Open(Name, out string fault)) throw new DeviceException(_device, nameof(AvCodec.avcodec_open2), fault);
    }

    void Place(in Frame frame)
    {
        var wanted = new FrameFormat(_options.Width, _options.Height, _options.Range, _options.Matrix);
        if (frame.Format == wanted)
        {
            _picture.Allocate(PictureFormat.Yuv420p, wanted.Width, wanted.Height);
            _picture.CopyFrom(frame);
            return;
        }

        _scaler ??= new Scaler();
        _unscaled ??= new Picture();
        _unscaled.Allocate(PictureFormat.Yuv420p, frame.Format.Width, frame.Format.Height);
        _unscaled.CopyFrom(frame);
        var scaled = _scaler.Convert(_unscaled, frame.Format, wanted);
        _picture.Allocate(PictureFormat.Yuv420p, wanted.Width, wanted.Height);
        scaled.CopyTo(_picture);
    }

    void Drain(IPacketSink sink)
    {
        while (true)
        {
            int answer = AvCodec.avcodec_receive_packet(_context!, _packet);
            if (answer == Averror.EAGAIN || answer == Averror.EOF) return;
            Libav.Check(answer, _device, nameof(AvCodec.avcodec_receive_packet));
            try
            {
                nint at = _packet.Address;
                int size = *(int*)(at + LibavLayout.PacketSize);
                Packets++;
                PacketBytes += size;
                sink.Take(
                    new ReadOnlySpan<byte>(*(byte**)(at + LibavLayout.PacketData), size),
                    AVRational.Microseconds.Of(*(long*)(at + LibavLayout.PacketPts)),
                    (*(int*)(at + LibavLayout.PacketFlags) & PacketKey) != 0);
            }
            finally
            {
                AvCodec.av_packet_unref(_packet);
            }
        }
    }

    (string Name, string Reason) Choose()
    {
        var refused = new List<string>();
        foreach (string name in _options.Preference)
        {
            if (Open(name, out string fault))
            {
                refused.Add($"{name} opened");
                return (name, string.Join("; ", refused));
            }

            refused.Add(fault);
        }

        throw new DeviceException($"encoder {_options.Width}x{_options.Height}", nameof(AvCodec.avcodec_open2),
            $"none opens: {string.Join("; ", refused)}")
        {
            IsFinal = true,
        };
    }

    bool Open(string name, out string fault)
    {
        _context?.Dispose();
        _context = null;
        _ = Libav.Layout;
        nint codec = AvCodec.avcodec_find_encoder_by_name(name);
        if (codec == 0)
        {
            fault = $"{name} is not in this libavcodec";
            return false;
        }

        var context = new CodecContextHandle(codec);
        Configure(context, name);
        int answer = AvCodec.avcodec_open2(context, codec, null);
        if (answer < 0)
        {
            context.Dispose();
            fault = $"{name}: {Libav.Words(answer)}";
            return false;
        }

        _context = context;
        _quantiserOpen = Quantiser;
        fault = "";
        return true;
    }

    void Configure(CodecContextHandle context, string name)
    {
        int range = _options.Range == ColourRange.Full ? PictureFormat.RangeFull : PictureFormat.RangeLimited;
        int space = _options.Matrix == ColourMatrix.Bt709 ? PictureFormat.SpaceBt709 : PictureFormat.SpaceBt601;
        Expect(AvUtil.av_opt_set_image_size(context, "video_size", _options.Width, _options.Height, 0), "video_size");
        Expect(AvUtil.av_opt_set_pixel_fmt(context, "pixel_format", PictureFormat.Yuv420p, 0), "pixel_format");
        Expect(AvUtil.av_opt_set_q(context, "time_base", AVRational.Microseconds, 0), "time_base");
        Set(context, "g", _options.SegmentFrames);
        Set(context, "bf", 0);
        Set(context, "threads", _options.Threads);
        Set(context, "color_range", range);
        Set(context, "colorspace", space);
        Set(context, "color_primaries", space);
        Set(context, "color_trc", space);
        // Not an option in any version: the one encoder field the table is needed for. Without it libx264 takes the
        // time base for the rate and writes a level no decoder accepts.
        const int Millis = 1000;
        *(AVRational*)(context.Address + Libav.Layout.ContextFramerate) =
            new AVRational((int)Math.Round(_options.FrameRate * Millis), Millis);
        if (name == Software)
        {
            Choose(context, "preset", _options.Preset);
            Choose(context, "tune", "zerolatency");
            // Our own count decides where segments begin: a key frame put in at a cut would be one too many.
            Choose(context, "sc_threshold", "0");
            Choose(context, "forced-idr", "1");
            string quantiser = Quantiser.ToString(CultureInfo.InvariantCulture);
            Choose(context, _options.Regions ? "crf" : "qp", quantiser);
            if (!_options.Regions) return;
            // All of the complexity is taken back, so that the factor is the quantiser; blocks are weighed by a
            // thousandth of the usual strength, as with none at all regions are not looked at.
            Choose(context, "qcomp", "1");
            Choose(context, "aq-mode", "1");
            Choose(context, "aq-strength", "0.001");
            return;
        }

        Set(context, "qmin", Quantiser);
        Set(context, "qmax", Quantiser);
        if (name != "h264_nvenc") return;
        Choose(context, "rc", "constqp");
        Choose(context, "qp", Quantiser.ToString(CultureInfo.InvariantCulture));
        Choose(context, "delay", "0");
        Choose(context, "forced-idr", "1");
    }

    static void Set(CodecContextHandle context, string option, int value) =>
        Expect(AvUtil.av_opt_set_int(context, option, value, 0), option);

    static void Choose(CodecContextHandle context, string option, string value) =>
        Expect(AvUtil.av_opt_set(context, option, value, AvUtil.SearchChildren), $"{option}={value}");

    static void Expect(int answer, string option) => Libav.Check(answer, "encoder", $"av_opt_set {option}");
}
