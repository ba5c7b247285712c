using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>A recording or a network camera, read and decoded by libav.</summary>
public sealed partial class FfmpegCamera : ICamera
{
    // A hardware decoder that opened but gave nothing after this many packets (3 s at 30 a second) gives nothing.
    const int PacketsWithoutFrameMax = 90;
    readonly FfmpegInput _input;
    readonly CameraUri _uri;
    readonly CameraOptions _options;
    readonly ILogger _log;
    readonly TimeSpan _silenceMax;
    readonly MonoTime _epoch;
    readonly TimeSpan _heldBack;
    Decoder _decoder;
    StreamClock _clock;
    MonoTime _lastFrame;
    MonoTime _arrival;
    TimeSpan? _first;
    bool _isEndSent;
    long _packets;
    long _packetBytes;
    long _corrupt;
    long _sinceDecoderOpened;
    long _framesBefore;

    FfmpegCamera(CameraUri uri, CameraOptions options, ILogger log, CancellationToken stop)
    {
        _uri = uri;
        _options = options;
        _log = log;
        _input = new FfmpegInput(uri, options, stop);
        try
        {
            _decoder = NewDecoder(options.Decoders);
        }
        catch (DeviceException)
        {
            _input.Dispose();
            throw;
        }

        double? rate = _input.FrameRate;
        Facts = new CameraFacts(
            uri.Shown, _input.Format, rate, uri.IsLive, _input.Codec, _decoder.Name, _decoder.Reason);
        _silenceMax = rate is { } known && options.SilenceIntervals / known > options.SilenceMax.TotalSeconds
            ? TimeSpan.FromSeconds(options.SilenceIntervals / known)
            : options.SilenceMax;
        _lastFrame = MonoTime.Now + options.OpenTimeout - _silenceMax; // the first frame has the limit of opening
        _epoch = options.Epoch ?? MonoTime.Now;
        // libav's parser gives an H.264 or H.265 picture out when the next one begins, so it is seen one interval late.
        bool isParsed = uri.IsLive && _input.Codec is ("h264" or "hevc");
        _heldBack = isParsed && rate is { } perSecond ? TimeSpan.FromSeconds(1 / perSecond) : TimeSpan.Zero;
        var size = Facts.Format;
        Opened(log, Facts.Uri, Facts.Codec, size.Width, size.Height, rate, _decoder.Name, _decoder.Reason);
    }

    public CameraFacts Facts { get; private set; }

    public CameraCounts Counts => new(_packets, _packetBytes, _corrupt, _framesBefore + _decoder.Frames);

    /// <summary>
    /// Opens a camera: <c>file:PATH</c>, <c>loop:PATH</c>, <c>rtsp://…</c>, <c>v4l2:///dev/videoN</c>, <c>csi://N</c>.
    /// The twin has its own camera.
    /// </summary>
    /// <exception cref="DeviceException">
    /// not an address, no such device, no answer within its limit, or nothing that can be decoded;
    /// <see cref="DeviceException.IsFinal"/> where another try cannot help
    /// </exception>
    public static ICamera Open(string uri, CameraOptions options, ILogger log, CancellationToken stop = default)
    {
        var address = CameraUri.Parse(uri);
        switch (address.Scheme)
        {
            case CameraScheme.File:
                Require(address);
                return new FfmpegCamera(address, options, log, stop);
            case CameraScheme.Loop:
                return new LoopCamera(address, options, log, stop);
            case CameraScheme.Rtsp:
                return new FfmpegCamera(address, options, log, stop);
            case CameraScheme.V4l2 or CameraScheme.Csi:
                return new V4l2Camera(address, options, log);
            default:
                throw new DeviceException(address.Shown, "open", "not a camera of this driver") { IsFinal = true };
        }
    }

