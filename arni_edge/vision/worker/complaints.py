"""What FFmpeg says only in its log: that packets of a stream were lost.

Decoders of H.265 fill a hole with grey and report nothing, so the hole has to be noticed before them. The log
itself goes nowhere: it may repeat an address with its password.
"""

import logging
from types import TracebackType
from typing import Self

import av.logging

_LOST = ("RTP: missed", "RTP: dropping", "max delay reached")

# FFmpeg looks for holes only where it would wait for packets that overtake each other. Over TCP none do, so
# it waits for one more packet at most.
REORDER_QUEUE = 2


class Complaints:
    """Listens to what FFmpeg logs in this thread, while it is entered."""

    def __init__(self) -> None:
        if av.logging.get_level() is None:
            # What no thread of ours listens to is not written anywhere.
            library = logging.getLogger("libav")
            library.propagate = False
            library.addHandler(logging.NullHandler())
            av.logging.set_skip_repeated(False)
            av.logging.set_level(av.logging.WARNING)
        self._capture = av.logging.Capture(local=True)
        self._lines: list[tuple[int, str, str]] = []

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._lines = self._capture.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Listen no more."""
        self._capture.__exit__(kind, error, trace)

    def lost(self) -> bool:
        """Whether packets were lost since this was last asked."""
        lost = any(line.startswith(_LOST) for _, _, line in self._lines)
        self._lines.clear()
        return lost
