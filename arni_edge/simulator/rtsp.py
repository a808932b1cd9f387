"""A simulated camera: renders its view of the world and serves it as a real RTSP stream.

Pictures are drawn by a thread of this process and go through a pipe to a server process
(``rtsp_server.py``, run by the system's Python). The camera can also misbehave the way cameras do: freeze, be
covered, stall, or die.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self
from urllib.parse import quote

import cv2
import numpy as np

from arni_edge.domain.errors import Unavailable
from arni_edge.simulator.plan import CameraView, GymPlan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.rtsp_process import SYSTEM_PYTHON, ServerProcess
from arni_edge.simulator.scenery import Image
from arni_edge.simulator.world import Scene

_KBIT = 1200


class CameraState(StrEnum):
    """What the camera does now."""

    STOPPED = "stopped"
    SERVING = "serving"
    FROZEN = "frozen"  # streams the same picture over and over
    COVERED = "covered"  # streams black
    STALLED = "stalled"  # keeps its connections and sends nothing
    KILLED = "killed"  # on purpose
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Film:
    """How a camera encodes and sends its pictures.

    Attributes:
        codec: What real cameras speak.
        transport: How the pictures travel; a client that asks for the other is refused.
        gop_seconds: From key frame to key frame.
        quantizer: Constant quality, as most cameras have it: calm pictures are small. 0: constant rate.
        reordered: With B-frames.
        microphone: With an audio track.
    """

    codec: Literal["h264", "h265"] = "h264"
    transport: Literal["tcp", "udp"] = "tcp"
    gop_seconds: float = 1.0
    quantizer: int = 0
    reordered: bool = False
    microphone: bool = False


class CameraServer:
    """One camera with its stream.

    Attributes:
        view: The camera in the plan.
        port: Of the stream, on 127.0.0.1; known after the first start and kept from then on.
        state: What it does now.
    """

    def __init__(
        self,
        view: CameraView,
        plan: GymPlan,
        scene: Callable[[], Scene],
        *,
        port: int = 0,
        user: str = "",
        password: str = "",
        auth: Literal["digest", "basic"] = "digest",
        fps: int = 10,
        film: Film | None = None,
        overlay: Callable[[Image], None] | None = None,
        python: str = SYSTEM_PYTHON,
    ) -> None:
        """Prepare a camera.

        Args:
            view: Where it hangs.
            plan: Of the gym.
            scene: Called from the camera's thread; must return something immutable.
            port: 0: any that is free.
            user: Empty: nobody is asked who they are.
            password: Of this user.
            auth: How the camera asks for it.
            fps: Pictures per second.
            film: How they are encoded and sent.
            overlay: Called from the camera's thread; draws into each picture (BGR, in place), as cameras
                draw their clock.
            python: With GStreamer's bindings.
        """
        self.view = view
        self.port = port
        self.state = CameraState.STOPPED
        self._plan, self._scene = plan, scene
        self._user, self._password, self._auth = user, password, auth
        self._fps, self._python = fps, python
        self._film = film or Film()
        self._overlay = overlay
        self._size = (view.width, view.height)
        self._renderer: Renderer | None = None
        self._process: ServerProcess | None = None
        self._drawer: threading.Thread | None = None
        self._ending = threading.Event()
        self._fault = ""

    @property
    def url(self) -> str:
        """The address that a client opens, with its credentials."""
        login = f"{quote(self._user, safe='')}:{quote(self._password, safe='')}@" if self._user else ""
        return f"rtsp://{login}127.0.0.1:{self.port}/{self.view.name}"

    @property
    def pid(self) -> int | None:
        """The server's process id, while there is one."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Start server and pictures; returns when clients can connect.

        Raises:
            Unavailable: The server cannot run here; the message names the packages to install.
        """
        if self._process is not None:
            raise RuntimeError(f"camera {self.view.name!r} is running")
        if self._renderer is None:
            self._renderer = await asyncio.to_thread(Renderer, self.view, self._plan)
        self._ending, self._fault = threading.Event(), ""
        process = ServerProcess(self._server_arguments(), self._user, self._password, self._python)
        self._process = process
        try:
            self.port = await asyncio.to_thread(process.read_port)
        except BaseException:
            await self.stop()
            raise
        self.state = CameraState.SERVING
        self._drawer = threading.Thread(
            target=self._draw, args=(process, self._renderer), name=f"camera-{self.view.name}", daemon=True
        )
        self._drawer.start()

    async def stop(self) -> None:
        """End the stream; no process and no thread is left."""
        self._ending.set()
        process, drawer = self._process, self._drawer
        self._process = self._drawer = None
        stalled = self.state is CameraState.STALLED
        self.state = CameraState.STOPPED
        if process is not None:
            if stalled:
                process.signal(signal.SIGKILL)  # it would not read the end of its input
            await asyncio.to_thread(process.reap, drawer)

    async def kill(self) -> None:
        """Cut the camera's power: connections are torn, the port refuses."""
        if self._process is not None:
            self._process.signal(signal.SIGKILL)
            await self.stop()
            self.state = CameraState.KILLED

    def freeze(self) -> None:
        """Go on streaming, but always the same picture."""
        self._running()
        self.state = CameraState.FROZEN

    def cover(self) -> None:
        """Go on streaming, but black."""
        self._running()
        self.state = CameraState.COVERED

    def stall(self) -> None:
        """Keep all connections and send nothing any more."""
        self._running().signal(signal.SIGSTOP)
        self.state = CameraState.STALLED

    def resize(self, width: int, height: int) -> None:
        """Another size of picture (even numbers) from now on, in mid-stream; the next start keeps it."""
        self._size = (width, height)

    async def change_password(self, password: str) -> None:
        """Let nobody in but with another password, and send away who is inside, as after a change by hand."""
        process = self._running()
        self._password = password
        await asyncio.to_thread(process.change_password, password)

    async def resume(self) -> None:
        """Be a healthy camera again, whatever was wrong; on the same port."""
        if self._process is None or self._process.exit_code is not None:
            await self.stop()
            await self.start()
            return
        self._process.signal(signal.SIGCONT)
        self.state = CameraState.SERVING

    async def watch(self) -> None:
        """Wait until the camera is stopped or killed on purpose.

        Raises:
            Unavailable: Its server or its renderer died.
        """
        while process := self._process:
            if self._fault or process.exit_code is not None:
                self.state = CameraState.FAILED
                complaints = " / ".join(process.complaints)
                reason = self._fault or f"its server ended with code {process.exit_code}: {complaints}"
                raise Unavailable(f"camera {self.view.name!r}: {reason}")
            await asyncio.sleep(0.1)

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise RuntimeError(f"camera {self.view.name!r} is not running")
        return self._process

    def _server_arguments(self) -> dict[str, object]:
        film, (width, height) = self._film, self._size
        return {
            "port": self.port, "path": self.view.name, "width": width, "height": height, "fps": self._fps,
            "kbit": _KBIT, "auth": self._auth, "codec": film.codec, "transport": film.transport,
            "gop": max(1, round(self._fps * film.gop_seconds)), "quantizer": film.quantizer,
            "reordered": int(film.reordered), "microphone": int(film.microphone),
        }  # fmt: skip

    def _draw(self, process: ServerProcess, renderer: Renderer) -> None:
        """The camera's thread: a picture every 1/fps seconds, until told to end or the server is gone."""
        ending = self._ending
        picture, due = None, time.monotonic()
        try:
            while not ending.is_set():
                picture = self._next_picture(picture, renderer)
                process.write(picture)
                due = max(due + 1 / self._fps, time.monotonic())  # no burst makes up for a stall
                ending.wait(due - time.monotonic())
        except BrokenPipeError:
            pass  # the server is gone; watch() tells
        except Exception as error:  # noqa: BLE001  (the boundary of a thread: watch() raises it)
            self._fault = f"its pictures failed: {error!r}"

    def _next_picture(self, last: Image | None, renderer: Renderer) -> Image:
        if self.state is CameraState.FROZEN and last is not None:
            return last
        frame = renderer.draw(self._scene()).frame
        if self.state is CameraState.COVERED:
            frame //= 32  # a hand over the lens: the sensor's noise remains
        if self._size != (frame.shape[1], frame.shape[0]):
            frame = np.asarray(cv2.resize(frame, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        if self._overlay is not None:
            self._overlay(frame)
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)
