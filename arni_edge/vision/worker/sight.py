"""Whether a camera that delivers pictures also sees: not dark, not covered, not frozen."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.masks import Masks
from arni_edge.vision.worker.reader import Status

Grey = npt.NDArray[Any]
"""A small grey uint8 picture [about 100, width]."""

# So long a camera must be blind, and so long it must see again, before it is said. A light that is switched,
# night sight that swings in, or a back before the lens takes less than the first.
_SECONDS_BLIND = 3.0
_SECONDS_SEEING = 1.5
_PATIENCE = {
    None: _SECONDS_SEEING,
    CameraState.FROZEN: 0.0,  # has waited for long enough already
}

# Brightness (of 255) that the brightest tenth of a dark picture does not reach; measured: a black picture
# with sensor noise 2 to 5, a gym in a tenth of its light 16 and more. In, and out again.
_DARK = (9.0, 12.0)

# How strongly brightness bends (Laplacian of the smoothed picture) at the sharpest tenth of a picture;
# measured: a hand or a wall before the lens 0.3, a lens out of focus 0.8, real rooms 5 and more, a picture in
# infrared with a quarter of the contrast 2.3.
_BLAND = (1.0, 1.3)
# Half the light bends half as strongly: a picture dimmer than this is asked for less, in proportion.
# Measured: a gym in a tenth of its light 0.05 of its brightness, as by day; a cover before the lens 0.01.
_DIM = 40.0

# Frozen pictures stay this close to their first (mean and greatest difference): an encoder that is fed the
# same picture again and again still shows a pulse at each key frame.
_PULSE_MEAN = 3.0
_PULSE_MOST = 24
# A picture this close (mean difference) to another is the same. Measured: of frozen pictures half are the
# same to the bit, the others differ by up to 0.2; of live ones none differs by less than 0.5 from one before
# the last key frame.
_SAME = 0.03
# At least this share has to be known, and what has not been known for so long is not frozen any more.
_OFTEN = 0.15
_STRANGERS = 4
_STRANGE_SECONDS = 4.0
_ALBUM = 24


class Sight:
    """Judges the small grey pictures of one camera, masks already laid over them."""

    def __init__(self, order: CameraOrder) -> None:
        """Begin with eyes open."""
        self._masks = Masks(order.masks)
        self._stillness = _Stillness(order.frozen_seconds)
        self._state: CameraState | None = None
        self._turning_to: CameraState | None = None
        self._turning_since = 0.0
        self._first = True

    def judge(self, grey: Grey, at: float) -> Status | None:
        """Look at a picture.

        Args:
            grey: Any size; it should stay the same.
            at: When it came, in seconds.

        Returns:
            Dark, covered or frozen, with the reason; None while it sees.
        """
        blind = self._blind(grey)
        if blind is not None:
            self._stillness.forget()
        elif self._stillness.lasted(grey, at):
            blind = CameraState.FROZEN
        self._turn(blind, at)
        return None if self._state is None else Status(self._state, _REASONS[self._state])

    def forget(self) -> None:
        """The camera was away: what was before says nothing about now."""
        self._stillness.forget()
        self._first = True

    def _turn(self, to: CameraState | None, at: float) -> None:
        if to != self._turning_to:
            self._turning_to, self._turning_since = to, at
        patience = _PATIENCE.get(to, _SECONDS_BLIND)
        # With nothing before it the first picture decides at once: what it does not show must not be counted.
        if self._first or at - self._turning_since >= patience:
            self._state = to
        self._first = False

    def _blind(self, grey: Grey) -> CameraState | None:
        """Dark or covered, by this picture alone; a little more is asked of one that was blind already."""
        bright, sharp = self._measure(grey)
        was = self._turning_to
        if bright < _DARK[was is CameraState.DARK]:
            return CameraState.DARK
        if sharp < _BLAND[was is CameraState.COVERED] * min(1.0, bright / _DIM):
            return CameraState.COVERED
        return None

    def _measure(self, grey: Grey) -> tuple[float, float]:
        """Brightness and sharpness of the best tenth of what is not masked.

        A tenth, so that a camera's clock in the picture, or one small light, is not mistaken for a view.
        """
        smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.2)
        bends = np.abs(cv2.Laplacian(smooth, cv2.CV_32F))
        covered = self._masks.covered(*grey.shape[:2])
        if covered.any():
            # The rim of a mask is sharp, and its own.
            seen = cv2.dilate(covered.astype(np.uint8), np.ones((11, 11), np.uint8)) == 0
            if not seen.any():
                return 255.0, 255.0  # nothing is to be seen, and that is as ordered
            smooth, bends = smooth[seen], bends[seen]
        return float(np.percentile(smooth, 90)), float(np.percentile(bends, 90))


class _Stillness:
    """For how long a camera has shown nothing new.

    Stillness of the scene is not enough: in an empty gym nothing moves for hours. But a sensor is never at
    rest, and its noise survives the encoder at least in the key frames. A frozen camera repeats itself: made
    of the same picture, key frames are the same to the bit. So pictures are kept from the first quarter of
    the time, and from its middle on it is asked whether they come again. What lies in between is longer than
    encoders leave out noise that costs too much, from one key frame to the next.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._first: Grey | None = None
        self._since = 0.0
        self._album: list[Grey] = []
        self._filed_at = 0.0
        self._asked = self._known = self._strange = 0
        self._known_at = 0.0

    def forget(self) -> None:
        """Begin anew with the next picture."""
        self._first = None

    def lasted(self, grey: Grey, at: float) -> bool:
        """Whether the camera has repeated itself for the whole time, with this picture."""
        if self._seconds <= 0:
            return False
        if self._first is None or _moved(self._first, grey):
            self._restart(grey, at)
            return False
        still = at - self._since
        if still < self._seconds / 4:
            if at - self._filed_at >= self._seconds / 4 / _ALBUM:
                self._album.append(grey)
                self._filed_at = at
        elif still >= self._seconds / 2:
            self._ask(grey, at)
            if self._strange >= _STRANGERS and at - self._known_at >= _STRANGE_SECONDS:
                self._restart(grey, at)
                return False
        return still >= self._seconds and self._known >= max(2, _OFTEN * self._asked)

    def _ask(self, grey: Grey, at: float) -> None:
        if not self._asked:
            self._known_at = at
        self._asked += 1
        if any(float(cv2.norm(old, grey, cv2.NORM_L1)) < _SAME * grey.size for old in self._album):
            self._known, self._strange, self._known_at = self._known + 1, 0, at
        else:
            self._strange += 1

    def _restart(self, grey: Grey, at: float) -> None:
        self._first, self._album = grey, [grey]
        self._since = self._filed_at = at
        self._asked = self._known = self._strange = 0


def _moved(first: Grey, grey: Grey) -> bool:
    if first.shape != grey.shape:
        return True
    difference = cv2.absdiff(first, grey)
    return bool(difference.max() > _PULSE_MOST or difference.mean() > _PULSE_MEAN)


_REASONS = {
    CameraState.DARK: "nothing can be seen: it is too dark",
    CameraState.COVERED: "the lens is covered or out of focus",
    CameraState.FROZEN: "the picture stands still",
}
