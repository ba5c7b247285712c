using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Media;

/// <summary>How to decode.</summary>
public sealed record DecoderOptions
{
    /// <summary>
    /// Threads of a software decoder. One costs the least processor time a frame and adds no delay; more trade both
    /// for the rate of a single large stream.
    /// </summary>
    public int Threads { get; init; } = 1;

    /// <summary>
    /// Decoders to try by name, in order; null for the list of the codec: the board's own first, libav's own last.
    /// </summary>
    public IReadOnlyList<string>? Preference { get; init; }

    /// <summary>Spaces frames whose packets carry no time; frames a second.</summary>
    public double FrameRateAssumed { get; init; } = 25;

    /// <summary>Names the stream in messages.</summary>
    public string Device { get; init; } = "decoder";
}

/// <summary>What a call for the next decoded frame came to.</summary>
public enum Received
{
    /// <summary>A frame; its lease is the caller's.</summary>
    Frame,

    /// <summary>A frame was decoded, but no slot was free to copy it to.</summary>
    PoolEmpty,

    /// <summary>Nothing until another packet is sent.</summary>
    NeedsPacket,

    /// <summary>What was sent could not be decoded, or only by making pixels up: skip it and go on.</summary>
    Corrupt,

    /// <summary>The end was sent and every frame is out.</summary>
    Ended,
}

/// <summary>
/// Encoded packets to frames. Send one packet, then receive until <see cref="Received.NeedsPacket"/>. No managed
/// memory is allocated per frame. One thread at a time.
/// </summary>
public sealed unsafe class Decoder : IDisposable
{
    const int ExtradataPadding = 64; // AV_INPUT_BUFFER_PADDING_SIZE
    const long NoTimestamp = long.MinValue;
    readonly DecoderOptions _options;
    readonly AVRational _timeBase;
    readonly CodecContextHandle _context;
    readonly Picture _picture = new();
    readonly PacketHandle _packet = new();
    readonly Scaler _scaler = new();
    (int Format, int Width, int Height, int Range, int Space) _seen;
    FrameFormat _format;
    TimeSpan? _last;

    /// <summary>A decoder for packets in memory, whose times are given with them.</summary>
    /// <param name="codec">as libav names it: <c>h264</c>, <c>mjpeg</c></param>
    /// <param name="extradata">what the container says ahead of the packets; empty where they say it themselves</param>
    /// <exception cref="DeviceException">no usable libav, or no decoder of that name opens</exception>
    public Decoder(string codec, ReadOnlySpan<byte> extradata, DecoderOptions options)
        : this(Describe(codec, extradata), codec, AVRational.Microseconds, options) { }

    internal Decoder(CodecParametersHandle parameters, string codec, AVRational timeBase, DecoderOptions options)
    {
        using (parameters)
        {
            _options = options;
            _timeBase = timeBase;
            Codec = codec;
            (_context, Name, Reason) = DecoderChoice.Open(parameters, codec, timeBase, options);
        }
    }

    /// <summary>The stream's codec, as libav names it.</summary>
    public string Codec { get; }

    /// <summary>The decoder chosen.</summary>
    public string Name { get; }

    /// <summary>Why it and none before it on the list.</summary>
    public string Reason { get; }

    /// <summary>Frames decoded, those without a slot included.</summary>
    public long Frames { get; private set; }

    /// <summary>Sends one packet. False when it is corrupt: nothing comes of it, the next may be sent.</summary>
    /// <param name="packet">one whole packet (for H.264 one access unit); copied</param>
    /// <param name="pts">presentation time</param>
    public bool Send(ReadOnlySpan<byte> packet, TimeSpan pts)
    {
        Libav.Check(AvCodec.av_new_packet(_packet, packet.Length), _options.Device, nameof(AvCodec.av_new_packet));
        packet.CopyTo(new Span<byte>(*(byte**)(_packet.Address + LibavLayout.PacketData), packet.Length));
        long microseconds = pts.Ticks / TimeSpan.TicksPerMicrosecond;
        *(long*)(_packet.Address + LibavLayout.PacketPts) = microseconds;
        *(long*)(_packet.Address + LibavLayout.PacketDts) = microseconds;
        try { return Send(_packet); }
        finally { AvCodec.av_packet_unref(_packet); }
    }

    internal bool Send(PacketHandle packet) => Accepted(AvCodec.avcodec_send_packet(_context, packet));

    /// <summary>Says that no packet will follow: the frames still inside come out.</summary>
    public void SendEnd() => Accepted(AvCodec.avcodec_send_end(_context, 0));

    /// <summary>Forgets what was sent: after a gap, before the next key frame.</summary>
    public void Reset() => AvCodec.avcodec_flush_buffers(_context);

