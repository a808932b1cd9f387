"""What the scene looks like with nobody in it: a small grey picture, learned slowly where nobody is."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.scene.geometry import Box

Grey = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]
_Flags = npt.NDArray[np.bool_]

# A place is known once it was free for this long. Nobody is tracked on their first pictures: what was free
# for less may be somebody who was only not recognised yet.
_KNOWN_SECONDS = 1.0
# What stays put becomes part of the scene with this time constant; somebody who has fallen must not fade
# while the hold runs (15 s), a bench that was moved may.
_LEARNING_SECONDS = 60.0
# Between two pictures at most so much is counted as seen: a camera that was away saw nothing.
_LONGEST_STEP = 1.0
# Grey levels, of 255: the noise of a cheap camera at night stays below, clothes on a floor are above.
_DIFFERENT = 18.0
_MOVED = 12.0
# Of a part, so much may have moved and it is still called still: compression makes single pixels flicker.
_STILL_SHARE = 0.03
_STILL_SECONDS = 1.0
# More than this of the scene changed at once: the light or the camera, not people.
_UPHEAVAL_SHARE = 0.5
_UPHEAVAL_SECONDS = 10.0
# A comparison needs at least this share of the part to be known and free.
_ENOUGH_KNOWN = 0.5
# Fewer known pixels say nothing about the light, a flatter scene (grey levels squared) nothing of contrast.
_FEWEST_PIXELS = 50
# Every so manieth pixel of every so manieth row tells the light well enough.
_SPARSE = 3
_FLAT = 25.0
# From here on the light is another one; less is noise.
_OTHER_GAIN = 0.04
_OTHER_SHIFT = 3.0
# People reach a little beyond their boxes, and their shadows more.
_MARGIN = 0.15
_KEPT_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class _Kept:
    box: Box
    until: float


class Background:
    """The running picture of the empty scene of one camera, at whatever small size it is given."""

    def __init__(self) -> None:
        """Begin without knowing anything."""
        self._kept: list[_Kept] = []
        self._at: float | None = None
        self._shape: tuple[int, ...] = ()
        self._upheaval_since: float | None = None
        self._last: Grey = np.zeros((0, 0), np.uint8)
        self._now: _Floats = np.zeros((0, 0), np.float32)
        self._mean: _Floats = np.zeros((0, 0), np.float32)
        self._seen: _Floats = np.zeros((0, 0), np.float32)  # for how long, in seconds, each pixel was free
        self._moved_at: npt.NDArray[np.float64] = np.zeros((0, 0), np.float64)
        self._taken: _Flags = np.zeros((0, 0), np.bool_)
        self._was_free: _Flags = np.zeros((0, 0), np.bool_)
        self._differing: _Flags | None = None
        self._light = 1.0, 0.0  # factor and summand: how the present light differs from the learned one

    def update(self, grey: Grey, occupied: Sequence[Box], at: float) -> None:
        """Take the next picture; not to be called while the light changes.

        Args:
            grey: Height x width, 0..255, masked regions blank. About 180 pixels wide is plenty.
            occupied: Where people are, in shares: nothing is learned there.
            at: Seconds of a clock that never jumps.
        """
        if grey.shape != self._shape:
            self._begin(grey)
        step = 0.0 if self._at is None else min(max(at - self._at, 0.0), _LONGEST_STEP)
        self._at = at
        calm = cv2.blur(grey, (3, 3))  # single pixels flicker in every camera
        brighter = float(np.mean(calm)) / max(float(np.mean(self._last)), 1.0)
        before = cv2.convertScaleAbs(self._last, alpha=brighter)  # lamps flicker, and that moves nothing
        self._moved_at[cv2.absdiff(calm, before) > _MOVED] = at
        self._last = calm
        self._now = grey.astype(np.float32)
        self._taken = self._mask(occupied, _MARGIN)
        self._differing = None
        self._light = self._measure_light()
        self._learn(step, at)

    def _begin(self, grey: Grey) -> None:
        self._shape = grey.shape
        self._last = cv2.blur(grey, (3, 3))
        self._moved_at = np.full(grey.shape, -np.inf, np.float64)
        self._mean = grey.astype(np.float32)
        self._seen = np.zeros(grey.shape, np.float32)
        self._was_free = np.zeros(grey.shape, np.bool_)
        self._kept = []
        self._upheaval_since = None

    def _learn(self, step: float, at: float) -> None:
        self._kept = [one for one in self._kept if one.until > at]
        if self._in_upheaval(at):
            return
        gain, shift = self._light
        if abs(gain - 1) > _OTHER_GAIN or abs(shift) > _OTHER_SHIFT:
            # Everywhere at once, behind people too: what is behind them must not be foreign later, only
            # because the rest of the scene was learned in the new light meanwhile.
            self._mean = np.clip(gain * self._mean + shift, 0, 255).astype(np.float32)
            self._light = 1.0, 0.0
        free = ~(self._taken | self._mask([one.box for one in self._kept], 0.0))
        known = self._seen >= _KNOWN_SECONDS
        self._seen[~free & ~known] = 0.0
        # A picture between two where it was taken says nothing of the time between them.
        seen = np.minimum(self._seen + step * self._was_free, _LEARNING_SECONDS)
        self._was_free = free
        rate = np.where(
            self._seen <= 0, np.float32(1.0), np.float32(step) / np.maximum(seen, np.float32(1e-3))
        )
        self._mean += np.where(free, rate, np.float32(0.0)) * (self._now - self._mean)
        self._seen = np.where(free, seen, self._seen)
        self._differing = None

    def _in_upheaval(self, at: float) -> bool:
        """Nothing is learned while most of the scene is different; when it stays so, all is learned anew."""
        usable = self._usable()
        if np.count_nonzero(usable) < usable.size // 10:
            self._upheaval_since = None
            return False
        different = np.count_nonzero(self._different()[usable]) / np.count_nonzero(usable)
        if different < _UPHEAVAL_SHARE:
            self._upheaval_since = None
            return False
        self._upheaval_since = at if self._upheaval_since is None else self._upheaval_since
        if at - self._upheaval_since < _UPHEAVAL_SECONDS:
            return True
        self._upheaval_since = None
        self._seen.fill(0.0)
        return False

    def keep(self, box: Box) -> None:
        """Learn nothing here for a while: what lies there may be somebody."""
        if self._at is not None:
            self._kept = [one for one in self._kept if one.box != box]
            self._kept.append(_Kept(box, self._at + _KEPT_SECONDS))

    # --- asking -------------------------------------------------------------------------------------------

    def changed(self, box: Box) -> float | None:
        """The share of a part, 0..1, that is not as it was empty; a change of the light does not count.

        Args:
            box: The part. Where people are just now is left out.

        Returns:
            None when too little of the part was ever seen empty, or is free now.
        """
        part = self._part(box)
        if part is None:
            return None
        if self.known(box) < _ENOUGH_KNOWN:
            return None
        return float(np.count_nonzero(self._different()[part]) / np.count_nonzero(self._usable()[part]))

    def known(self, box: Box) -> float:
        """The share of a part, 0..1, of which it is known how it is empty, and where nobody is now."""
        part = self._part(box)
        return 0.0 if part is None else float(np.mean(self._usable()[part]))

    def thing(self, box: Box) -> Box | None:
        """The largest thing in a part that was not there when it was empty.

        Args:
            box: The part.

        Returns:
            The thing's box, its score the share of that box which it fills. None with no such thing, or when
            too little is known of the part.
        """
        part = self._part(box)
        if part is None or self.changed(box) is None:
            return None
        flags = self._different()[part].astype(np.uint8)
        joined = cv2.morphologyEx(flags, cv2.MORPH_CLOSE, np.ones((3, 5), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        if count < 2:
            return None
        left, top, width, height, area = max(stats[1:].tolist(), key=lambda one: one[cv2.CC_STAT_AREA])
        rows, columns = self._shape
        x, y = left + part[1].start, top + part[0].start
        fill = area / (width * height)
        return Box(x / columns, y / rows, (x + width) / columns, (y + height) / rows, fill)

    def still(self, box: Box) -> bool:
        """Whether nothing has moved in a part for about a second; False before the first picture."""
        part = self._part(box)
        if part is None or self._at is None:
            return False
        moved = self._moved_at[part] > self._at - _STILL_SECONDS
        return bool(np.count_nonzero(moved) <= _STILL_SHARE * moved.size)

    def _usable(self) -> _Flags:
        usable: _Flags = (self._seen >= _KNOWN_SECONDS) & ~self._taken
        return usable

    def _different(self) -> _Flags:
        """Where the picture is not as it was empty, single pixels left out; only where that can be said."""
        if self._differing is None:
            gain, shift = self._light
            raw = ((np.abs(self._now - (gain * self._mean + shift)) > _DIFFERENT) & self._usable()).astype(
                np.uint8
            )
            self._differing = cv2.morphologyEx(raw, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0
        return self._differing

    def _measure_light(self) -> tuple[float, float]:
        """Factor and summand that make the empty scene as bright as the present picture."""
        usable = self._usable()[::_SPARSE, ::_SPARSE]
        empty, now = self._mean[::_SPARSE, ::_SPARSE][usable], self._now[::_SPARSE, ::_SPARSE][usable]
        if empty.size < _FEWEST_PIXELS:
            return 1.0, 0.0
        # Brighter by a summand, or by a factor: whichever explains more is the better beginning.
        factor = float(np.median(now / np.maximum(empty, 1.0)))
        guesses = (1.0, float(np.median(now - empty))), (float(np.clip(factor, 0.3, 3.0)), 0.0)
        gain, shift = max(guesses, key=lambda one: np.count_nonzero(_explained(empty, now, one)))
        for _ in range(2):
            close = _explained(empty, now, (gain, shift))
            x, y = empty[close], now[close]
            if x.size < _FEWEST_PIXELS or np.var(x) < _FLAT:
                break
            gain = float(np.clip(np.mean((x - x.mean()) * (y - y.mean())) / np.var(x), 0.3, 3.0))
            shift = float(y.mean() - gain * x.mean())
        return gain, shift

    def _mask(self, boxes: Sequence[Box], margin: float) -> _Flags:
        mask = np.zeros(self._shape, np.bool_)
        for box in boxes:
            across, down = margin * (box.right - box.left), margin * (box.bottom - box.top)
            grown = Box(box.left - across, box.top - down, box.right + across, box.bottom + down, 0.0)
            part = self._part(grown)
            if part is not None:
                mask[part] = True
        return mask

    def _part(self, box: Box) -> tuple[slice, slice] | None:
        """Rows and columns of a box; at least one of each. None before the first picture."""
        if not self._shape:
            return None
        rows, columns = self._shape
        return _span(box.top, box.bottom, rows), _span(box.left, box.right, columns)


def _explained(empty: _Floats, now: _Floats, light: tuple[float, float]) -> _Flags:
    gain, shift = light
    explained: _Flags = np.abs(now - (gain * empty + shift)) < _DIFFERENT
    return explained


def _span(start: float, end: float, size: int) -> slice:
    first = min(max(int(start * size), 0), size - 1)
    last = min(max(int(np.ceil(end * size)), first + 1), size)
    return slice(first, last)
