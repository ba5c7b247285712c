using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>Measures the process's memory, so nothing else may run in it meanwhile.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;

/// <summary>Opened and closed a thousand times.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class LiveCameraLeakTests
{
    [SkippableFact]
    public void A_thousand_sessions_leak_neither_descriptors_nor_memory()
    {
        EncoderTests.RequireLibav();
        Skip.IfNot(Directory.Exists("/proc/self/fd"), "needs Linux's /proc");
        string path = Path.Combine(Path.GetTempPath(), $"sessions-{Environment.ProcessId}.h264");
        WriteShortVideo(path);
        try
        {
            using var pool = new FramePool(slots: 1, 64 * 64 * 3 / 2);
            for (int i = 0; i < 100; i++) ReadOnce(path, pool);
            int opened = CountOpen(path);
            long before = Resident();
            for (int i = 0; i < 1000; i++) ReadOnce(path, pool);
            Assert.Equal(opened, CountOpen(path));
            // A decoder of this size holds about 1 MB: one leaked in a hundred sessions would show.
            long grown = Resident() - before;
            Assert.True(grown < 30_000_000, $"{grown / 1e6:F1} MB more after 1000 sessions");
            Assert.Equal(0, pool.Held);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [SkippableFact]
    public void A_thousand_refused_tries_leak_no_descriptor()
    {
        EncoderTests.RequireLibav();
        Skip.IfNot(Directory.Exists("/proc/self/fd"), "needs Linux's /proc");
        string uri = $"rtsp://127.0.0.1:{RtspServer.FreePort()}/live";
        int before = Directory.GetFiles("/proc/self/fd").Length;
        for (int i = 0; i < 1000; i++)
        {
            var refused = Assert.Throws<DeviceException>(
                () => FfmpegCamera.Open(uri, new CameraOptions(), NullLogger.Instance).Dispose());
            Assert.Contains("refused", refused.Message, StringComparison.OrdinalIgnoreCase);
        }

        // Other tests open files of their own meanwhile, but not a thousand.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 100);
    }

    static void ReadOnce(string path, FramePool pool)
    {
        using var camera = FfmpegCamera.Open(
            $"file:{path}", new CameraOptions { Decoders = ["h264"] }, NullLogger.Instance);
        Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
        frame.Dispose();
    }

    static void WriteShortVideo(string path)
    {
        var size = new FrameFormat(64, 64, ColourRange.Limited, ColourMatrix.Bt709);
        using var pool = new FramePool(slots: 1, size.Bytes);
        using var file = File.Create(path);
        using var encoder = new FileEncoder(file);
        for (int i = 0; i < 5; i++)
        {
            using var drawn = TestPictures.Draw(pool, size, i);
            encoder.Write(drawn);
        }
    }

    static int CountOpen(string path) => Directory.EnumerateFiles("/proc/self/fd")
        .Count(descriptor => new FileInfo(descriptor).LinkTarget == path);

    static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    sealed class FileEncoder(FileStream file) : IPacketSink, IDisposable
    {
        readonly Encoder _encoder = new(new EncoderOptions
        {
            Width = 64,
            Height = 64,
            Preference = ["libx264"],
        });

        public void Write(in Frame frame) => _encoder.Encode(frame, this);

        public void Take(ReadOnlySpan<byte> bytes, TimeSpan pts, bool isKey) => file.Write(bytes);

        public void Dispose() => _encoder.Dispose();
    }
}