    /// <summary>The next frame, if what was sent so far makes one.</summary>
    /// <param name="pool">lends the slot; a frame larger than a slot is scaled down to fit</param>
    /// <param name="epoch">the instant of stream time zero: the frame is stamped epoch + stream time</param>
    /// <param name="frame">the frame when the answer is <see cref="Received.Frame"/>; numbered from 0</param>
    public Received Receive(FramePool pool, MonoTime epoch, out Frame frame)
    {
        frame = default;
        int answer = AvCodec.avcodec_receive_frame(_context, _picture.Handle);
        if (answer == Averror.EAGAIN) return Received.NeedsPacket;
        if (answer == Averror.EOF) return Received.Ended;
        if (answer == Averror.INVALIDDATA) return Received.Corrupt;
        Libav.Check(answer, _options.Device, nameof(AvCodec.avcodec_receive_frame));
        try
        {
            var time = StreamTime();
            if (_picture.DecodeErrors != 0) return Received.Corrupt;
            long index = Frames++;
            if (!pool.TryRent(out var slot)) return Received.PoolEmpty;
            frame = new Frame(slot, Fill(slot, pool.SlotBytes), epoch + time, index, time);
            return Received.Frame;
        }
        finally
        {
            AvUtil.av_frame_unref(_picture.Handle);
        }
    }

    public void Dispose()
    {
        _context.Dispose();
        _picture.Dispose();
        _packet.Dispose();
        _scaler.Dispose();
    }

    bool Accepted(int answer)
    {
        if (answer == Averror.INVALIDDATA) return false;
        if (answer == Averror.EAGAIN) Bug.Throw("a packet was sent to a decoder whose frames were not all received");
        if (answer != Averror.EOF) Libav.Check(answer, _options.Device, nameof(AvCodec.avcodec_send_packet));
        return true;
    }

    TimeSpan StreamTime()
    {
        long stamp = _picture.BestEffortTimestamp;
        var time = stamp != NoTimestamp
            ? _timeBase.Of(stamp)
            : _last is { } last ? last + TimeSpan.FromSeconds(1 / _options.FrameRateAssumed) : TimeSpan.Zero;
        _last = time;
        return time;
    }

    FrameFormat Fill(FrameLease slot, int slotBytes)
    {
        try
        {
            var format = Format();
            bool isPlain = PictureFormat.IsFrameLike(_seen.Format) || _seen.Format == PictureFormat.Gray;
            if (isPlain && format.Bytes <= slotBytes)
            {
                _picture.CopyTo(slot, format);
                return format;
            }

            var fitted = Fit(format, slotBytes);
            _scaler.Convert(_picture, format, fitted).CopyTo(slot, fitted);
            return fitted;
        }
        catch (DeviceException)
        {
            slot.Dispose();
            throw;
        }
    }

    // Worked out when the stream's own description changes: names are asked for, which allocates.
    FrameFormat Format()
    {
        var now = (_picture.Format, _picture.Width, _picture.Height, _picture.ColourRange, _picture.ColourSpace);
        if (now == _seen) return _format;
        _seen = now;
        _format = new FrameFormat(
            now.Width, now.Height, PictureFormat.Range(now.Format, now.ColourRange),
            PictureFormat.Matrix(now.ColourSpace, now.Height));
        return _format;
    }

    /// <summary>The largest size of the same shape that a slot holds, even in both directions.</summary>
    internal static FrameFormat Fit(FrameFormat format, int slotBytes)
    {
        if (format.Bytes <= slotBytes) return format;
        double shrink = Math.Sqrt((double)slotBytes / format.Bytes);
        var fitted = format with
        {
            Width = Math.Max(2, (int)(format.Width * shrink) & ~1),
            Height = Math.Max(2, (int)(format.Height * shrink) & ~1),
        };
        if (fitted.Bytes > slotBytes) Bug.Throw($"a slot of {slotBytes} bytes holds no picture at all");
        return fitted;
    }

    static CodecParametersHandle Describe(string codec, ReadOnlySpan<byte> extradata)
    {
        _ = Libav.Layout;
        nint known = AvCodec.avcodec_find_decoder_by_name(codec);
        if (known == 0)
        {
            throw new DeviceException("decoder", nameof(AvCodec.avcodec_find_decoder_by_name),
                $"no codec {codec} in this libavcodec")
            {
                IsFinal = true,
            };
        }

        var parameters = new CodecParametersHandle();
        nint at = parameters.Address;
        *(int*)(at + LibavLayout.ParametersCodecType) = 0; // AVMEDIA_TYPE_VIDEO
        *(int*)(at + LibavLayout.ParametersCodecId) = *(int*)(known + LibavLayout.CodecId);
        if (extradata.IsEmpty) return parameters;
        var copy = (byte*)AvUtil.av_mallocz((nuint)(extradata.Length + ExtradataPadding));
        if (copy == null) throw new DeviceException("decoder", nameof(AvUtil.av_mallocz), "out of memory");
        extradata.CopyTo(new Span<byte>(copy, extradata.Length));
        *(byte**)(at + LibavLayout.ParametersExtradata) = copy;
        *(int*)(at + LibavLayout.ParametersExtradataSize) = extradata.Length;
        return parameters;
    }
}
