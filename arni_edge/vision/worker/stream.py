"""One connection to an RTSP camera, by PyAV. Blocks; belongs to one thread."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import av
import av.error
import numpy as np
import numpy.typing as npt

from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder

Frame = Any
"""A decoded picture (``av.VideoFrame``); conversion to pixels is left to whoever looks at it."""

Picture = npt.NDArray[np.uint8]
"""A picture [height, width, 3] in BGR. In memory only, and only for as long as it is looked at."""

# A packet that is late by more than this is not waited for (UDP); in microseconds.
_MAX_DELAY = 500_000


class StreamEnded(Exception):
    """There are no more pictures from this connection.

    The message is ours: FFmpeg's own repeat the address with its password.
    """

    def __init__(self, state: CameraState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


class RtspStream:
    """Connects, and yields good pictures until the camera fails."""

    def __init__(self, order: CameraOrder) -> None:
        self._order = order

    def frames(self) -> Iterator[Frame]:
        """Yield decoded pictures as they come.

        What follows a damaged picture is left out until the next key frame: it would be grey or smeared, and
        a detector sees people in smears.

        Raises:
            StreamEnded: Always, in the end; there is no other way out.
        """
        container = self._open()
        try:
            yield from self._decode(container)
        except av.error.FFmpegError as error:
            raise self._failure(error) from None
        finally:
            with suppress(av.error.FFmpegError):
                container.close()
        raise StreamEnded(CameraState.STALLED, "the camera ended the stream")

    def _open(self) -> Any:
        order = self._order
        started = time.monotonic()
        try:
            return av.open(
                _address(order),
                options=self._options(),
                timeout=(order.connect_seconds, order.stall_seconds),
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            # FFmpeg reports its own time-out as invalid data.
            late = time.monotonic() - started >= 0.95 * min(order.connect_seconds, order.stall_seconds)
            raise _refusal(error, late=late) from None

    def _options(self) -> dict[str, str]:
        return {
            "rtsp_transport": self._order.transport,
            "allowed_media_types": "video",  # microphones stay closed
            "timeout": str(int(self._order.connect_seconds * 1_000_000)),  # of the socket, in microseconds
            "max_delay": str(_MAX_DELAY),
            "fflags": "discardcorrupt+nobuffer",
            # FFmpeg would look at the stream for three seconds to guess its rate, which is of no interest.
            "probesize": "32",
            "fpsprobesize": "0",
        }

    def _decode(self, container: Any) -> Iterator[Frame]:
        if not container.streams.video:
            raise StreamEnded(CameraState.CONNECTING, "the address has no video")
        video = container.streams.video[0]
        # One thread per camera: several would add a picture of delay each and starve the detector.
        video.codec_context.thread_count = 1
        video.codec_context.thread_type = "NONE"
        good_at = time.monotonic()
        waiting_for_key = True
        for packet in container.demux(video):
            if packet.size == 0:
                continue  # FFmpeg's sign of the end: the decoder holds nothing back (no frame threads)
            if not waiting_for_key or packet.is_keyframe:
                frames = _intact(packet)
                waiting_for_key = frames is None
                for frame in frames or ():
                    good_at = time.monotonic()
                    yield frame
            if time.monotonic() - good_at > self._order.stall_seconds:
                raise StreamEnded(CameraState.CORRUPT, "the stream cannot be decoded")

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


def _intact(packet: Any) -> list[Frame] | None:
    """The pictures of a packet, or None when it is damaged."""
    try:
        frames = packet.decode()
    except av.error.InvalidDataError:
        return None
    return None if packet.is_corrupt or any(frame.is_corrupt for frame in frames) else frames


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
    return StreamEnded(CameraState.CONNECTING, "the camera cannot be reached")


def _address(order: CameraOrder) -> str:
    """The address with its credentials: FFmpeg takes them nowhere else."""
    if not order.username:
        return order.url
    parts = urlsplit(order.url)
    login = f"{quote(order.username, safe='')}:{quote(order.password or '', safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
