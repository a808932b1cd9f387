"""A camera whose key frames come in two halves, each marked as whole: a decoder gets grey and smears."""

import contextlib
import subprocess
from collections.abc import Iterator

from arni_edge.simulator.rtsp_process import SYSTEM_PYTHON

# Slices of one picture (sliced threads) without h264parse, which would put them together again.
_SERVER = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server, factory = GstRtspServer.RTSPServer(), GstRtspServer.RTSPMediaFactory()
server.set_address("127.0.0.1")
server.set_service("0")
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=10/1"
    " ! x264enc tune=zerolatency sliced-threads=true threads=2 speed-preset=ultrafast key-int-max=10"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
server.get_mount_points().add_factory("/door", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


@contextlib.contextmanager
def damaged_camera() -> Iterator[int]:
    """Serve ``/door`` on 127.0.0.1; yields the port."""
    with subprocess.Popen([SYSTEM_PYTHON, "-c", _SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()
