"""One person who is followed: how they move, how certainly they are there, when they are given up."""

import math
from collections.abc import Iterable

from arni_edge.vision.scene.association import overlap
from arni_edge.vision.scene.border import Stature, cut_by
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.kalman import Motion, sides
from arni_edge.vision.scene.report import Track

# A box overlaps the place where somebody is expected at least so far, both grown by what is not known of it;
# an unsure box must fit better.
_LIKELY = 0.15
_SURELY = 0.4
# Unsure boxes alone keep somebody for so long: half of a person behind a pillar, not a bin for ever.
_FAINT_SECONDS = 5.0
# Walking, in heights of the body per second.
_WALK = 1.0
_WIDTHS_PER_HEIGHT = 2.5
_SHRUNK = 0.5

# Somebody new counts with the second sure look; at once when they were there before the camera was, or come
# over the border (from somewhere they must come) and it is rather them than not.
_LOOKS = 2
_AT_ONCE = 0.5
# A box that lies in another one, or on it, is mostly a second box of the same person. A real person behind or
# before another stands out sooner or later; until then they must be seen for longer, without a miss, and are
# soon forgotten.
_INSIDE = 0.75
_UPON = 0.5
_INSIDE_SECONDS = 2.0

# Nobody vanishes in the middle of a room: they are missed, for this long. Who stood still for a while has to
# walk before they can be gone, and would be seen doing so.
_PATIENCE = 1.0
_REST_PATIENCE = 3.0
_REST_SECONDS = 3.0
_REST_SIZE = 0.5  # sizes of the body; who stays within this is at rest
# Who went over the border, or was never certain, is not there any more after this.
_BORDER_PATIENCE = 0.3
_MISSES = 2
# After a time without looks one miss says little.
_MOST_MISSED = 0.5

# The score is the mean of about this time.
_SCORE_SECONDS = 0.5

_EPSILON = 1e-6


