using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>
/// A camera of the kernel's, read by its own interface: USB cameras, and sensors whose driver gives finished pictures.
/// A raw sensor (Bayer) needs the board's image processor in front of it, which this interface does not reach.
/// </summary>
sealed partial class V4l2Camera : ICamera
{
    // Finished planar pictures first; MJPEG before YUYV, whose bandwidth a USB 2 camera has at low rates only.
    static readonly (string FourCc, string Libav)[] Known =
        [("YU12", "yuv420p"), ("NV12", "nv12"), ("MJPG", "mjpeg"), ("YUYV", "yuyv422"), ("UYVY", "uyvy422")];

    readonly V4l2Device _device;
    readonly CameraUri _uri;
    readonly TimeSpan _silenceMax;
    readonly Decoder? _decoder;
    readonly Picture _picture = new();
    readonly Scaler _scaler = new();
    readonly int _libavFormat;
    MonoTime? _first;
    MonoTime _lastFrame;
    long _packets;
    long _packetBytes;
    long _corrupt;
    long _frames;

    public V4l2Camera(CameraUri uri, CameraOptions options, ILogger log)
    {
        _uri = uri;
        string path = uri.Scheme == CameraScheme.Csi ? $"/dev/video{uri.Target}" : uri.Target;
        _device = new V4l2Device(path, uri.Shown);
        bool isOpen = false;
        try
        {
            _device.RequireCapture();
            var (fourCc, libav) = Choose(_device.Formats());
            _device.Configure(fourCc, options.Width, options.Height, options.FrameRate);
            bool isJpeg = fourCc == "MJPG";
            if (isJpeg) _decoder = new Decoder("mjpeg", [], new DecoderOptions { Device = uri.Shown });
            else _libavFormat = PictureFormat.Named(libav);
            var format = new FrameFormat(
                _device.Width, _device.Height,
                isJpeg || _device.IsFullRange ? ColourRange.Full : ColourRange.Limited,
                _device.IsBt709 && !isJpeg ? ColourMatrix.Bt709 : ColourMatrix.Bt601);
            Facts = new CameraFacts(uri.Shown, format, _device.FrameRate, IsLive: true, libav, _decoder?.Name ?? "none",
                _decoder?.Reason ?? "the camera gives pixels");
            _device.Start();
            isOpen = true;
        }
        finally
        {
            if (!isOpen) Dispose();
        }

        _silenceMax = _device.FrameRate is { } rate && options.SilenceIntervals / rate > options.SilenceMax.TotalSeconds
            ? TimeSpan.FromSeconds(options.SilenceIntervals / rate)
            : options.SilenceMax;
        _lastFrame = MonoTime.Now + options.OpenTimeout - _silenceMax;
        Opened(log, Facts.Uri, Facts.Codec, Facts.Format.Width, Facts.Format.Height, Facts.FrameRate);
    }

    public CameraFacts Facts { get; }

    public CameraCounts Counts => new(_packets, _packetBytes, _corrupt, _frames);

    public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
    {
        var entered = MonoTime.Now;
        var deadline = (_lastFrame > entered ? _lastFrame : entered) + _silenceMax;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            if (!_device.TryTake(out var taken))
            {
                if (MonoTime.Now <= deadline) continue;
                throw new DeviceException(
                    _uri.Shown, "VIDIOC_DQBUF", $"no picture for {_silenceMax.TotalSeconds:0.#} s");
            }

            Received got;
            try
            {
                _packets++;
                _packetBytes += taken.Bytes.Length;
                got = Convert(taken, pool, out frame);
            }
            finally
            {
                _device.Return(taken.Index);
            }

            if (got == Received.Corrupt)
            {
                _corrupt++;
                continue;
            }

            _lastFrame = MonoTime.Now;
            return got == Received.Frame ? Capture.Frame : Capture.PoolEmpty;
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _decoder?.Dispose();
        _picture.Dispose();
        _scaler.Dispose();
    }

    (string FourCc, string Libav) Choose(List<string> offered)
    {
        foreach (var known in Known)
        {
            if (offered.Contains(known.FourCc)) return known;
        }

        string remedy = _uri.Scheme == CameraScheme.Csi
            ? "the sensor gives raw Bayer pictures, which need the Jetson's image processor: run its camera service " +
              "(nvargus-daemon) into a v4l2loopback device, or into an RTSP server, and give that address"
            : $"{string.Join(", ", Known.Select(known => known.FourCc))} are known";
        throw new DeviceException(_uri.Shown, "VIDIOC_ENUM_FMT",
            $"offers {(offered.Count == 0 ? "nothing" : string.Join(", ", offered))}: {remedy}")
        {
            IsFinal = true,
        };
    }

    Received Convert(V4l2Picture taken, FramePool pool, out Frame frame)
    {
        frame = default;
        if (taken.IsCorrupt || taken.Bytes.IsEmpty) return Received.Corrupt;
        _first ??= taken.At;
        var time = taken.At - _first.Value;
        if (_decoder is null) return Copy(taken, time, pool, out frame);
        if (!_decoder.Send(taken.Bytes, time)) return Received.Corrupt;
        var got = _decoder.Receive(pool, _first.Value, out frame);
        if (got is Received.NeedsPacket or Received.Ended) return Received.Corrupt;
        if (got == Received.Corrupt) return got;
        long index = _frames++;
        if (got == Received.Frame) frame = frame with { Index = index, At = taken.At };
        return got;
    }

    Received Copy(V4l2Picture taken, TimeSpan time, FramePool pool, out Frame frame)
    {
        frame = default;
        var format = Facts.Format;
        _picture.Allocate(_libavFormat, format.Width, format.Height);
        if (!_picture.TryFill(taken.Bytes, _device.BytesPerLine)) return Received.Corrupt;
        long index = _frames++;
        if (!pool.TryRent(out var slot)) return Received.PoolEmpty;
        try
        {
            var fitted = Decoder.Fit(format, pool.SlotBytes);
            bool isPlain = _libavFormat == PictureFormat.Yuv420p && fitted == format;
            (isPlain ? _picture : _scaler.Convert(_picture, format, fitted)).CopyTo(slot, fitted);
            frame = new Frame(slot, fitted, taken.At, index, time);
            return Received.Frame;
        }
        catch (DeviceException)
        {
            slot.Dispose();
            throw;
        }
    }

    [LoggerMessage(1202, LogLevel.Information, "{Uri}: {Format} {Width}x{Height} at {FrameRate} frames/s")]
    static partial void Opened(ILogger log, string uri, string format, int width, int height, double? frameRate);
}
