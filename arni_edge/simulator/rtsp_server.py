"""A camera's RTSP server: raw I420 pictures on stdin, an H.264 or H.265 stream on 127.0.0.1.

A stand-alone program for the system's Python, because GStreamer's bindings come from the distribution and
not from a package index: it imports nothing of this project and nothing newer than Python 3.10. It ends when
stdin ends, so no server outlives its camera. The password comes through the environment, where ``ps`` does
not show it.

On stdin each message begins with eight bytes: two little-endian numbers of 32 bits. Width and height are
followed by a picture of that size; 0 and a length by a new password in UTF-8, upon which all clients are sent
away.
"""

import argparse
import json
import os
import struct
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
_HEADER = struct.Struct("<II")
_CAPS = "video/x-raw,format=I420,width={width},height={height},framerate={fps}/1"
_PICTURES = (
    "( appsrc name=pictures is-live=true do-timestamp=true format=time max-buffers=2 leaky-type=downstream"
    " caps=" + _CAPS + " ! {encoder} )"
)
_ENCODERS = {
    "h264": "x264enc {order} speed-preset=ultrafast {rate} key-int-max={gop} threads=1"
    " ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h265": "x265enc {order} speed-preset=ultrafast {rate} key-int-max={gop}"
    " option-string=pools=none:frame-threads=1 ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1",
}
_MICROPHONE = " audiotestsrc is-live=true volume=0.1 ! alawenc ! rtppcmapay name=pay1 pt=8 )"


class Pictures:
    """Hands the newest picture to whoever encodes it; drops it while nobody watches."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._fps = options.fps
        self._size = (options.width, options.height)
        # Clients share one pipeline, but those who come by another port (through a cable with faults) get one
        # of their own; and the last one's may not be gone yet when the next one's is there.
        self._pipelines: list[tuple[Any, Any]] = []
        self._lock = threading.Lock()

    def configure(self, _factory: Any, media: Any) -> None:
        """A first client came: remember the new pipeline's entrance."""
        source = media.get_element().get_by_name_recurse_up("pictures")
        with self._lock:
            self._pipelines.append((media, source))
            self._tell_size(source)
        media.connect("unprepared", self._forget)

    def _forget(self, media: Any) -> None:
        with self._lock:
            self._pipelines = [one for one in self._pipelines if one[0] is not media]

    def push(self, width: int, height: int, picture: bytes) -> None:
        """Encode a picture, stamped with the time of its arrival."""
        with self._lock:
            changed, self._size = self._size != (width, height), (width, height)
            for _, source in self._pipelines:
                if changed:
                    self._tell_size(source)
                source.emit("push-buffer", Gst.Buffer.new_wrapped(picture))

    def _tell_size(self, source: Any) -> None:
        width, height = self._size
        caps = Gst.Caps.from_string(_CAPS.format(width=width, height=height, fps=self._fps))
        source.set_property("caps", caps)


class Door:
    """Asks every client for user and password, by the method that this camera knows."""

    def __init__(self, server: Any, factory: Any, method: str, user: str) -> None:
        self._server, self._method, self._user = server, method, user
        self._auth = GstRtspServer.RTSPAuth()
        self._token = GstRtspServer.RTSPToken()
        self._token.set_string("media.factory.role", _ROLE)
        self._basic = ""
        if method == "digest":
            self._auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role(_ROLE, "media.factory.access", True)
        permissions.add_permission_for_role(_ROLE, "media.factory.construct", True)
        factory.set_permissions(permissions)
        server.set_auth(self._auth)

    def lock(self, password: str) -> None:
        """Let nobody in but with this password."""
        if self._method == "digest":
            self._auth.remove_digest(self._user)
            self._auth.add_digest(self._user, password, self._token)
            return
        if self._basic:
            self._auth.remove_basic(self._basic)
        self._basic = GstRtspServer.RTSPAuth.make_basic(self._user, password)
        self._auth.add_basic(self._basic, self._token)

    def change_lock(self, password: str) -> bool:
        """Another password from now on; who is inside has to leave. For the main loop: not to be repeated."""
        self.lock(password)
        self._server.client_filter(lambda _server, _client: GstRtspServer.RTSPFilterResult.REMOVE)
        return False


