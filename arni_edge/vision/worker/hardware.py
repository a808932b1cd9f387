"""Decoding in hardware where there is some; never a reason to fail."""

import functools
from typing import Any

import av.error
import structlog
from av.codec import Codec, hwaccel

_LOG = structlog.get_logger(__name__)

# In this order "auto" looks for one: first what is a card of its own, last what may be a mere display.
_ALL = ("cuda", "vaapi", "qsv", "drm")


class Hardware:
    """What decodes one camera's pictures, over all its connections: what failed is not tried again."""

    def __init__(self, camera: str, wish: str) -> None:
        """Take the wish.

        Args:
            camera: For the log.
            wish: ``off``, ``auto``, or the name of a kind of FFmpeg's.
        """
        self._camera = camera
        wanted = () if wish == "off" else _ALL if wish == "auto" else (wish,)
        self._kinds = [kind for kind in wanted if _is_here(kind)]
        if wanted and not self._kinds:
            self._say(wish, "there is none")

    @property
    def wanted(self) -> bool:
        """Whether there is still a kind that may work."""
        return bool(self._kinds)

    def accelerator(self) -> Any:
        """For :func:`av.open`: the kind to try now, or None for decoding in software."""
        return hwaccel.HWAccel(self._kinds[0], allow_software_fallback=True) if self._kinds else None

    def failed(self) -> None:
        """It did not work: the next kind from now on, in the end software."""
        self._say(self._kinds.pop(0), "decoding with it failed")

    def _say(self, kind: str, reason: str) -> None:
        _LOG.warning("hardware_decoding_not_used", camera=self._camera, kind=kind, reason=reason)


@functools.cache
def _is_here(kind: str) -> bool:
    """Whether this FFmpeg knows such hardware, and this machine has it."""
    if kind not in hwaccel.hwdevices_available():
        return False
    try:
        hwaccel.HWAccel(kind).create(Codec("h264", "r"))
    except (av.error.FFmpegError, OSError, NotImplementedError, RuntimeError, ValueError):
        return False
    return True
