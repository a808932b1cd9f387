"""The motion gate: whether a picture is worth the detector's time.

Inference costs a hundred times what decoding does, and in a gym at night nothing happens. The gate compares a
small grey picture with what the place usually looks like. It only ever saves work: people who stand still are
looked at again and again, and so is a room in which nothing moves.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.worker.stream import Picture

FLOOR_SECONDS = 5.0
"""A room in which nothing moves is looked at this often all the same."""

OCCUPIED_SECONDS = 1.0
"""People who do not move are looked at again this often."""

LINGER_SECONDS = 2.0
"""Looking goes on for this long after the last motion: who has just stopped is seen standing."""

_STORM_LOOK_SECONDS = 1.0
# A light that goes on, a camera that changes to infrared: within a second the picture is another one. When a
# person comes close, exposure drifts by about ten levels a second, which is none.
_STORM_SHARE = 0.6
_STORM_STEP = 16.0
_SUDDEN_SECONDS = 1.0
# It is over when the middle of all pixels has held still for so long; people who walk change fewer than half.
_STEADY_STEP = 3.0
_STEADY_SECONDS = 1.0
# A place whose light never rests (a course with a strobe) is watched like any other after this.
_LONGEST_STORM = 30.0

# What the place usually looks like follows within about this time: clouds and evenings do, people do not.
_MEMORY_SECONDS = 8.0
# Grey levels by which a pixel must differ at least, and times its own usual unrest.
_LEAST_STEP = 11.0
_UNREST_TIMES = 4.0
_MOST_UNREST = 15.0
# The smallest patch that is somebody far away: of 17,800 pixels. Single ones are noise.
_PATCH = np.ones((2, 2), np.uint8)
_LEAST_PIXELS = 6
_ROUNDING = 1e-3

_Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate makes of one picture.

    Attributes:
        look: The detector should look at it.
        storm: The light is changing: what is seen now is no ground for an alarm.
        motion: Share of the picture that is not as usual, 0..1.
        moving: Something moves; more urgent than a mere look to be sure.
    """

    look: bool
    storm: bool
    motion: float
    moving: bool


class Gate:
    """One camera's gate. Times are seconds of a clock that never jumps; rates may vary as they like."""

    def __init__(self) -> None:
        """Nothing is known: the first picture is looked at."""
        self._place: _Place | None = None
        self._at = 0.0
        self._storm_since: float | None = None
        self._steady_since: float | None = None
        self._moved_at = float("-inf")
        self._looked_at = float("-inf")

    def lost(self) -> None:
        """The camera was away: nobody knows what the place looks like now."""
        self.__init__()  # type: ignore[misc]

    def judge(self, grey: Picture, at: float, *, occupied: bool) -> Verdict:
        """Decide about the next picture.

        Args:
            grey: The whole picture, masked, [100, 178] or any other size that stays the same.
            at: When it came.
            occupied: Somebody was there at the last look.
        """
        # The middle of nine first: a single pixel is noise, however bright.
        now: _Grey = cv2.GaussianBlur(cv2.medianBlur(grey, 3), (3, 3), 0).astype(np.float32)
        if self._place is None or now.shape != self._place.usual.shape:
            self._place = _Place(now)
            return self._verdict(at, occupied=occupied, moving=True, motion=1.0)
        storm = self._stormy(now, self._place, at)
        motion = 1.0 if storm else self._place.motion(now)
        moving = not storm and motion > 0.0
        self._place.learn(now, max(0.0, at - self._at))
        self._at = at
        return self._verdict(at, occupied=occupied, moving=moving, motion=motion)

    def _stormy(self, now: _Grey, place: "_Place", at: float) -> bool:
        if self._storm_since is None:
            if not place.is_another(now):
                return False
            self._storm_since, self._steady_since = at, None
            return True
        if place.step(now) > _STEADY_STEP:
            self._steady_since = None
        elif self._steady_since is None:
            self._steady_since = self._at
        steady = self._steady_since is not None and at - self._steady_since >= _STEADY_SECONDS
        if not steady and at - self._storm_since < _LONGEST_STORM:
            return True
        # This is what the place looks like from now on; who brought it about is looked for at once.
        self._place = _Place(now)
        self._storm_since, self._moved_at = None, at
        return False

    def _verdict(self, at: float, *, occupied: bool, moving: bool, motion: float) -> Verdict:
        storm = self._storm_since is not None
        if moving:
            self._moved_at = at
        if storm:
            rest = _STORM_LOOK_SECONDS
        elif at - self._moved_at <= LINGER_SECONDS:
            rest = 0.0
        else:
            rest = OCCUPIED_SECONDS if occupied else FLOOR_SECONDS
        look = at - self._looked_at >= rest - _ROUNDING
        if look:
            self._looked_at = at
        return Verdict(look, storm, motion, moving)


class _Place:
    """What the place usually looks like, how restless each pixel is, and what it looked like just now."""

    def __init__(self, now: _Grey) -> None:
        self.usual = now.copy()
        self._unrest = np.zeros_like(now)
        self._recent = now.copy()
        self._last = now

    def is_another(self, now: _Grey) -> bool:
        """Whether most of the picture has suddenly changed."""
        changed = cv2.compare(cv2.absdiff(now, self._recent), _STORM_STEP, cv2.CMP_GT)
        return cv2.countNonZero(changed) >= _STORM_SHARE * now.size

    def step(self, now: _Grey) -> float:
        """Grey levels by which the middle of all pixels differs from the picture before."""
        return _middle(cv2.absdiff(now, self._last))

    def motion(self, now: _Grey) -> float:
        """Share of the picture that is not as usual; 0 for mere noise."""
        difference = cv2.subtract(now, self.usual)
        # Exposure and clouds move all pixels together.
        difference = cv2.absdiff(difference, _middle(difference))
        limit = cv2.max(cv2.multiply(self._unrest, _UNREST_TIMES), _LEAST_STEP)
        changed = cv2.compare(difference, limit, cv2.CMP_GT)
        pixels = cv2.countNonZero(cv2.morphologyEx(changed, cv2.MORPH_OPEN, _PATCH))
        return pixels / now.size if pixels >= _LEAST_PIXELS else 0.0

    def learn(self, now: _Grey, seconds: float) -> None:
        """Get used to a picture that came so many seconds after the one before."""
        unrest = cv2.min(cv2.absdiff(now, self.usual), _MOST_UNREST / _UNREST_TIMES)
        share = min(1.0, seconds / _MEMORY_SECONDS)
        cv2.accumulateWeighted(unrest, self._unrest, share)
        cv2.accumulateWeighted(now, self.usual, share)
        cv2.accumulateWeighted(now, self._recent, min(1.0, seconds / _SUDDEN_SECONDS))
        self._last = now


def _middle(values: _Grey) -> float:
    """The median, of every sixteenth pixel: a thousand are enough."""
    return float(np.median(values[::4, ::4]))
