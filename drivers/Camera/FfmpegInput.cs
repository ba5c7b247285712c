using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Media.Binding;
using EdgeAppliance.Drivers.Media.Handles;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>What reading a packet came to.</summary>
enum PacketRead { Packet, Corrupt, Later, Ended }

/// <summary>An opened recording or network stream: packets of its video stream, each call under a watchdog.</summary>
sealed unsafe class FfmpegInput : IDisposable
{
    const int MediaVideo = 0;
    const int PacketCorrupt = 2;
    const long NoTimestamp = long.MinValue;
    const int FailedReadsMax = 1000;
    static readonly TimeSpan FileReadMax = TimeSpan.FromSeconds(10);
    readonly Watchdog _watchdog = new();
    readonly FormatContextHandle _context = new();
    readonly CameraUri _uri;
    readonly nint _stream;
    readonly int _streamIndex;
    int _failedInRow;

    public FfmpegInput(CameraUri uri, CameraOptions options, CancellationToken stop)
    {
        _uri = uri;
        bool isOpen = false;
        try
        {
            _watchdog.Tie(_context);
            _watchdog.Guard(MonoTime.Now + options.OpenTimeout, stop);
            Open(options, stop);
            int answer = AvFormat.avformat_find_stream_info(_context, null);
            Judge(answer, nameof(AvFormat.avformat_find_stream_info), options.OpenTimeout, stop);
            _streamIndex = AvFormat.av_find_best_stream(_context, MediaVideo, -1, -1, null, 0);
            Judge(_streamIndex, nameof(AvFormat.av_find_best_stream), options.OpenTimeout, stop);
            _stream = ((nint*)*(nint*)(_context.Address + LibavLayout.FormatStreams))[_streamIndex];
            isOpen = true;
        }
        finally
        {
            if (!isOpen) Dispose();
        }
    }

    public PacketHandle Packet { get; } = new();

    public AVRational TimeBase => *(AVRational*)(_stream + Libav.Layout.StreamTimeBase);

    public double? FrameRate => AvFormat.av_guess_frame_rate(_context, _stream, 0).Value;

    public string Codec => Marshal.PtrToStringUTF8(
        AvCodec.avcodec_get_name(*(int*)(Parameters + LibavLayout.ParametersCodecId))) ?? "unknown";

    /// <summary>Bytes of the packet last read.</summary>
    public int PacketBytes => *(int*)(Packet.Address + LibavLayout.PacketSize);

    /// <summary>Presentation time of the packet last read, or null where it has none.</summary>
    public TimeSpan? PacketTime =>
        *(long*)(Packet.Address + LibavLayout.PacketPts) is var pts && pts != NoTimestamp ? TimeBase.Of(pts) : null;

    /// <summary>Size and colour as the container states them.</summary>
    public FrameFormat Format
    {
        get
        {
            var layout = Libav.Layout;
            int height = *(int*)(Parameters + layout.ParametersHeight);
            return new FrameFormat(
                *(int*)(Parameters + layout.ParametersWidth), height,
                PictureFormat.Range(
                    *(int*)(Parameters + layout.ParametersFormat), *(int*)(Parameters + layout.ParametersColorRange)),
                PictureFormat.Matrix(*(int*)(Parameters + layout.ParametersColorSpace), height));
        }
    }

    nint Parameters => *(nint*)(_stream + Libav.Layout.StreamCodecpar);

    /// <summary>A copy of what the stream's decoder must know.</summary>
    public CodecParametersHandle CopyParameters()
    {
        var copy = new CodecParametersHandle();
        int answer = AvCodec.avcodec_parameters_copy(copy, Parameters);
        Libav.Check(answer, _uri.Shown, nameof(AvCodec.avcodec_parameters_copy));
        return copy;
    }

