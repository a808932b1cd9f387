"""A place where somebody may be down: what closer looks have shown there, and what follows."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from math import hypot
from typing import Literal

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.posture import ratio
from arni_edge.vision.scene.report import Closer, Track

Evidence = Literal["lying", "vanished"]

# A body on the floor hides about as much as the same body upright: 0.6 of the box of one who stands. Seen
# along its length it is half of that, a bag is less. At the edge, where people walk out, more is asked.
_SILHOUETTE = 0.6
_LEAST_BODY = 0.4
_LEAST_BODY_AT_EDGE = 0.5
_MOST_BODY = 4.0
# Of one's height: a body on the floor is lower than this. Half-open doors and people behind a sign are not.
_LOWEST = 0.7
# Of one's height: so far above the feet a body that has fallen away from the camera may end below.
_ABOVE_FEET = 0.45
# Of one's height, sideways: who falls lies where they stood; a chair that was pushed aside stands beside it.
_BESIDE_FEET = 0.3
_STANDING_RATIO = 1.4
# Of one's height: shortest (seen along its length) and longest thing that can be them.
_SHORTEST, _LONGEST = 0.35, 1.9
_SURE_UPRIGHT = 0.45
# Of the place: when others hide as much of it, a look says nothing.
_HIDDEN = 0.3
# A look at a pace that finds a fallen person before the hold ends and costs little while it waits.
_PACES = ((6.0, 1.0), (30.0, 2.0), (float("inf"), 5.0))
_SAME = 0.5
_MATCH = 0.35
_COUNTED_LOOKS = 2
_FEWEST_LOOKS = 3
_SHARE_OF_LOOKS = 0.6
_EVIDENCE_SPAN = 0.5
# A place that is as it was is soon believed; another thing there may be somebody who has not come to rest.
_LOOKS_AS_BEFORE = 3
_LOOKS_WITHOUT = 6
_OVER_SECONDS = 8.0
_SLOW_FACTOR = 1.5
_PATIENCE_SECONDS = 30.0
_NOTHING_MORE_SECONDS = 300.0
# While looks say nothing either way (somebody bends over them), what was found stays true for so long.
_STALE_SECONDS = 20.0


class Verdict(Enum):
    """What one closer look says of a place."""

    LYING = auto()
    THING = auto()
    """Something that may be a body lies there and does not move."""
    UPRIGHT = auto()
    """Somebody is there, and on their feet."""
    OTHER = auto()
    """No body on the floor, but not as it was: an open door, a bag, a chair, somebody who sits."""
    NOTHING = auto()
    """It is as it was."""
    UNCLEAR = auto()


_FOUND = (Verdict.LYING, Verdict.THING)


@dataclass(slots=True)
class Place:
    """Where somebody lies or has vanished.

    Attributes:
        id: Of the event that it may become, and of the wishes to look.
        why: What began it.
        box: Where they are, or probably lie.
        last: Their box when they were last seen before.
        standing: Their box when they last stood, for their size.
        since: Since when they have been lying or gone.
        fell: They came to lie as fast as only a fall is, or it is not known how.
        at_edge: They were last seen at the picture's edge, and may have walked out.
        track: Who; vanished people keep their last id.
        aspect: The picture's width by its height.
        not_before: No event earlier than this, because one has just been here.
    """

    id: int
    why: Evidence
    box: Box
    last: Box
    standing: Box
    since: float
    fell: bool
    at_edge: bool
    track: int
    aspect: float
    next_look: float
    not_before: float = float("-inf")
    down_since: float | None = None
    _newcomer: int | None = None
    _newcomer_at: float = 0.0
    _looks: deque[tuple[float, Verdict]] = field(default_factory=lambda: deque(maxlen=200))

    @property
    def height(self) -> float:
        """Of the person when they stand, in shares of the picture's height."""
        return self.standing.bottom - self.standing.top

    def part(self) -> Box:
        """What to look at: around who lies, or all that somebody who stood there can fall into."""
        box, reach = self.box, self.height / self.aspect
        if self.why == "lying":
            across, down = 0.3 * (box.right - box.left), 0.3 * (box.bottom - box.top)
            return _clipped(box.left - across, box.top - down, box.right + across, box.bottom + down)
        middle = (box.left + box.right) / 2
        top, bottom = box.bottom - 0.85 * self.height, box.bottom + 0.4 * self.height
        return _clipped(middle - 1.1 * reach, top, middle + 1.1 * reach, bottom)

    def wants_look(self, at: float) -> bool:
        """Whether it is time to look again; asked once, the next wish comes at the pace of this place."""
        if at < self.next_look:
            return False
        self.next_look = at + next(pace for age, pace in _PACES if at - self.since < age)
        return True

    def looked(self, answer: Closer, others: Sequence[Track], at: float) -> None:
        """Take the answer to a closer look.

        Args:
            answer: To the wish with this place's id.
            others: Confirmed people who are there now and are not this one.
            at: When.
        """
        verdict = self._verdict(answer, others)
        self._looks.append((at, verdict))
        if verdict is Verdict.LYING and answer.person is not None:
            self.box = answer.person
        elif verdict is Verdict.THING and answer.thing is not None:
            self.box = answer.thing

    def seen_lying(self, box: Box, at: float) -> None:
        """The detector itself sees them lie: as good as a closer look."""
        self.box, self.why = box, "lying"
        if not self._looks or self._looks[-1][1] is not Verdict.LYING or at - self._looks[-1][0] >= 1.0:
            self._looks.append((at, Verdict.LYING))

    def _verdict(self, answer: Closer, others: Sequence[Track]) -> Verdict:
        person, thing = answer.person, answer.thing
        if person is not None and answer.lies and self._may_be(person, answer.thing):
            return Verdict.LYING
        if any(
            overlap(self.part(), one.box) >= _HIDDEN or overlap(self.box, one.box) >= _HIDDEN
            for one in others
        ):
            return Verdict.UNCLEAR
        if (
            person is not None
            and person.score >= _SURE_UPRIGHT
            and ratio(person, self.aspect) >= _STANDING_RATIO
        ):
            same = any(overlap(person, one.box) > 0.5 for one in others)
            return Verdict.UNCLEAR if same else Verdict.UPRIGHT
        if answer.changed is None:
            return Verdict.UNCLEAR if person is None else Verdict.OTHER
        if thing is None:
            return Verdict.NOTHING
        if not self._is_a_body(thing):
            return Verdict.OTHER
        return Verdict.THING if answer.still else Verdict.UNCLEAR

    def _may_be(self, person: Box, thing: Box | None) -> bool:
        """Whether a find has their size and is where something lies: enlarged patterns look like people."""
        where = self.box if self.why == "lying" else None
        if thing is not None and self._is_a_body(thing):
            where = thing
        if where is not None and (overlap(person, where) < _MATCH or overlap(where, person) < _MATCH):
            return False
        length = hypot(person.bottom - person.top, (person.right - person.left) * self.aspect)
        return _SHORTEST * self.height <= length <= _LONGEST * self.height

    def _is_a_body(self, thing: Box) -> bool:
        """Whether a thing on the floor has the size and the shape of somebody who lies."""
        body = _SILHOUETTE * area(self.standing)
        least = _LEAST_BODY_AT_EDGE if self.at_edge else _LEAST_BODY
        if not least * body <= thing.score * area(thing) <= _MOST_BODY * body:
            return False
        low = thing.bottom - thing.top <= _LOWEST * self.height
        # The feet where they were last, standing or not: who was lost while walking is not where they stood.
        x, y = self.last.foot
        on_floor = thing.bottom >= y - _ABOVE_FEET * self.height
        beside = max(thing.left - x, x - thing.right, 0.0) * self.aspect
        return (
            low
            and on_floor
            and beside <= _BESIDE_FEET * self.height
            and ratio(thing, self.aspect) < _STANDING_RATIO
        )

    # --- what follows -------------------------------------------------------------------------------------

    def is_down(self, hold: float, at: float) -> bool:
        """Whether enough speaks for it, for long enough; once so, it stays so until it is over."""
        if self.down_since is None and self._enough(hold, at):
            self.down_since = at
        return self.down_since is not None

    def _enough(self, hold: float, at: float) -> bool:
        wait = hold if self.fell else _SLOW_FACTOR * hold
        if at - self.since < wait or at < self.not_before:
            return False
        looks = [
            (when, one) for when, one in self._looks if one is not Verdict.UNCLEAR and when >= at - 2 * wait
        ]
        found = [when for when, one in looks if one in _FOUND]
        return (
            len(found) >= _FEWEST_LOOKS
            and len(found) >= _SHARE_OF_LOOKS * len(looks)
            and looks[-1][1] in _FOUND
            and found[-1] - found[0] >= _EVIDENCE_SPAN * wait
            and at - found[-1] <= _STALE_SECONDS
        )

    @property
    def evidence(self) -> Evidence:
        """What it is staked on: whether a person was seen lying at least now and then."""
        lying = sum(1 for _, one in self._looks if one is Verdict.LYING)
        thing = sum(1 for _, one in self._looks if one is Verdict.THING)
        return "lying" if lying * 2 >= thing else "vanished"

    def is_same_as(self, earlier: "Place") -> bool:
        """Whether both mean the same body: it was lost from sight twice, or somebody beside it was."""
        same = overlap(self.box, earlier.box) >= _SAME or overlap(earlier.box, self.box) >= _SAME
        return same and self.has_found and earlier.has_found

    @property
    def has_found(self) -> bool:
        """Whether any look has found somebody, or something that may be a body."""
        return any(one in _FOUND for _, one in self._looks)

    @property
    def has_somebody(self) -> bool:
        """Whether looks agree that somebody lies there: they are counted although nobody sees them."""
        told = [one for _, one in self._looks if one is not Verdict.UNCLEAR]
        return sum(one in _FOUND for one in told) >= _COUNTED_LOOKS and told[-1] in _FOUND

    def is_up_again(self, newcomer: int, at: float) -> bool:
        """Whether somebody who has appeared on their feet at this place is the one who was gone.

        Where nobody was seen lying yet, they are. Otherwise it may be somebody who helps, and the next look
        tells: with nobody lying any more, they are.
        """
        if self.down_since is None and not any(one is Verdict.LYING for _, one in self._looks):
            return True
        if self._newcomer != newcomer:
            self._newcomer, self._newcomer_at = newcomer, at
            self.next_look = at
        since = [one for when, one in self._looks if when >= self._newcomer_at]
        return bool(since) and not any(one in _FOUND for one in since)

    def is_over(self, hold: float, at: float) -> bool:
        """Whether nobody is down there (any more), as far as looks can tell."""
        found = [when for when, one in self._looks if one in _FOUND]
        last = found[-1] if found else self.since
        against = [(when, one) for when, one in self._looks if when > last and one is not Verdict.UNCLEAR]
        as_before = sum(1 for _, one in against if one is not Verdict.OTHER)
        if as_before >= _LOOKS_AS_BEFORE or len(against) >= _LOOKS_WITHOUT:
            seconds = _OVER_SECONDS if self.down_since is not None else 0.0
            return against[-1][0] - against[0][0] >= seconds
        if self.down_since is not None:
            return at - last > _NOTHING_MORE_SECONDS
        return at - last > 2 * hold + _PATIENCE_SECONDS


def area(box: Box) -> float:
    """In shares of the picture."""
    return max(box.right - box.left, 0.0) * max(box.bottom - box.top, 0.0)


def overlap(box: Box, other: Box) -> float:
    """The share of a box that another one hides."""
    across = min(box.right, other.right) - max(box.left, other.left)
    down = min(box.bottom, other.bottom) - max(box.top, other.top)
    return max(across, 0.0) * max(down, 0.0) / max(area(box), 1e-9)


def _clipped(left: float, top: float, right: float, bottom: float) -> Box:
    return Box(max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0), 0.0)
