"""The small grey picture on which everything cheap is decided: does something move, is the lens covered."""

import av.error
import cv2
import numpy as np

from arni_edge.vision.worker.decoding import Frame
from arni_edge.vision.worker.stream import Picture

WIDTH = 178
HEIGHT = 100
"""Of the small picture. A person at the far end of a hall is still a handful of pixels."""

# Formats whose first plane is the brightness, a byte per pixel: no colour has to be converted.
_FIRST_PLANE_IS_GREY = frozenset(
    {
        *("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"),
        *("nv12", "nv21", "nv16", "gray", "gray8", "yuv410p", "yuv411p", "yuv440p", "yuvj440p"),
    }
)


def small_grey(frame: Frame) -> Picture | None:
    """The brightness of a picture, 178 x 100.

    Args:
        frame: A decoded picture (``av.VideoFrame``), or pixels [height, width, 3] in BGR.

    Returns:
        [100, 178] uint8, an array of its own; None for a format that cannot be converted.
    """
    full = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if isinstance(frame, np.ndarray) else _plane(frame)
    if full is None:
        return None
    # In two steps, of which both are quick: averaging by a factor that is not whole costs ten times as much.
    double = cv2.resize(full, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(double, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _plane(frame: Frame) -> Picture | None:
    try:
        if frame.format.name not in _FIRST_PLANE_IS_GREY:
            converted: Picture = frame.to_ndarray(format="gray")
            return converted
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    except (av.error.FFmpegError, ValueError):
        return None
    return rows[: frame.height, : frame.width]
