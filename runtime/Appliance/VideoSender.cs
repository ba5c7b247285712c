using System.Buffers;
using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>
/// The camera's frames as segments of video to the endpoint, on a thread of its own. A segment that cannot go out at
/// once is dropped: nobody wants it later.
/// </summary>
sealed partial class VideoSender : IDisposable
{
    /// <summary>A segment ends at the latest with so many frames.</summary>
    const int FramesMax = 600;

    readonly VideoSettings _settings;
    readonly string _device;
    readonly string _camera;
    readonly Func<VideoCoding> _coding;
    readonly Func<byte[], bool> _send;
    readonly ILogger _log;
    readonly Bytes _bytes = new();
    Encoder? _encoder;
    (int Width, int Height) _size;
    VideoCoding _now;
    (TimeSpan At, FrameFormat Format)? _first;
    TimeSpan _last;
    MonoTime? _next;
    int _frames;
    long _sent, _dropped, _number;
    volatile Sighting? _sighting;
    volatile Made? _made;

    sealed record Made(SegmentSpent Spent, VideoSegment Segment);

    sealed record Sighting(ImmutableArray<Detection> Seen, FrameFormat Format);

    /// <param name="camera">its address without secrets</param>
    /// <param name="coding">asked where a segment begins</param>
    /// <param name="send">a payload to the broker; false: it did not go out</param>
    public VideoSender(
        VideoSettings settings, string device, string camera, Func<VideoCoding> coding, Func<byte[], bool> send,
        ILogger log)
    {
        (_settings, _device, _camera, _coding, _send, _log) = (settings, device, camera, coding, send, log);
        Frames = Link.Latest<Frame>("video", FrameBudget.QueuedForVideo, frame => frame.Dispose());
    }

    /// <summary>Null where none is to be sent.</summary>
    /// <param name="knobs">choose the coding; null: it stays as it is set</param>
    public static VideoSender? TryCreate(
        ApplianceSettings settings, string camera, Adapting? knobs, Uplink uplink, ILogger log)
    {
        var own = settings.Video;
        if (!own.Enabled) return null;
        var asSet = new VideoCoding(new SegmentCoding(own.Quantiser, 1), own.Coarser, 0);
        return new VideoSender(
            own, settings.DeviceName, camera, () => knobs?.Stages.Coding ?? asSet, uplink.Stream, log);
    }

    /// <summary>From the camera's thread to the encoder's.</summary>
    public Link<Frame> Frames { get; }

    /// <summary>Segments that went out.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Segments that did not.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>What the last segment took, sent or not; null before the first.</summary>
    public SegmentSpent? Last => _made?.Spent;

    /// <summary>For the status page. Any thread.</summary>
    public VideoStatus Status
    {
        get
        {
            var (made, segment) = (_made?.Spent, _made?.Segment);
            return new VideoStatus(Sent, Dropped, made?.BitsPerS / 1000, segment?.Width, segment?.Height,
                segment?.Quantiser, segment?.Coarser);
        }
    }

    /// <summary>Takes a share of a frame whose turn it is; the caller's own lease stays the caller's.</summary>
    public void Offer(in Frame frame)
    {
        // A tenth of an interval early is in time: cameras are not exact.
        var interval = TimeSpan.FromSeconds(1 / _settings.RateMax);
        if (_next is { } next && next - frame.At > interval / 10) return;
        // A frame that was late does not make the next one late; after a pause the beat begins anew.
        _next = (_next is { } due && frame.At - due < interval ? due : frame.At) + interval;
        Frames.Send(frame.Share());
    }

    /// <summary>Notes where something was seen: there the picture stays fine. Any thread.</summary>
    public void Saw(ImmutableArray<Detection> seen, FrameFormat format) => _sighting = new Sighting(seen, format);

    /// <summary>Encodes until the camera ends; what is under way then goes out. The video thread's work.</summary>
    public void Run()
    {
        Frames.Drain(Encode);
        if (_first is not null) End(_last + TimeSpan.FromSeconds(1 / _settings.RateMax));
    }

    void Encode(Frame frame)
    {
        using (frame)
        {
            if (_first is { } first && IsOver(first, frame)) End(frame.StreamTime);
            if (_first is null) Begin(frame);
            _encoder!.Encode(frame, _bytes);
            _last = frame.StreamTime;
            _frames++;
        }
    }

    public void Dispose() => _encoder?.Dispose();

    bool IsOver((TimeSpan At, FrameFormat Format) first, in Frame frame) =>
        frame.StreamTime - first.At >= TimeSpan.FromSeconds(_settings.SegmentS)
        || frame.StreamTime < _last // the camera was opened anew
        || frame.Format != first.Format || _frames >= FramesMax || _bytes.Length > VideoFrame.VideoBytesMax / 2;

    void Begin(in Frame frame)
    {
        _now = _coding();
        var size = _now.Segment.SizeOf(frame.Format);
        if (_encoder is null || size != _size) Open(size, frame.Format);
        _encoder!.SetQuantiser(Math.Min(51, _now.Segment.Quantiser + _now.Coarser));
        _encoder.SetRegions(_now.Coarser > 0 && _sighting is { } sighting
            ? SeenRegions.Of(sighting.Seen, sighting.Format, size, _now.Coarser) : []);
        _encoder.EndSegment();
        (_first, _frames) = ((frame.StreamTime, frame.Format), 0);
    }

    void Open((int Width, int Height) size, FrameFormat format)
    {
        _encoder?.Dispose();
        _encoder = new Encoder(new EncoderOptions
        {
            Width = size.Width,
            Height = size.Height,
            Range = format.Range,
            Matrix = format.Matrix,
            SegmentFrames = FramesMax,
            FrameRate = _settings.RateMax,
            Regions = true,
        });
        _size = size;
        LogOpened(size.Width, size.Height, _encoder.Name);
    }

    void End(TimeSpan next)
    {
        var began = _first!.Value.At;
        var segment = new VideoSegment(
            VideoSegment.CurrentVersion, _device, _camera, ++_number, DateTimeOffset.UtcNow, SampleOrigin.TrustNow(),
            began.TotalSeconds, Math.Max(0, (next - began).TotalSeconds), _frames,
            _size.Width, _size.Height, _now.Segment.Quantiser, _now.Coarser, _now.Setting);
        bool isSent = _send(VideoFrame.Write(segment, _bytes.Written));
        if (isSent) Interlocked.Increment(ref _sent);
        else if (BitOperations.IsPow2(Interlocked.Increment(ref _dropped))) LogDropped(_number, Dropped);

        if (segment.Seconds > 0)
        {
            double bitsPerS = 8 * _bytes.Length / segment.Seconds;
            _made = new Made(new SegmentSpent(bitsPerS, _now.Setting, MonoTime.Now), segment);
        }

        _first = null;
        _bytes.Clear();
    }

    /// <summary>A segment's packets, one behind the other.</summary>
    sealed class Bytes : IPacketSink
    {
        readonly ArrayBufferWriter<byte> _writer = new();

        public int Length => _writer.WrittenCount;

        public ReadOnlySpan<byte> Written => _writer.WrittenSpan;

        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey) => _writer.Write(bytes);

        public void Clear() => _writer.ResetWrittenCount();
    }

    [LoggerMessage(4920, LogLevel.Information, "video is sent as {Width}x{Height}, encoded by {Encoder}")]
    partial void LogOpened(int width, int height, string encoder);

    [LoggerMessage(4921, LogLevel.Warning,
        "segment {Number} of the video is dropped (time {Times}): no connection, or slower than the video")]
    partial void LogDropped(long number, long times);
}
