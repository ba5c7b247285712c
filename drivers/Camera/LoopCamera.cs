using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>
/// A recording shown as a live camera: at its own pace, from the beginning again after its end. What a camera would do
/// to the appliance, with pictures that are known.
/// </summary>
public sealed class LoopCamera : ICamera
{
    /// <summary>Whoever is farther behind than this is not waited for: the recording goes on from there.</summary>
    static readonly TimeSpan BehindMax = TimeSpan.FromSeconds(1);

    /// <summary>From the last frame of a round to the first of the next, where no rate is stated.</summary>
    static readonly TimeSpan IntervalAssumed = TimeSpan.FromSeconds(0.04);

    readonly string _file;
    readonly CameraOptions _options;
    readonly ILogger _log;
    readonly TimeSpan _interval;
    MonoTime _epoch;
    ICamera _round;
    CameraCounts _before;
    TimeSpan _begin, _last;
    bool _isEmpty = true;

    /// <param name="options"><see cref="CameraOptions.Epoch"/>: when the first frame is due; null: now</param>
    /// <exception cref="DeviceException">no such file, or nothing in it that can be decoded</exception>
    public LoopCamera(CameraUri uri, CameraOptions options, ILogger log, CancellationToken stop)
    {
        (_file, _options, _log) = ($"file:{uri.Target}", options, log);
        _round = FfmpegCamera.Open(_file, options, log, stop);
        _epoch = options.Epoch ?? MonoTime.Now;
        _interval = _round.Facts.FrameRate is { } rate and > 0 ? TimeSpan.FromSeconds(1 / rate) : IntervalAssumed;
        Facts = _round.Facts with { Uri = uri.Shown, IsLive = true };
    }

    public CameraFacts Facts { get; }

    public CameraCounts Counts => _before.Plus(_round.Counts);

    /// <summary>Times it was begun again.</summary>
    public long Rounds { get; private set; }

    public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
    {
        while (true)
        {
            var got = _round.Next(pool, out frame, stop);
            if (got == Capture.Ended)
            {
                BeginAgain(stop);
                continue;
            }

            if (got != Capture.Frame)
            {
                // A picture that found no room took its time too: else the recording would run ahead.
                stop.WaitHandle.WaitOne(_interval);
                return got;
            }

            _isEmpty = false;
            _last = _begin + frame.StreamTime;
            Wait(frame, stop);
            frame = frame with
            {
                At = _epoch + _last,
                StreamTime = _last,
                Index = _before.Frames + frame.Index,
            };
            return got;
        }
    }

    public void Dispose() => _round.Dispose();

    void BeginAgain(CancellationToken stop)
    {
        if (_isEmpty)
            throw new DeviceException(Facts.Uri, "decode", "no frame in the whole recording") { IsFinal = true };
        // Opened before the other is closed: a file that is gone by now leaves something to close.
        var next = FfmpegCamera.Open(_file, _options, _log, stop);
        _before = Counts;
        _round.Dispose();
        _round = next;
        _begin = _last + _interval;
        _isEmpty = true;
        Rounds++;
    }

    void Wait(in Frame frame, CancellationToken stop)
    {
        var left = _epoch + _last - MonoTime.Now;
        if (left < -BehindMax) _epoch += -left;
        if (left <= TimeSpan.Zero) return;
        // The handle counts whole milliseconds: rounded down a frame would be of the future.
        if (!stop.WaitHandle.WaitOne((int)Math.Ceiling(left.TotalMilliseconds))) return;
        frame.Dispose();
        throw new OperationCanceledException(stop);
    }
}
