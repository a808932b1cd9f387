"""The server process of one camera: started, fed, and ended without a trace."""

import contextlib
import fcntl
import json
import os
import selectors
import signal
import struct
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import IO

from arni_edge.domain.errors import Unavailable
from arni_edge.simulator.scenery import Image

SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = (
    "python3-gi gir1.2-gst-rtsp-server-1.0 "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
)

_SCRIPT = Path(__file__).with_name("rtsp_server.py")
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "XDG_CACHE_HOME")  # GStreamer keeps its plug-in registry at home
_START_LIMIT = 15.0  # seconds; a cold GStreamer builds that registry first
_STOP_LIMIT = 3.0
_HEADER = struct.Struct("<II")  # before each message: width and height, or 0 and a length
_F_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ: a whole picture fits, so that one write is one system call
_PIPE_SIZE = 1 << 19


class ServerProcess:
    """``rtsp_server.py`` under the system's Python.

    Attributes:
        complaints: The last lines it wrote to stderr.
    """

    def __init__(self, arguments: dict[str, object], user: str, password: str, python: str) -> None:
        """Start the process.

        Raises:
            Unavailable: There is no such Python.
        """
        self.complaints: deque[str] = deque(maxlen=20)
        options = [part for name, value in arguments.items() for part in (f"--{name}", str(value))]
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own script)
                [python, "-I", str(_SCRIPT), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**kept, "CAMERA_USER": user, "CAMERA_PASSWORD": password},
                # Its own group: Ctrl-C at the terminal is not meant for it, and the kernel wakes a stopped
                # server whose parent died, so that it does not stay for ever.
                process_group=0,
            )
        except OSError as error:
            raise Unavailable(f"{python} cannot run the camera's RTSP server: {error}") from error
        self._stdin = _pipe(self._process.stdin)
        self._writing = threading.Lock()
        with contextlib.suppress(OSError):  # a smaller pipe works as well
            fcntl.fcntl(self._stdin, _F_SETPIPE_SZ, _PIPE_SIZE)
        self._drainer = threading.Thread(target=self._drain, name="camera-complaints", daemon=True)
        self._drainer.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def read_port(self) -> int:
        """Wait for the first line that the server says: its port, or why not.

        Raises:
            Unavailable: It cannot serve here; the message names the packages to install.
        """
        output = _pipe(self._process.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            line = output.readline() if selector.select(_START_LIMIT) else b""
        answer = json.loads(line) if line else {"error": " / ".join(self.complaints) or "it said nothing"}
        if "port" in answer:
            return int(answer["port"])
        raise Unavailable(
            f"the camera's RTSP server did not start: {answer['error']}. "
            f"On Debian or Ubuntu: apt install {PACKAGES}"
        )

    def write(self, picture: Image) -> None:
        """Hand over an I420 picture [height * 3 / 2, width]; blocks while the server does not read.

        Raises:
            BrokenPipeError: The server is gone.
        """
        rows, width = picture.shape
        self._say(_HEADER.pack(width, rows * 2 // 3), picture.data)

    def change_password(self, password: str) -> None:
        """Let nobody in but with another password, and send away who is inside; blocks like :meth:`write`."""
        content = password.encode()
        self._say(_HEADER.pack(0, len(content)), content)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that is gone already does not mind."""
        self._process.send_signal(number)

    def reap(self, writer: threading.Thread | None) -> None:
        """End it by the end of its input, by force if need be, and wait for it and for its writer."""
        if writer:
            writer.join(0.5)
            if writer.is_alive():
                self._process.kill()  # it does not read: the writer is stuck in the pipe
                writer.join(_STOP_LIMIT)
        with contextlib.suppress(OSError):  # what was not flushed is of no use to a server that is gone
            self._stdin.close()
        try:
            self._process.wait(_STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._drainer.join(_STOP_LIMIT)
        for pipe in (self._process.stdout, self._process.stderr):
            _pipe(pipe).close()

    def _say(self, header: bytes, content: bytes | memoryview) -> None:
        with self._writing:
            self._stdin.write(header)
            self._stdin.write(content)
            self._stdin.flush()

    def _drain(self) -> None:
        """Keep the last complaints, so that a full pipe never blocks the server."""
        for line in _pipe(self._process.stderr):
            self.complaints.append(line.decode(errors="replace").strip())


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # Popen was told to make all three
        raise RuntimeError("no pipe")
    return pipe
