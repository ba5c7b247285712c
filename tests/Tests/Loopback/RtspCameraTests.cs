using System.Diagnostics;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A network camera that is there, goes away, freezes and returns.</summary>
public sealed class RtspCameraTests : IDisposable
{
    const int SlotBytes = 320 * 240 * 3 / 2;
    readonly string _folder = Directory.CreateTempSubdirectory("rtsp").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void A_killed_camera_is_missed_within_two_seconds_and_back_within_five_of_its_return()
    {
        using var server = StartServer();
        using var pool = new FramePool(slots: 1, SlotBytes);
        var log = new LinesLog();
        using var camera = Steady(server, log);
        ReadFor(camera, pool, TimeSpan.FromSeconds(1));
        Assert.Equal(CameraState.Running, camera.State);
        long before = camera.Counts.Frames;
        Assert.InRange(before, 15, 40);

        using var reader = new Reader(camera, pool);
        server.Kill();
        var missed = Stopwatch.StartNew();
        WaitUntil(() => camera.State == CameraState.Lost, TimeSpan.FromSeconds(10));
        Assert.True(missed.Elapsed < TimeSpan.FromSeconds(2), $"missed after {missed.Elapsed}");

        Thread.Sleep(3000); // long enough for the pauses to reach their longest
        server.Start();
        var back = Stopwatch.StartNew();
        WaitUntil(() => camera.State == CameraState.Running, TimeSpan.FromSeconds(20));
        Assert.True(back.Elapsed < TimeSpan.FromSeconds(5), $"back after {back.Elapsed}");
        WaitUntil(() => camera.Counts.Frames > before + 10, TimeSpan.FromSeconds(10));
        Assert.Equal(1, camera.Reconnects);
        Assert.True(camera.LastFrameAge < TimeSpan.FromSeconds(1));

        reader.Dispose();
        Assert.Equal(0, pool.Held);
        Assert.Equal(2, log.Lines.Count(line => line.StartsWith("121", StringComparison.Ordinal)));
        Assert.DoesNotContain(log.Lines, line => line.Contains("s3cret", StringComparison.Ordinal));
        Assert.DoesNotContain("s3cret", camera.Facts!.ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_frozen_camera_is_missed_within_two_seconds_and_back_within_five_of_its_thaw()
    {
        using var server = StartServer();
        using var pool = new FramePool(slots: 1, SlotBytes);
        using var camera = Steady(server, NullLogger.Instance);
        ReadFor(camera, pool, TimeSpan.FromSeconds(0.5));
        using var reader = new Reader(camera, pool);

        server.Freeze();
        var missed = Stopwatch.StartNew();
        WaitUntil(() => camera.State == CameraState.Lost, TimeSpan.FromSeconds(10));
        // The frame before the freeze may be 40 ms old; libav looks at the clock every 100 ms.
        Assert.InRange(missed.Elapsed.TotalSeconds, 1, 2.1);

        Thread.Sleep(2500);
        server.Thaw();
        var back = Stopwatch.StartNew();
        WaitUntil(() => camera.State == CameraState.Running, TimeSpan.FromSeconds(20));
        Assert.True(back.Elapsed < TimeSpan.FromSeconds(5), $"back after {back.Elapsed}");
    }

    [SkippableFact]
    public void A_wait_for_a_frozen_camera_ends_when_asked()
    {
        using var server = StartServer();
        using var pool = new FramePool(slots: 1, SlotBytes);
        using var camera = FfmpegCamera.Open(server.Uri, new CameraOptions(), NullLogger.Instance);
        Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
        frame.Dispose();

        server.Freeze();
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var waited = Stopwatch.StartNew();
        Assert.Throws<OperationCanceledException>(() => ReadAll(camera, pool, stop.Token));
        Assert.InRange(waited.ElapsedMilliseconds, 250, 700);
        Assert.Equal(0, pool.Held);
        server.Thaw();
    }

    [SkippableFact]
    public void A_camera_that_never_answers_is_refused_at_the_limit_without_its_password()
    {
        RtspServer.Require();
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        string uri = $"rtsp://viewer:s3cret@127.0.0.1:{((System.Net.IPEndPoint)silent.LocalEndpoint).Port}/live";
        var waited = Stopwatch.StartNew();
        var refused = Assert.Throws<DeviceException>(() => FfmpegCamera.Open(
            uri, new CameraOptions { OpenTimeout = TimeSpan.FromSeconds(1) }, NullLogger.Instance));
        Assert.InRange(waited.Elapsed.TotalSeconds, 0.9, 2);
        Assert.Contains("no answer within 1 s", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsFinal);
    }

    static void ReadAll(ICamera camera, FramePool pool, CancellationToken stop)
    {
        while (camera.Next(pool, out var frame, stop) == Capture.Frame) frame.Dispose();
    }

    RtspServer StartServer()
    {
        RtspServer.Require();
        var server = new RtspServer(RtspServer.MakeVideo(_folder));
        server.Start();
        return server;
    }

    static SteadyCamera Steady(RtspServer server, ILogger log) => new(
        CameraUri.Parse(server.Uri).Shown, isLive: true,
        stop => FfmpegCamera.Open(server.Uri, new CameraOptions(), log, stop), new ReconnectOptions(), log);

    static void ReadFor(SteadyCamera camera, FramePool pool, TimeSpan time)
    {
        Stopwatch? watch = null;
        while (watch is null || watch.Elapsed < time)
        {
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            watch ??= Stopwatch.StartNew();
            Assert.Equal((320, 240), (frame.Format.Width, frame.Format.Height));
            frame.Dispose();
        }
    }

    internal static void WaitUntil(Func<bool> isSo, TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(watch.Elapsed < limit, $"still not so after {limit}");
            Thread.Sleep(10);
        }
    }

    sealed class Reader : IDisposable
    {
        readonly CancellationTokenSource _stop = new();
        readonly Thread _thread;

        public Reader(SteadyCamera camera, FramePool pool)
        {
            _thread = new Thread(() =>
            {
                try
                {
                    while (true)
                    {
                        if (camera.Next(pool, out var frame, _stop.Token) == Capture.Frame) frame.Dispose();
                    }
                }
                catch (OperationCanceledException) { }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            if (_stop.IsCancellationRequested) return;
            _stop.Cancel();
            _thread.Join();
        }
    }

    sealed class LinesLog : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (Lines) Lines.Add($"{eventId.Id} {formatter(state, exception)}");
        }
    }
}
