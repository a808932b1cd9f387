"""Recordings and pictures as a camera would give them: frames with their place in time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from arni_edge.domain.errors import InvalidInput
from arni_edge.vision.worker.decoding import Frame
from arni_edge.vision.worker.stream import pixels

_USUAL_RATE = 5.0
"""Of a recording that does not say how fast it is: what cameras are looked at."""

# A recording that refers to others (a play list) may name files, never the network.
_OPTIONS = {"protocol_whitelist": "file"}


def frames(clip: Path, on_damage: Callable[[], None] = lambda: None) -> Iterator[tuple[float, Frame]]:
    """Every picture with its time in seconds from the first one.

    The file's own stamps where they go forward; else pictures follow each other at its rate. A picture that
    was recorded lying on its side, as phones do it, is turned upright. What cannot be decoded is left out.

    Args:
        clip: Its file.
        on_damage: Told of each part that had to be left out.

    Raises:
        InvalidInput: It cannot be read as a video or picture.
    """
    reason = "there is no picture in it"
    try:
        # Without the "file:" a colon in the name would make a protocol of what is before it.
        with av.open(f"file:{clip}", options=_OPTIONS) as container:
            if not container.streams.video:
                raise InvalidInput(f"{clip} has no video")
            video: Any = container.streams.video[0]
            video.thread_type = "AUTO"
            step = 1.0 / float(video.average_rate or _USUAL_RATE)
            began: float | None = None
            last = -step
            for frame in _decoded(container, video, on_damage):
                began = frame.time if began is None else began
                at = last + step if frame.time is None or began is None else frame.time - began
                last = at if at > last else last + step
                yield last, _upright(frame)
            if last >= 0:
                return
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its format is not understood"
    raise InvalidInput(f"{clip} cannot be read as a video: {reason}")


def _decoded(container: Any, video: Any, on_damage: Callable[[], None]) -> Iterator[Frame]:
    packets = container.demux(video)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:  # cut off in the middle: what came before is a recording all the same
            on_damage()
            return
        if packet is None:
            return
        try:
            decoded = packet.decode()
        except av.error.FFmpegError:
            on_damage()
            continue
        yield from decoded


def _upright(frame: Frame) -> Frame:
    quarters = round(frame.rotation / 90) % 4
    picture = pixels(frame) if quarters else None
    return frame if picture is None else np.ascontiguousarray(np.rot90(picture, quarters))
