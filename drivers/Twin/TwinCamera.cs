using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// A camera onto the twin. Each frame is drawn when it is due, goes through the real H.264 encoder and the real
/// decoder, and keeps its time on the way: <see cref="Frame.StreamTime"/> is the world's time, so
/// <see cref="TwinWorld.TruthAt"/> of it is what the pixels show, also after the camera was closed and opened again
/// with the same epoch.
/// </summary>
public sealed partial class TwinCamera : ICamera, IPacketSink
{
    /// <summary>
    /// A paced camera that was not asked for a frame for longer than this many intervals goes on with the frame that
    /// is due now, as a sensor would: the ones between were never read out.
    /// </summary>
    const int IntervalsBehindMax = 10;

    readonly TwinWorld _world;
    readonly TwinAddress _address;
    readonly MonoTime _epoch;
    readonly FramePool _drawn;
    readonly Encoder _encoder;
    readonly Decoder _decoder;
    readonly ILogger _log;
    readonly long _first;
    long _next;
    long _skipped;
    long _corrupt;
    long _packetBytes;
    long _packets;

    /// <param name="world">made from the same address</param>
    /// <param name="epoch">the instant of the world's time zero</param>
    public TwinCamera(TwinWorld world, TwinAddress address, MonoTime epoch, CameraOptions options, ILogger log)
    {
        _world = world;
        _address = address;
        _epoch = epoch;
        _log = log;
        _encoder = new Encoder(new EncoderOptions
        {
            Width = address.Width,
            Height = address.Height,
            FrameRate = address.FrameRate,
            Quantiser = address.Quantiser,
            Preset = "superfast",
            Range = world.Format.Range,
            Matrix = world.Format.Matrix,
        });
        string shown = $"twin://{address.Name}?seed={address.Seed}";
        _decoder = new Decoder("h264", default, new DecoderOptions
        {
            Preference = options.Decoders,
            Threads = options.DecoderThreads,
            FrameRateAssumed = address.FrameRate,
            Device = shown,
        });
        _drawn = new FramePool(1, world.Format.Bytes); // one: the frame between drawing and encoding
        _first = _next = address.IsPaced ? Math.Max(0, Due(MonoTime.Now)) : 0;
        Facts = new CameraFacts(
            shown, world.Format, address.FrameRate, address.IsPaced, _decoder.Codec, _decoder.Name, _decoder.Reason);
        Opened(log, shown, address.Width, address.Height, address.FrameRate, address.Quantiser, _encoder.Name,
            _decoder.Name);
    }

    public CameraFacts Facts { get; }

    public CameraCounts Counts => new(_packets, _packetBytes, _corrupt, _decoder.Frames);

    /// <summary>The world it looks at.</summary>
    public TwinWorld World => _world;

    /// <summary>The instant of the world's time zero: give it to the radio.</summary>
    public MonoTime Epoch => _epoch;

    /// <summary>Frames that were due and never drawn because nobody asked in time.</summary>
    public long Skipped => _skipped;

    /// <summary>Makes the world of an address and opens a camera onto it.</summary>
    /// <param name="uri"><c>twin://NAME?…</c>, see <see cref="TwinAddress"/></param>
    /// <param name="options"><see cref="CameraOptions.Epoch"/>: the world's time zero; null: now</param>
    /// <exception cref="DeviceException">not such an address, or no encoder or decoder</exception>
    public static TwinCamera Open(string uri, CameraOptions options, ILogger log)
    {
        var address = TwinAddress.Parse(uri);
        var world = TwinWorld.Create(address.Name, address.Seed, address.Width, address.Height);
        return new TwinCamera(world, address, options.Epoch ?? MonoTime.Now, options, log);
    }

    /// <summary>Asks for another quantiser from the next segment on, 0 to 51.</summary>
    public void SetQuantiser(int quantiser) => _encoder.SetQuantiser(quantiser);

    public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
    {
        while (true)
        {
            switch (_decoder.Receive(pool, _epoch, out frame))
            {
                case Received.Frame:
                    frame = frame with { Index = Number(frame.StreamTime) - _first };
                    return Capture.Frame;
                case Received.PoolEmpty:
                    return Capture.PoolEmpty;
                case Received.Ended:
                    return Capture.Ended;
                case Received.Corrupt:
                    _corrupt++;
                    break;
                default:
                    Advance(stop);
                    break;
            }
        }
    }

    void IPacketSink.Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey)
    {
        _packets++;
        _packetBytes += bytes.Length;
        if (!_decoder.Send(bytes, pts)) _corrupt++;
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _encoder.Dispose();
        _drawn.Dispose();
    }

    /// <summary>Draws and encodes the next frame once it is due; its packet goes to the decoder.</summary>
    void Advance(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (_address.Length is { } length && Time(_next) >= length)
        {
            _decoder.SendEnd();
            return;
        }

        if (_address.IsPaced) WaitForNext(stop);
        var time = Time(_next);
        if (!_drawn.TryRent(out var slot)) Bug.Throw("the twin's only slot is still held");
        using var drawn = new Frame(slot, _world.Format, _epoch + time, _next, time);
        _world.Render(time, drawn);
        _next++;
        _encoder.Encode(drawn, this);
    }

    void WaitForNext(CancellationToken stop)
    {
        long due = Due(MonoTime.Now);
        if (due - _next > IntervalsBehindMax)
        {
            _skipped += due - _next;
            Behind(_log, Facts.Uri, due - _next, _skipped);
            _next = due;
        }

        // The wait handle ends on stop at once, the wait itself to a millisecond or so.
        var left = _epoch + Time(_next) - MonoTime.Now;
        if (left > TimeSpan.Zero && stop.WaitHandle.WaitOne(left)) stop.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Whole microseconds, as the stream's time base has them: nothing is lost between here and the decoder.
    /// </summary>
    TimeSpan Time(long number) => TimeSpan.FromMicroseconds(Math.Round(number * 1e6 / _address.FrameRate));

    long Number(TimeSpan time) => (long)Math.Round(time.TotalSeconds * _address.FrameRate);

    /// <summary>The last frame that is due at an instant.</summary>
    long Due(MonoTime at) => (long)Math.Floor((at - _epoch).TotalSeconds * _address.FrameRate);

    [LoggerMessage(1400, LogLevel.Information,
        "{Camera}: {Width}x{Height} at {FrameRate} a second, quantiser {Quantiser}, through {Encoder} and {Decoder}")]
    static partial void Opened(
        ILogger log, string camera, int width, int height, double frameRate, int quantiser, string encoder,
            string decoder);

    [LoggerMessage(1401, LogLevel.Debug, "{Camera}: {Frames} frames were not read out in time, {Skipped} so far")]
    static partial void Behind(ILogger log, string camera, long frames, long skipped);
}
