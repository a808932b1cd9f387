"""Recordings and pictures as a camera would give them: frames with their place in time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error

from arni_edge.domain.errors import InvalidInput
from arni_edge.vision.worker.decoding import Frame

_USUAL_RATE = 5.0
"""Of a recording that does not say how fast it is: what cameras are looked at."""


def frames(clip: Path) -> Iterator[tuple[float, Frame]]:
    """Every picture with its time in seconds from the first one.

    The file's own stamps where they go forward; else pictures follow each other at its rate.

    Raises:
        InvalidInput: It cannot be read as a video or picture.
    """
    try:
        with av.open(str(clip)) as container:
            if not container.streams.video:
                raise InvalidInput(f"{clip} has no video")
            video: Any = container.streams.video[0]
            video.thread_type = "AUTO"
            step = 1.0 / float(video.average_rate or _USUAL_RATE)
            began: float | None = None
            last = -step
            for frame in container.decode(video):
                began = frame.time if began is None else began
                at = last + step if frame.time is None or began is None else frame.time - began
                last = at if at > last else last + step
                yield last, frame
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its format is not understood"
        raise InvalidInput(f"{clip} cannot be read as a video: {reason}") from None
