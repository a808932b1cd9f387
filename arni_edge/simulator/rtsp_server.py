"""A camera's RTSP server: raw I420 pictures on stdin, an H.264 stream on 127.0.0.1.

A stand-alone program for the system's Python, because GStreamer's bindings come from the distribution and
not from a package index: it imports nothing of this project and nothing newer than Python 3.10. It ends when
stdin ends, so no server outlives its camera. The password comes through the environment, where ``ps`` does
not show it.
"""

import argparse
import json
import os
import sys
import threading
from typing import Any

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer
except (ImportError, ValueError) as error:
    # Nothing can be imported yet that could tell it more politely; the camera reads this line.
    sys.stdout.write(json.dumps({"error": f"{sys.executable} has no GStreamer RTSP server ({error})"}) + "\n")
    sys.exit(1)

_ROLE = "viewer"
_PIPELINE = (
    "( appsrc name=pictures is-live=true do-timestamp=true format=time max-buffers=2 leaky-type=downstream"
    " caps=video/x-raw,format=I420,width={width},height={height},framerate={fps}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast bitrate={kbit} key-int-max={fps} threads=1"
    " ! video/x-h264,profile=constrained-baseline ! h264parse"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


class Pictures:
    """Hands the newest picture to the encoder while somebody watches; drops it while nobody does."""

    def __init__(self) -> None:
        self._source: Any = None
        self._lock = threading.Lock()

    def configure(self, _factory: Any, media: Any) -> None:
        """A first client came: remember the new pipeline's entrance. Clients share one pipeline."""
        with self._lock:
            self._source = media.get_element().get_by_name_recurse_up("pictures")
        media.connect("unprepared", self._forget)

    def _forget(self, _media: Any) -> None:
        with self._lock:
            self._source = None

    def push(self, picture: bytes) -> None:
        """Encode a picture, stamped with the time of its arrival."""
        with self._lock:
            if self._source is not None:
                self._source.emit("push-buffer", Gst.Buffer.new_wrapped(picture))


def read_pictures(size: int, pictures: Pictures, loop: Any) -> None:
    """Pass pictures on until the camera closes the pipe."""
    while True:
        picture = sys.stdin.buffer.read(size)
        if len(picture) < size:
            GLib.idle_add(loop.quit)  # and not quit() at once, which a loop that has yet to run would miss
            return
        pictures.push(picture)


def tell(answer: "dict[str, object]") -> None:
    """Answer the camera that started this server: one line of JSON."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def make_factory(options: argparse.Namespace, pictures: Pictures) -> Any:
    """One pipeline for all clients, over TCP only."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        _PIPELINE.format(width=options.width, height=options.height, fps=options.fps, kbit=options.kbit)
    )
    factory.set_shared(True)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    factory.set_latency(0)
    factory.connect("media-configure", pictures.configure)
    return factory


def protect(server: Any, factory: Any, method: str, user: str, password: str) -> None:
    """Ask every client for user and password, by the method that this camera knows."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", _ROLE)
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(_ROLE, "media.factory.access", True)
    permissions.add_permission_for_role(_ROLE, "media.factory.construct", True)
    factory.set_permissions(permissions)
    server.set_auth(auth)


def main() -> int:
    """Serve until stdin ends; the first line on stdout tells the port."""
    arguments = argparse.ArgumentParser()
    for name in ("port", "width", "height", "fps", "kbit"):
        arguments.add_argument(f"--{name}", type=int, required=True)
    arguments.add_argument("--path", required=True)
    arguments.add_argument("--auth", choices=("digest", "basic"), default="digest")
    options = arguments.parse_args()
    Gst.init(None)
    if Gst.ElementFactory.find("x264enc") is None:
        tell({"error": "GStreamer has no x264enc"})
        return 1
    server, loop, pictures = GstRtspServer.RTSPServer(), GLib.MainLoop(), Pictures()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    factory = make_factory(options, pictures)
    user, password = os.environ.pop("CAMERA_USER", ""), os.environ.pop("CAMERA_PASSWORD", "")
    if user:
        protect(server, factory, options.auth, user, password)
    server.get_mount_points().add_factory("/" + options.path, factory)
    if not server.attach(None):
        tell({"error": f"port {options.port} is taken"})
        return 1
    tell({"port": server.get_bound_port()})
    # Sessions of clients that vanished keep the encoder running until somebody clears them away.
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    size = options.width * options.height * 3 // 2
    threading.Thread(target=read_pictures, args=(size, pictures, loop), daemon=True).start()
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
