"""An RTSP server on 127.0.0.1 for the camera's tests: serves one H.264 file in a loop under /live, paced as recorded.

Usage: rtsp_server.py PORT FILE.h264.mp4   prints "ready" once it listens.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
port, path = sys.argv[1], sys.argv[2]
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f'( filesrc location="{path}" ! qtdemux ! h264parse config-interval=-1 ! '
    "rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
server.get_mount_points().add_factory("/live", factory)
if server.attach(None) == 0:
    sys.exit(f"cannot listen on {port}")
print("ready", flush=True)
GLib.MainLoop().run()
