"""One connection to an RTSP camera, by PyAV. Blocks; belongs to one thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import av
import av.error
import numpy as np
import numpy.typing as npt

from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.complaints import REORDER_QUEUE, Complaints
from arni_edge.vision.worker.decoding import Decoding, Frame, Taken
from arni_edge.vision.worker.hardware import Hardware

Picture = npt.NDArray[np.uint8]
"""A picture [height, width, 3] in BGR. In memory only, and only for as long as it is looked at."""

# A packet that is late by more than this is not waited for (UDP); in microseconds.
_MAX_DELAY = 500_000

_UNKNOWN = "the camera cannot be reached"

# So many key frames in a row that hardware cannot decode are its own fault, not the camera's.
_HARDWARE_FAILURES = 2


class StreamEnded(Exception):
    """There are no more pictures from this connection.

    The message is ours: FFmpeg's own repeat the address with its password.
    """

    def __init__(self, state: CameraState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


class TooLate(StreamEnded):
    """Nothing but old pictures comes."""

    def __init__(self) -> None:
        super().__init__(CameraState.STALLED, "the pictures come too late")


class RtspStream:
    """Connects, and yields good pictures until the camera fails.

    A size that changes in mid-stream needs no new connection: it begins with a key frame, and every picture
    knows its own size. Another codec cannot be decoded, and ends the connection; the next one asks anew.
    """

    def __init__(
        self, order: CameraOrder, hardware: Hardware | None = None, *, trust_stamps: bool = True
    ) -> None:
        """Prepare a connection.

        Args:
            order: The camera.
            hardware: What decodes; None: software.
            trust_stamps: Tell old pictures by the camera's stamps.
        """
        self._order = order
        self._hardware = hardware
        self._codec = ""
        self._decoding = Decoding(
            time.monotonic(), doze=order.idle_decoding == "keyframes", trust_stamps=trust_stamps
        )

    def idle(self, nothing_happens: bool) -> None:
        """Whether key frames are enough for now; from any thread."""
        self._decoding.idle = nothing_happens

    @property
    def codec(self) -> str:
        """What the camera sends, such as ``h264``; empty before it is connected."""
        return self._codec

    @property
    def dozing(self) -> bool:
        """Whether only key frames are decoded."""
        return self._decoding.dozing

    def pictures(self, on_packet: Callable[[float, bool], None] | None = None) -> Iterator[Taken]:
        """Yield good pictures as they come.

        Args:
            on_packet: Called with the time of arrival when something came, and whether it was good.

        Raises:
            StreamEnded: Always, in the end; there is no other way out.
        """
        end: StreamEnded | None = None
        with Complaints() as complaints:
            container = self._open()
            try:
                yield from self._read(container, complaints, on_packet)
            except (av.error.FFmpegError, OSError) as error:
                end = self._failure(error)
            finally:
                with suppress(av.error.FFmpegError):
                    container.close()
        # Raised out here, so that it does not carry FFmpeg's own, with the password, as its context.
        raise end or StreamEnded(CameraState.STALLED, "the camera ended the stream")

    def frames(self) -> Iterator[Frame]:
        """Only the pictures, without their time."""
        for taken in self.pictures():
            yield taken.frame

    def _open(self) -> Any:
        order, hardware = self._order, self._hardware
        started = time.monotonic()
        try:
            return av.open(
                _address(order),
                options=self._options(),
                timeout=(order.connect_seconds, order.stall_seconds),
                hwaccel=None if hardware is None else hardware.accelerator(),
            )
        except (av.error.FFmpegError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            # FFmpeg reports its own time-out as invalid data.
            late = time.monotonic() - started >= 0.95 * min(order.connect_seconds, order.stall_seconds)
            end = _refusal(error, late=late)
            if end.reason == _UNKNOWN and hardware is not None and hardware.wanted:
                hardware.failed()  # it is opened along with the stream, and nothing else fails in such ways
        raise end

    def _options(self) -> dict[str, str]:
        options = {
            "rtsp_transport": self._order.transport,
            "allowed_media_types": "video",  # microphones stay closed
            "timeout": str(int(self._order.connect_seconds * 1_000_000)),  # of the socket, in microseconds
            "max_delay": str(_MAX_DELAY),
            # Not "nobuffer": it throws away the key frame with which the camera began, to wait for the next.
            "fflags": "discardcorrupt",
            # FFmpeg would look at the stream for three seconds to guess its rate, which is of no interest.
            "probesize": "32",
            "fpsprobesize": "0",
        }
        if self._order.transport == "tcp":
            options["reorder_queue_size"] = str(REORDER_QUEUE)
        return options

    def _read(
        self, container: Any, complaints: Complaints, on_packet: Callable[[float, bool], None] | None
    ) -> Iterator[Taken]:
        if not container.streams.video:
            raise StreamEnded(CameraState.CONNECTING, "the address has no video")
        video = container.streams.video[0]
        self._codec = video.codec_context.name
        # One thread per camera: several would add a picture of delay each and starve the detector.
        video.codec_context.thread_count = 1
        video.codec_context.thread_type = "NONE"
        decoding = self._decoding
        decoding.good_at = decoding.fresh_at = time.monotonic()
        for packet in container.demux(video):
            if packet.size == 0:
                continue  # FFmpeg's sign of the end: the decoder holds nothing back (no frame threads)
            now = time.monotonic()
            yield from decoding.pictures(packet, now, lost=complaints.lost())
            if on_packet is not None:
                on_packet(now, decoding.good_at == now)
            self._check(now, hardware=video.codec_context.is_hwaccel)

    def _check(self, now: float, *, hardware: bool) -> None:
        decoding, longest = self._decoding, self._order.stall_seconds
        if hardware and self._hardware is not None and decoding.failures >= _HARDWARE_FAILURES:
            self._hardware.failed()
            raise StreamEnded(CameraState.CORRUPT, "hardware could not decode the stream")
        late = decoding.good_at - decoding.fresh_at > longest  # what came was fine, but old
        # Damage can make a decoder believe that pictures come out of order, and hold them back.
        if now - decoding.good_at > longest or (late and decoding.damaged):
            raise StreamEnded(CameraState.CORRUPT, "the stream cannot be decoded")
        if late:
            raise TooLate

    def _failure(self, error: Exception) -> StreamEnded:
        if isinstance(error, av.error.InvalidDataError):
            return StreamEnded(CameraState.CORRUPT, "the stream cannot be decoded")
        if isinstance(error, av.error.ExitError | TimeoutError):
            return StreamEnded(
                CameraState.STALLED, f"no picture came for {self._order.stall_seconds:g} seconds"
            )
        return StreamEnded(CameraState.STALLED, "the connection to the camera broke")


def pixels(frame: Frame) -> Picture | None:
    """The pixels of a picture, or None when it is in a format that FFmpeg cannot convert."""
    try:
        picture: Picture = frame.to_ndarray(format="bgr24")
    except (av.error.FFmpegError, ValueError):
        return None
    return picture


def _refusal(error: Exception, *, late: bool) -> StreamEnded:
    """Why there is no connection, in words that hold no secret."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return StreamEnded(CameraState.REFUSED, "user or password is wrong")
    if isinstance(error, av.error.HTTPNotFoundError):  # also what cameras say while they boot
        return StreamEnded(CameraState.CONNECTING, "the camera has no stream at this address")
    if isinstance(error, av.error.HTTPClientError | av.error.HTTPServerError):
        return StreamEnded(CameraState.CONNECTING, "the camera answers with an error")
    if isinstance(error, ConnectionRefusedError):
        return StreamEnded(CameraState.CONNECTING, "nothing answers at this address")
    if late or isinstance(error, av.error.ExitError | TimeoutError):
        return StreamEnded(CameraState.CONNECTING, "the camera does not answer")
    if isinstance(error, av.error.InvalidDataError):
        return StreamEnded(CameraState.CONNECTING, "what answers does not speak RTSP")
    return StreamEnded(CameraState.CONNECTING, _UNKNOWN)


def _address(order: CameraOrder) -> str:
    """The address with its credentials: FFmpeg takes them nowhere else."""
    if not order.username:
        return order.url
    url = order.url.replace("{username}", quote(order.username, safe=""))
    parts = urlsplit(url.replace("{password}", quote(order.password or "", safe="")))
    login = f"{quote(order.username, safe='')}:{quote(order.password or '', safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