    /// <summary>The next packet of the video, into <see cref="Packet"/>; call <see cref="Release"/> after it.</summary>
    /// <param name="deadline">of a live stream; a recording has one of its own</param>
    public PacketRead Read(MonoTime deadline, CancellationToken stop)
    {
        _watchdog.Guard(_uri.IsLive ? deadline : MonoTime.Now + FileReadMax, stop);
        int answer = AvFormat.av_read_frame(_context, Packet);
        if (_watchdog.Barked)
        {
            // A parser interrupted in its wait gives up what it held back: no sign of life.
            Release();
            throw new DeviceException(_uri.Shown, nameof(AvFormat.av_read_frame), "nothing came before its deadline");
        }

        if (answer >= 0)
        {
            _failedInRow = 0;
            nint at = Packet.Address;
            if (*(int*)(at + LibavLayout.PacketStreamIndex) != _streamIndex)
            {
                Release();
                return PacketRead.Later;
            }

            int flags = *(int*)(at + LibavLayout.PacketFlags);
            return (flags & PacketCorrupt) != 0 ? PacketRead.Corrupt : PacketRead.Packet;
        }

        stop.ThrowIfCancellationRequested();
        if (answer == Averror.EOF) return PacketRead.Ended;
        // A demuxer that stays at a bad place would be asked for ever.
        bool isPassing = answer == Averror.EAGAIN || answer == Averror.INVALIDDATA;
        if (isPassing && ++_failedInRow < FailedReadsMax)
        {
            if (answer == Averror.INVALIDDATA) return PacketRead.Corrupt;
            Thread.Sleep(1);
            return PacketRead.Later;
        }

        throw new DeviceException(_uri.Shown, nameof(AvFormat.av_read_frame), Libav.Words(answer));
    }

    public void Release() => AvCodec.av_packet_unref(Packet);

    /// <summary>Back to the start of a recording.</summary>
    public void Rewind()
    {
        const int Backward = 1;
        Libav.Check(AvFormat.av_seek_frame(_context, -1, 0, Backward), _uri.Shown, nameof(AvFormat.av_seek_frame));
    }

    public void Dispose()
    {
        // Closing says goodbye to a network camera and may wait for it: not longer than this.
        _watchdog.Guard(MonoTime.Now + TimeSpan.FromMilliseconds(200), CancellationToken.None);
        _context.Dispose();
        Packet.Dispose();
        _watchdog.Dispose();
    }

    void Open(CameraOptions options, CancellationToken stop)
    {
        using var dictionary = new DictionaryHandle();
        if (_uri.Scheme == CameraScheme.File)
        {
            // Nothing inside a recording may lead elsewhere: a playlist in disguise opens no network address.
            dictionary.Set("protocol_whitelist", "file");
        }
        else
        {
            dictionary.Set("rtsp_transport", "tcp");
            // What the stream is must be known well before the limit on opening it.
            dictionary.Set("analyzeduration", "500000");
            dictionary.Set("fflags", "nobuffer");
        }

        string address = _uri.Scheme == CameraScheme.File ? $"file:{Path.GetFullPath(_uri.Address)}" : _uri.Address;
        Judge(_context.Open(address, dictionary), "avformat_open_input", options.OpenTimeout, stop);
    }

    void Judge(int answer, string call, TimeSpan limit, CancellationToken stop)
    {
        if (answer >= 0) return;
        stop.ThrowIfCancellationRequested();
        if (_watchdog.Barked)
        {
            throw new DeviceException(_uri.Shown, call,
                $"no answer within {limit.TotalSeconds:0.#} s: check that the camera is on and the address right");
        }

        throw new DeviceException(_uri.Shown, call, $"{Libav.Words(answer)}: {Remedy(answer)}")
        {
            IsFinal = !_uri.IsLive || answer == Averror.PROTOCOL_NOT_FOUND || answer == Averror.DECODER_NOT_FOUND,
        };
    }

    string Remedy(int answer)
    {
        const int NoSuchFile = -2;
        const int NotAllowed = -13;
        if (answer == NoSuchFile) return "check the path";
        if (answer == NotAllowed) return "the appliance's user may not read it";
        if (answer == Averror.INVALIDDATA)
        {
            return _uri.IsLive
                ? "what it sends is no stream this FFmpeg reads"
                : "not a video this FFmpeg reads, or cut off before its index: copy it again, or record as mkv or ts";
        }

        if (answer == Averror.STREAM_NOT_FOUND) return "there is no video in it: give a file or stream with a picture";
        if (answer == Averror.HTTP_UNAUTHORIZED) return "the camera refuses the user or the password";
        if (answer == Averror.HTTP_NOT_FOUND) return "the camera has no stream of that path";
        return _uri.IsLive ? "check that the camera is on and the address right" : "check the file";
    }
}
