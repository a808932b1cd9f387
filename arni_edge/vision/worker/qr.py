"""Reads the QR codes that people hold up to a door's camera."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from arni_edge.vision.orders import QrOrder
from arni_edge.vision.worker.stream import Picture

LONGEST = 512
"""Characters; more is no code of ours (see the reader's topic)."""

_AGAIN_SECONDS = 2.0
"""A code that is held up is seen in every picture; so often it is handed on."""

_PAUSE_SECONDS = 0.15
"""Between two looks: a hand that holds a phone still takes longer than that."""

_HARD_SECONDS = 0.5
"""Between two looks with all means, which cost ten times a plain one."""

_SMALL = 260
"""A region with fewer rows is enlarged for the second try: modules of two pixels become four."""

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

_Grey = npt.NDArray[np.uint8]


class QrEye:
    """Looks at one region of one camera's picture and hands on what a code says. Keeps no picture."""

    def __init__(self, order: QrOrder, on_code: Callable[[str, str], None]) -> None:
        """Prepare.

        Args:
            order: The region, and its door.
            on_code: Takes the door's id and the text.
        """
        self._order = order
        self._on_code = on_code
        self._handed: dict[str, float] = {}
        self._looked_at = self._looked_hard_at = float("-inf")

    def look(self, picture: Picture, at: float) -> None:
        """Look at a picture (BGR) that came at ``at`` seconds; too soon after the last one it is left out."""
        if at - self._looked_at < _PAUSE_SECONDS:
            return
        self._looked_at = at
        hard = at - self._looked_hard_at >= _HARD_SECONDS
        if hard:
            self._looked_hard_at = at
        self._handed = {text: then for text, then in self._handed.items() if at - then < _AGAIN_SECONDS}
        for text in _texts(self._part(picture), hard=hard):
            if text not in self._handed:
                self._handed[text] = at
                self._on_code(self._order.door, text)

    def _part(self, picture: Picture) -> _Grey:
        """The region in grey; what lies in its bounding box but outside it is blanked."""
        height, width = picture.shape[:2]
        corners = np.array([(x * width, y * height) for x, y in self._order.region])
        low = np.floor(corners.min(axis=0)).astype(int).clip(0)
        high = np.maximum(low + 1, np.ceil(corners.max(axis=0)).astype(int))
        part = np.asarray(
            cv2.cvtColor(picture[low[1] : high[1], low[0] : high[0]], cv2.COLOR_BGR2GRAY), np.uint8
        )
        inside = np.zeros(part.shape, np.uint8)
        cv2.fillPoly(inside, [np.round(corners - low).astype(np.int32)], 255)
        part[inside == 0] = 128
        return part


def _texts(part: _Grey, *, hard: bool) -> set[str]:
    """What the codes in a picture say; the dearer ways are tried only while the cheaper ones find nothing."""
    for view in _views(part) if hard else (part,):
        found = zxingcpp.read_barcodes(view, formats=_QR, text_mode=zxingcpp.TextMode.Plain)
        if found:
            return {code.text for code in found if _may_be_ours(code.text)}
    return set()


def _may_be_ours(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isprintable()


def _views(part: _Grey) -> Iterator[_Grey]:
    """The same part in other ways: as it is, larger, with the contrast of dark and of glaring places."""
    yield part
    large = part
    if part.shape[0] < _SMALL:
        large = np.asarray(cv2.resize(part, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
        yield large
    # Glare on a phone's screen leaves the code in the upper few steps of brightness: pull those apart.
    yield np.asarray(cv2.createCLAHE(clipLimit=4.0, tileGridSize=(8, 8)).apply(large), np.uint8)
    # A screen in a dark room blooms over its modules; a narrower light than the eye's separates them again.
    soft = cv2.GaussianBlur(large, (0, 0), 2.0)
    yield np.asarray(cv2.addWeighted(large, 2.5, soft, -1.5, 0), np.uint8)