def read_messages(pictures: Pictures, door: "Door | None", loop: Any) -> None:
    """Pass on what the camera says until it closes the pipe."""
    source = sys.stdin.buffer
    while True:
        header = source.read(_HEADER.size)
        if len(header) < _HEADER.size:
            break
        width, height = _HEADER.unpack(header)
        size = width * height * 3 // 2 if width else height
        content = source.read(size)
        if len(content) < size:
            break
        if width:
            pictures.push(width, height, content)
        elif door is not None:
            GLib.idle_add(door.change_lock, content.decode())
    GLib.idle_add(loop.quit)  # and not quit() at once, which a loop that has yet to run would miss


def tell(answer: "dict[str, object]") -> None:
    """Answer the camera that started this server: one line of JSON."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def make_factory(options: argparse.Namespace, pictures: Pictures) -> Any:
    """One pipeline for all clients."""
    if options.reordered:  # B-frames refer to pictures that come later, so they are sent out of order
        order = (
            "bframes=2 b-adapt=false rc-lookahead=2" if options.codec == "h264" else "option-string=bframes=2"
        )
    else:
        order = "tune=zerolatency"
    # A constant quality is what most cameras do: a calm picture is small. A constant rate fills its pipe.
    if options.quantizer and options.codec == "h264":
        rate = f"pass=quant quantizer={options.quantizer}"
    else:
        rate = f"qp={options.quantizer}" if options.quantizer else f"bitrate={options.kbit}"
    encoder = _ENCODERS[options.codec].format(order=order, rate=rate, gop=options.gop)
    launch = _PICTURES.format(width=options.width, height=options.height, fps=options.fps, encoder=encoder)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch[:-1] + _MICROPHONE if options.microphone else launch)
    factory.set_shared(True)
    lower = GstRtsp.RTSPLowerTrans.UDP if options.transport == "udp" else GstRtsp.RTSPLowerTrans.TCP
    factory.set_protocols(lower)
    factory.set_latency(0)
    factory.connect("media-configure", pictures.configure)
    return factory


def read_options() -> argparse.Namespace:
    """What the camera wants served."""
    arguments = argparse.ArgumentParser()
    for name in ("port", "width", "height", "fps", "kbit", "gop", "quantizer", "reordered", "microphone"):
        arguments.add_argument(f"--{name}", type=int, required=True)
    arguments.add_argument("--path", required=True)
    arguments.add_argument("--auth", choices=("digest", "basic"), default="digest")
    arguments.add_argument("--codec", choices=("h264", "h265"), default="h264")
    arguments.add_argument("--transport", choices=("tcp", "udp"), default="tcp")
    return arguments.parse_args()


def main() -> int:
    """Serve until stdin ends; the first line on stdout tells the port."""
    options = read_options()
    Gst.init(None)
    needed = "x264enc" if options.codec == "h264" else "x265enc"
    if Gst.ElementFactory.find(needed) is None:
        tell({"error": f"GStreamer has no {needed}"})
        return 1
    server, loop, pictures = GstRtspServer.RTSPServer(), GLib.MainLoop(), Pictures(options)
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    factory = make_factory(options, pictures)
    user, password = os.environ.pop("CAMERA_USER", ""), os.environ.pop("CAMERA_PASSWORD", "")
    door = Door(server, factory, options.auth, user) if user else None
    if door is not None:
        door.lock(password)
    server.get_mount_points().add_factory("/" + options.path, factory)
    if not server.attach(None):
        tell({"error": f"port {options.port} is taken"})
        return 1
    tell({"port": server.get_bound_port()})
    # Sessions of clients that vanished keep the encoder running until somebody clears them away.
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    threading.Thread(target=read_messages, args=(pictures, door, loop), daemon=True).start()
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
