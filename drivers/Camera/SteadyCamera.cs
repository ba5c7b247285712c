using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>Where a camera stands.</summary>
public enum CameraState
{
    /// <summary>Being opened for the first time.</summary>
    Opening,

    /// <summary>Frames come.</summary>
    Running,

    /// <summary>Gone; opened again and again until it answers.</summary>
    Lost,

    /// <summary>A recording read to its end.</summary>
    Ended,
}

/// <summary>How long to wait between two tries to open a lost camera.</summary>
public sealed record ReconnectOptions
{
    /// <summary>After the first failure; doubled after each further one.</summary>
    public TimeSpan PauseFirst { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>
    /// The longest: with its jitter and the time to connect it must stay below the 5 s in which a camera is back after
    /// its source is.
    /// </summary>
    public TimeSpan PauseMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Each pause is up to this part longer or shorter, so that many devices do not knock at once.</summary>
    public double Jitter { get; init; } = 0.25;
}

/// <summary>
/// A camera that stays: sessions of an <see cref="ICamera"/> one after another, opened again for ever when a live one
/// is lost. A recording is read once: its end ends it, and its faults go to the caller. One thread reads; the counters
/// may be looked at from any.
/// </summary>
public sealed partial class SteadyCamera : IDisposable
{
    readonly Func<CancellationToken, ICamera> _open;
    readonly string _name;
    readonly bool _isLive;
    readonly ReconnectOptions _options;
    readonly ILogger _log;
    readonly Random _random = new();
    ICamera? _session;
    CameraCounts _before;
    MonoTime _lostAt;
    MonoTime? _firstAt;
    TimeSpan _sessionOffset;
    TimeSpan _pause;
    long _lastFrameNs;
    long _reconnects;
    long _attempts;
    int _state;
    bool _isSessionProven;

    /// <param name="name">for people, without secrets</param>
    /// <param name="isLive">true: reopened for ever; false: a recording, read once</param>
    /// <param name="open">opens one session; throws <see cref="DeviceException"/> when it cannot</param>
    public SteadyCamera(
        string name, bool isLive, Func<CancellationToken, ICamera> open, ReconnectOptions options, ILogger log)
    {
        _name = name;
        _isLive = isLive;
        _open = open;
        _options = options;
        _log = log;
        _pause = options.PauseFirst;
    }

    public CameraState State => (CameraState)Volatile.Read(ref _state);

    /// <summary>What the present or latest session is; null before the first one opens.</summary>
    public CameraFacts? Facts { get; private set; }

    /// <summary>How often a lost camera came back.</summary>
    public long Reconnects => Interlocked.Read(ref _reconnects);

    /// <summary>Tries to open it, successful or not.</summary>
    public long Attempts => Interlocked.Read(ref _attempts);

    /// <summary>Time since the last decoded frame; null before the first one.</summary>
    public TimeSpan? LastFrameAge =>
        Interlocked.Read(ref _lastFrameNs) is var at and not 0 ? MonoTime.Now - new MonoTime(at) : null;

    /// <summary>Why the camera was lost the last time; null while it never was.</summary>
    public string? LastFault { get; private set; }

    /// <summary>Counted over all sessions.</summary>
    public CameraCounts Counts => _session is { } session ? _before.Plus(session.Counts) : _before;

    /// <summary>
    /// Waits for the next frame, through losses of a live camera too. Frame numbers and stream times go on over
    /// sessions.
    /// </summary>
    /// <param name="pool">lends the frame's slot</param>
    /// <param name="frame">the frame when the answer is <see cref="Capture.Frame"/></param>
    /// <param name="stop">ends the wait: <see cref="OperationCanceledException"/></param>
    /// <exception cref="DeviceException">a recording's fault, or one that no further try can mend</exception>
    public Capture Next(FramePool pool, out Frame frame, CancellationToken stop)
    {
        while (true)
        {
            if (_session is null)
            {
                if (State == CameraState.Lost) Pause(stop);
                if (!TryOpen(stop)) continue;
            }

            try
            {
                var got = _session!.Next(pool, out frame, stop);
                if (got != Capture.Ended)
                {
                    Prove();
                    if (got == Capture.Frame) frame = Continue(frame);
                    return got;
                }

                if (!_isLive)
                {
                    SetState(CameraState.Ended);
                    return got;
                }

                Lose("the stream said goodbye");
            }
            catch (DeviceException fault) when (_isLive && !fault.IsFinal)
            {
                Lose(fault.Message);
            }
        }
    }

    public void Dispose() => EndSession();

    bool TryOpen(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _attempts);
        try
        {
            _session = _open(stop);
            _isSessionProven = false;
            Facts = _session.Facts;
            return true;
        }
        catch (DeviceException fault) when (_isLive && !fault.IsFinal)
        {
            Lose(fault.Message);
            return false;
        }
    }

    // Opened is not back: the first frame is, and only it shortens the next pause again.
    void Prove()
    {
        Interlocked.Exchange(ref _lastFrameNs, MonoTime.Now.Nanoseconds);
        if (_isSessionProven) return;
        _isSessionProven = true;
        _pause = _options.PauseFirst;
        if (State == CameraState.Lost)
        {
            Interlocked.Increment(ref _reconnects);
            Back(_log, _name, (MonoTime.Now - _lostAt).TotalSeconds, Reconnects, Attempts);
        }

        _sessionOffset = TimeSpan.MinValue;
        SetState(CameraState.Running);
    }

    Frame Continue(in Frame frame)
    {
        _firstAt ??= frame.At - frame.StreamTime;
        if (_sessionOffset == TimeSpan.MinValue) _sessionOffset = frame.At - frame.StreamTime - _firstAt.Value;
        return frame with { Index = _before.Frames + frame.Index, StreamTime = frame.StreamTime + _sessionOffset };
    }

    void Lose(string reason)
    {
        bool isProven = _isSessionProven;
        EndSession();
        LastFault = reason;
        if (State != CameraState.Lost)
        {
            _lostAt = MonoTime.Now;
            SetState(CameraState.Lost);
            Lost(_log, _name, reason);
        }

        // The first try after frames came is made at once: a camera that only restarted its stream is back soonest so.
        if (isProven) _pause = TimeSpan.Zero;
    }

    void Pause(CancellationToken stop)
    {
        double jitter = 1 + (_options.Jitter * ((2 * _random.NextDouble()) - 1));
        if (stop.WaitHandle.WaitOne(_pause * jitter)) throw new OperationCanceledException(stop);
        _pause = TimeSpan.FromTicks(
            Math.Clamp(_pause.Ticks * 2, _options.PauseFirst.Ticks, _options.PauseMax.Ticks));
    }

    void EndSession()
    {
        if (_session is not { } session) return;
        _before = _before.Plus(session.Counts);
        _session = null;
        _isSessionProven = false;
        session.Dispose();
    }

    void SetState(CameraState state) => Volatile.Write(ref _state, (int)state);

    [LoggerMessage(1210, LogLevel.Warning, "{Camera}: lost ({Reason}); trying again until it answers")]
    static partial void Lost(ILogger log, string camera, string reason);

    [LoggerMessage(1211, LogLevel.Information,
        "{Camera}: back after {Seconds:F1} s (reconnects {Reconnects}, tries {Tries})")]
    static partial void Back(ILogger log, string camera, double seconds, long reconnects, long tries);
}