class Person:
    """Somebody who is followed.

    Attributes:
        id: Theirs alone.
        seen_at: When they were last seen, in seconds.
        confirmed: It is certain enough that they are there to count them.
        leaving: They were on their way over the picture's border when they were last seen.
    """

    def __init__(self, number: int, box: Box, at: float) -> None:
        """Begin with their first box."""
        self.id = number
        self.seen_at = at
        self.confirmed = False
        self.leaving = False
        self._box = box
        self._motion = Motion(box, at)
        self._stature = Stature(box)
        self._began_at = self._sure_at = self._unbroken_since = at
        self._hits = 1
        self._score = box.score
        self._distinct = False
        self._missed, self._misses = 0.0, 0
        self._stood, self._stood_since = box, at

    @property
    def track(self) -> Track:
        """As others are told of them."""
        return Track(
            self.id, self._box, self._began_at, self.seen_at, self._hits, self._score, self.confirmed
        )

    # --- time passes --------------------------------------------------------------------------------------

    def expect(self, at: float) -> None:
        """Go to the moment of the next look."""
        self._motion.advance(at)

    def see(self, box: Box, at: float, *, sure: bool) -> None:
        """They were seen; the moment is the one that was gone to."""
        seconds = at - self.seen_at
        self._motion.see(box)
        self._stature.see(box, seconds)
        self._score += (1 - math.exp(-seconds / _SCORE_SECONDS)) * (box.score - self._score)
        self._box = box
        self._hits += 1
        if sure:
            self._sure_at = at
        if self._misses:
            self._unbroken_since = at
        if _apart(self._stood, box) > _REST_SIZE:
            self._stood, self._stood_since = box, at
        self.seen_at, self._missed, self._misses = at, 0.0, 0
        self.leaving = self._stature.is_leaving(self._motion.speed)

    def miss(self, seconds: float) -> None:
        """They were not seen; the look before was so many seconds ago."""
        self._missed += min(seconds, _MOST_MISSED)
        self._misses += 1

    def rest(self, at: float) -> None:
        """Nothing has moved: if they were seen at the last look, they still are."""
        self._motion.rest(at)
        if not self._misses:
            self.seen_at = at

    # --- being certain, and giving up ---------------------------------------------------------------------

    def weigh(self, others: Iterable[Box], *, first: bool) -> None:
        """After a sight: whether they are somebody, and somebody else than the others.

        Args:
            others: The boxes of those who have been followed for longer.
            first: This is the first look of all.
        """
        self._distinct = self._distinct or not any(_same(self._box, other) for other in others)
        if self.confirmed or self._sure_at < self.seen_at:
            return
        if not self._distinct:
            self.confirmed = self.seen_at - self._unbroken_since >= _INSIDE_SECONDS - _EPSILON
        elif first or self._hits >= _LOOKS:
            self.confirmed = True
        else:
            self.confirmed = any(cut_by(self._box)) and self._box.score >= _AT_ONCE

    @property
    def here(self) -> bool:
        """They are there, as far as anybody can tell."""
        return not (self.leaving and self._missed_for(_BORDER_PATIENCE))

    @property
    def gone(self) -> bool:
        """They are not looked for any longer."""
        if not (self.confirmed and self._distinct):
            return self._missed_for(_BORDER_PATIENCE)
        rested = not self.leaving and self.seen_at - self._stood_since >= _REST_SECONDS
        return self._missed_for(_REST_PATIENCE if rested else _PATIENCE)

    def _missed_for(self, seconds: float) -> bool:
        return self._misses >= _MISSES and self._missed >= seconds - _EPSILON

    # --- whether a box is theirs: above zero if it may be; the greater, the better -------------------------

    def fits(self, box: Box) -> float:
        """A sure box where they are expected; the more exactly that is known, the more it says."""
        across, down = self._motion.unsure
        width, height = self._motion.size
        fit = overlap(self._motion.sides, sides(box), (min(across, width), min(down, height)))
        return fit / (1 + 2 * across / width) if fit >= _LIKELY else 0.0

    def fits_well(self, box: Box) -> float:
        """An unsure box just where somebody certain is expected."""
        if not self.confirmed or self._motion.at - self._sure_at > _FAINT_SECONDS:
            return 0.0
        fit = overlap(self._motion.sides, sides(box), self._motion.unsure)
        return fit if fit >= _SURELY else 0.0

    def reaches(self, box: Box) -> float:
        """A sure box to which somebody certain can have walked since they were last seen."""
        if not self.confirmed:
            return 0.0
        was, (width, height), (before, tall) = self._box, _size(box), _size(self._box)
        whole = not any(cut_by(was)) and not any(cut_by(box))
        if whole and min(height, tall) < _SHRUNK * max(height, tall):
            return 0.0
        across = (was.foot[0] - box.foot[0]) / (_WIDTHS_PER_HEIGHT * max(width, before))
        way = math.hypot(across, (was.foot[1] - box.foot[1]) / max(height, tall))
        return max(0.0, 1 - way / (_WALK * (self._motion.at - self.seen_at)))


def _same(box: Box, other: Box) -> bool:
    """Whether two boxes may be of one person."""
    across = min(box.right, other.right) - max(box.left, other.left)
    down = min(box.bottom, other.bottom) - max(box.top, other.top)
    if across <= 0 or down <= 0:
        return False
    (width, height), (other_width, other_height) = _size(box), _size(other)
    inside = across * down / min(width * height, other_width * other_height)
    return inside > _INSIDE or overlap(sides(box), sides(other)) > _UPON


def _apart(box: Box, other: Box) -> float:
    """How far apart two sights of somebody are, in sizes of the body (see :mod:`.kalman`)."""
    width, height = _size(box)
    return math.hypot((box.foot[0] - other.foot[0]) / width, 2 * (box.foot[1] - other.foot[1]) / height)


def _size(box: Box) -> tuple[float, float]:
    return max(box.right - box.left, _EPSILON), max(box.bottom - box.top, _EPSILON)
