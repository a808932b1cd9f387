"""Who is certainly there: the ground for an alarm when nobody should be.

One sight is not enough, a light that goes on is nobody, and a poster that looks like a person never moves.
Animals are no persons for the detector; where it takes one for a person, it does so rarely and unsurely.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from arni_edge.vision.orders import ZoneOrder
from arni_edge.vision.scene.geometry import Box, Region
from arni_edge.vision.scene.report import Intruder, Track

_SIGHTS = 3
_SECONDS = 1.0
_SCORE = 0.5
_LAST_SIGHTS = 10
# While the light changes, and so long after it, cameras adapt and detectors see ghosts.
_UNSTEADY_SECONDS = 2.0
# Who appeared in such a moment must last longer.
_SIGHTS_AFTER_STORM = 5
_SECONDS_AFTER_STORM = 2.0
# Of its own height: a box that has never moved further than this is no living person after a few minutes.
_UNMOVED = 0.05
_THING_SECONDS = 300.0
_MOST_THINGS = 32


@dataclass(slots=True)
class _Case:
    """What speaks for one track.

    Attributes:
        first: Its first box.
        began_at: Since when sights count.
        in_storm: It appeared while the light was not steady.
        moved: It was seen elsewhere than at first.
    """

    first: Box
    began_at: float
    in_storm: bool
    moved: bool = False
    sights: int = 0
    seen_at: float = float("-inf")
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=_LAST_SIGHTS))


class CertainWatch:
    """Sorts out of one camera's tracks those on which an alarm may be staked."""

    def __init__(self, zones: Sequence[ZoneOrder] = ()) -> None:
        """Begin with nobody.

        Args:
            zones: Of the camera, to say where somebody is.
        """
        self._zones = [Region(zone.id, zone.polygon) for zone in zones]
        self._cases: dict[int, _Case] = {}
        self._things: deque[Box] = deque(maxlen=_MOST_THINGS)
        self._unsteady_until = float("-inf")

    def saw(self, tracks: Sequence[Track], at: float, *, storm: bool) -> tuple[Intruder, ...]:
        """Take what one look has shown.

        Args:
            tracks: Everybody who is there; only the confirmed can be certain.
            at: When, in seconds.
            storm: The light is changing, or most of the picture is.

        Returns:
            Who is certainly there.
        """
        if storm:
            self._unsteady_until = at + _UNSTEADY_SECONDS
        unsteady = at < self._unsteady_until
        here = {track.id for track in tracks}
        self._cases = {number: case for number, case in self._cases.items() if number in here}
        for track in tracks:
            self._hear(track, at, unsteady=unsteady)
        return tuple(
            Intruder(track.id, track.began_at, self._zone(track.box))
            for track in tracks
            if track.confirmed and self._is_certain(self._cases[track.id])
        )

    def lost(self) -> None:
        """The camera was away: nobody is certain. Things that look like people are remembered."""
        self._cases.clear()
        self._unsteady_until = float("-inf")

    def _hear(self, track: Track, at: float, *, unsteady: bool) -> None:
        case = self._cases.get(track.id)
        if case is None:
            # Anew and not since the track began: before, the light may not have been steady.
            case = self._cases[track.id] = _Case(track.box, min(track.began_at, at), in_storm=unsteady)
        if track.seen_at <= case.seen_at:
            return
        case.seen_at = track.seen_at
        case.moved = case.moved or not _same(case.first, track.box)
        if unsteady and self._is_new(case):
            case.in_storm, case.sights, case.began_at = True, 0, at
            case.scores.clear()
            return
        case.sights += 1
        case.scores.append(track.box.score)
        if (
            not case.moved
            and track.seen_at - case.began_at >= _THING_SECONDS
            and not self._is_thing(case.first)
        ):
            self._things.append(case.first)

    def _is_new(self, case: _Case) -> bool:
        """Not certain yet when the light became unsteady: what was certain before stays so."""
        return case.in_storm or not self._is_certain(case)

    def _is_certain(self, case: _Case) -> bool:
        sights, seconds = (
            (_SIGHTS_AFTER_STORM, _SECONDS_AFTER_STORM) if case.in_storm else (_SIGHTS, _SECONDS)
        )
        if case.sights < sights or case.seen_at - case.began_at < seconds - 1e-6:
            return False
        return median(case.scores) >= _SCORE and (case.moved or not self._is_thing(case.first))

    def _is_thing(self, box: Box) -> bool:
        return any(_same(thing, box) for thing in self._things)

    def _zone(self, box: Box) -> str | None:
        return next((zone.id for zone in self._zones if zone.contains(box.foot)), None)


def _same(one: Box, other: Box) -> bool:
    """Whether two boxes are the same thing at the same place."""
    most = _UNMOVED * max(one.bottom - one.top, 1e-6)
    return (
        abs(one.left - other.left) <= most
        and abs(one.top - other.top) <= most
        and abs(one.right - other.right) <= most
        and abs(one.bottom - other.bottom) <= most
    )