    public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
    {
        var entered = MonoTime.Now;
        var deadline = (_lastFrame > entered ? _lastFrame : entered) + _silenceMax;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            switch (_decoder.Receive(pool, _epoch, out frame))
            {
                case Received.Frame:
                    _lastFrame = MonoTime.Now;
                    frame = Stamp(frame);
                    return Capture.Frame;
                case Received.PoolEmpty:
                    _lastFrame = MonoTime.Now;
                    return Capture.PoolEmpty;
                case Received.Corrupt:
                    _corrupt++;
                    break;
                case Received.Ended:
                    return Capture.Ended;
                case Received.NeedsPacket:
                    Feed(deadline, stop);
                    break;
            }
        }
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _input.Dispose();
    }

    static void Require(CameraUri uri)
    {
        var file = new FileInfo(uri.Address);
        string? fault = !file.Exists ? $"no such file: check the path ({file.FullName})"
            : file.Length == 0 ? "the file has 0 bytes: copy it again"
            : null;
        if (fault is not null) throw new DeviceException(uri.Shown, "open", fault) { IsFinal = true };
    }

    Decoder NewDecoder(IReadOnlyList<string>? preference) => new(
        _input.CopyParameters(), _input.Codec, _input.TimeBase, new DecoderOptions
        {
            Device = _uri.Shown,
            Preference = preference,
            Threads = _options.DecoderThreads,
            FrameRateAssumed = _input.FrameRate ?? new DecoderOptions().FrameRateAssumed,
        });

    void Feed(MonoTime deadline, CancellationToken stop)
    {
        if (MonoTime.Now > deadline && _uri.IsLive)
        {
            throw new DeviceException(_uri.Shown, "decode",
                $"no frame for {_silenceMax.TotalSeconds:0.#} s although {_packets} packets came");
        }

        switch (_input.Read(deadline, stop))
        {
            case PacketRead.Packet:
                Decode();
                break;
            case PacketRead.Corrupt:
                _packets++;
                _corrupt++;
                _input.Release();
                break;
            case PacketRead.Ended when !_isEndSent:
                _isEndSent = true;
                _decoder.SendEnd();
                break;
        }
    }

    void Decode()
    {
        _arrival = MonoTime.Now;
        _packets++;
        _packetBytes += _input.PacketBytes;
        _sinceDecoderOpened++;
        bool isGood = _decoder.Send(_input.Packet);
        _input.Release();
        if (!isGood) _corrupt++;
        bool isSilent = _decoder.Frames == 0 && _sinceDecoderOpened > PacketsWithoutFrameMax;
        if (isSilent && _decoder.Name != _input.Codec) FallBack();
    }

    // Opening says little about a hardware decoder: some accept everything and never give a frame.
    void FallBack()
    {
        string refused = $"{_decoder.Reason}; {_decoder.Name} gave no frame for {_sinceDecoderOpened} packets";
        var software = NewDecoder([_input.Codec]);
        _framesBefore += _decoder.Frames;
        _decoder.Dispose();
        _decoder = software;
        _sinceDecoderOpened = 0;
        if (!_uri.IsLive) _input.Rewind();
        Facts = Facts with { Decoder = software.Name, DecoderReason = $"{refused}; {software.Reason}" };
        FellBack(_log, _uri.Shown, software.Name, Facts.DecoderReason);
    }

    Frame Stamp(in Frame frame)
    {
        _first ??= frame.StreamTime;
        var time = frame.StreamTime - _first.Value;
        return frame with
        {
            StreamTime = time,
            Index = _framesBefore + frame.Index,
            At = _uri.IsLive ? _clock.At(time, _arrival) - _heldBack : _epoch + time,
        };
    }

    [LoggerMessage(1200, LogLevel.Information,
        "{Uri}: {Codec} {Width}x{Height} at {FrameRate} frames/s, decoder {Decoder} ({Reason})")]
    static partial void Opened(
        ILogger log, string uri, string codec, int width, int height, double? frameRate, string decoder, string reason);

    [LoggerMessage(1201, LogLevel.Warning, "{Uri}: decoder is now {Decoder} ({Reason})")]
    static partial void FellBack(ILogger log, string uri, string decoder, string reason);
}
