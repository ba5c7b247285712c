namespace EdgeAppliance.Image.Build.Setup;

/// <summary>The table of everything that the verbs need beyond the .NET SDK.</summary>
static class Needs
{
    public static readonly Need[] All =
    [
        new("npm, which brings ONNX Runtime", Groups.Build, Program("npm"), Apt.Named("npm")),
        new("ONNX Runtime (C# sources and native library)", Groups.Build, NodePackages.AreThere, new Npm()),

        // libav 4.4 to 7.1, as Ubuntu 20.04 to 24.04 (JetPack 5 to 7) and Debian 12 and 13 have it.
        new("libavcodec, decoding and encoding", Groups.Run, Library("libavcodec", 58, 59, 60, 61),
            Apt.Versioned("libavcodec", 61, 60, 59, 58)),
        new("libavformat, files and streams", Groups.Run, Library("libavformat", 58, 59, 60, 61),
            Apt.Versioned("libavformat", 61, 60, 59, 58)),
        new("libavutil, libav's foundation", Groups.Run, Library("libavutil", 56, 57, 58, 59),
            Apt.Versioned("libavutil", 59, 58, 57, 56)),
        new("libswscale, scaling", Groups.Run, Library("libswscale", 5, 6, 7, 8),
            Apt.Versioned("libswscale", 8, 7, 6, 5)),
        new("libmosquitto, the MQTT client", Groups.Run, Library("libmosquitto", 1), Apt.Named("libmosquitto1")),
        new("libsqlite3, the spool's database", Groups.Run, Library("libsqlite3", 0), Apt.Named("libsqlite3-0")),
        new("libsystemd, Bluetooth over its bus", Groups.Run, Library("libsystemd", 0), Apt.Named("libsystemd0")),

        new("mosquitto, the MQTT broker of demo and tests", Groups.Demo, Program("mosquitto"),
            Apt.Named("mosquitto")),

        new("ffmpeg, which makes test recordings and is what decoding is measured against", Groups.Test,
            Program("ffmpeg"), Apt.Named("ffmpeg")),
        new("chromium, which opens the status page in tests", Groups.Test,
            () => Program("chromium")() || Program("chromium-browser")() || Program("google-chrome")(),
            new Apt(["chromium", "chromium-browser"])),
        new("python3 with GObject bindings, which runs the RTSP server of tests", Groups.Test,
            Introspection("GLib-2.0"), Apt.Named("python3-gi", "gir1.2-glib-2.0")),
        new("GStreamer's RTSP server, the camera of tests", Groups.Test, Introspection("GstRtspServer-1.0"),
            Apt.Named("gir1.2-gst-rtsp-server-1.0")),
        new("GStreamer plug-ins: sources and RTP", Groups.Test, Plugins("libgstapp.so", "libgstrtp.so"),
            Apt.Named("gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good")),
        new("GStreamer plug-ins: H.264 parsing", Groups.Test, Plugins("libgstvideoparsersbad.so"),
            Apt.Named("gstreamer1.0-plugins-bad")),
        new("dbus-daemon, the message bus of tests", Groups.Test, Program("dbus-daemon"), Apt.Named("dbus")),
        new("python3-dbusmock, the bluetoothd of tests", Groups.Test,
            () => Directory.Exists("/usr/lib/python3/dist-packages/dbusmock"), Apt.Named("python3-dbusmock")),
    ];

    static Func<bool> Program(string name) => () => Tool.Find(name) is not null;

    static Func<bool> Library(string stem, params int[] versions) =>
        () => versions.Any(v => Libraries.IsThere($"{stem}.so.{v}"));

    static Func<bool> Introspection(string name) => () => Libraries.HasBeside("girepository-1.0", name + ".typelib");

    static Func<bool> Plugins(params string[] names) =>
        () => names.All(n => Libraries.HasBeside("gstreamer-1.0", n));
}
