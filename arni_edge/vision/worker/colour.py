"""The pixels of a decoded picture, converted by a converter that is kept."""

import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from arni_edge.vision.worker.decoding import Frame
from arni_edge.vision.worker.stream import Picture


class Colours:
    """Converts the pictures of one camera; for one thread.

    A frame that converts itself makes a converter first, which costs several times the conversion.
    """

    def __init__(self) -> None:
        """Nothing is made before the first picture."""
        self._converter = VideoReformatter()

    def of(self, frame: Frame) -> Picture | None:
        """[height, width, 3] in BGR, an array of its own; None for a format that cannot be converted."""
        try:
            picture: Picture = np.asarray(
                self._converter.reformat(frame, format="bgr24").to_ndarray(), np.uint8
            )
        except (av.error.FFmpegError, ValueError):
            return None
        return picture
