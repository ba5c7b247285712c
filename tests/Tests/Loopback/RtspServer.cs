using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A real RTSP server (GStreamer's) in a process of its own on a free port of 127.0.0.1.</summary>
sealed class RtspServer : IDisposable
{
    readonly string _video;
    readonly int _port = FreePort();
    Process? _process;

    public RtspServer(string video) => _video = video;

    public string Uri => $"rtsp://viewer:s3cret@127.0.0.1:{_port}/live";

    public static void Require()
    {
        EncoderTests.RequireLibav();
        Skip.IfNot(File.Exists("/usr/bin/ffmpeg"), "needs the ffmpeg program: apt-get install ffmpeg");
        using var probe = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Probe])
        {
            RedirectStandardError = true,
        })!;
        probe.StandardError.ReadToEnd();
        probe.WaitForExit();
        Skip.If(probe.ExitCode != 0, "needs GStreamer's RTSP server: apt-get install python3-gi " +
            "gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad");
    }

    /// <summary>A minute of a test pattern with a key frame twice a second, 320x240 at 25.</summary>
    public static string MakeVideo(string folder)
    {
        string path = Path.Combine(folder, "pattern.mp4");
        LibavLayoutTests.Run("/usr/bin/ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
            "testsrc=size=320x240:rate=25:duration=60", "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-bf",
            "0", "-pix_fmt", "yuv420p", "-crf", "35", path);
        return path;
    }

    public void Start()
    {
        string script = Path.Combine(SharedData.Root, "tests", "Tests", "Loopback", "rtsp_server.py");
        _process = Process.Start(new ProcessStartInfo("/usr/bin/python3", [script, $"{_port}", _video])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", _process.StandardOutput.ReadLine());
    }

    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Freeze() => Signal("STOP");

    public void Thaw() => Signal("CONT");

    public void Dispose()
    {
        if (_process is not null) Kill();
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    void Signal(string name) => LibavLayoutTests.Run("/bin/sh", "-c", $"kill -{name} {_process!.Id}");

    const string Probe = "import gi; gi.require_version('GstRtspServer','1.0'); from gi.repository import Gst; " +
        "Gst.init(None); import sys; " +
        "sys.exit(not all(map(Gst.ElementFactory.find, ['qtdemux','h264parse','rtph264pay'])))";
}
