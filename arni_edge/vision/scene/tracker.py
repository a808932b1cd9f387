"""Follows people from look to look: who is there, not what one picture shows.

Association as in ByteTrack (Zhang et al., ECCV 2022: sure boxes first, then unsure ones for those whom no
sure box fits) and OC-SORT (Cao et al., CVPR 2023: who is missing is sought once more from where they were
last seen), with all times in seconds: looks come at any rate and sometimes not at all. Why it is our own, and
how it compares, is in ``docs/decisions/0012-a-tracker-in-seconds.md``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from arni_edge.vision.scene.association import best_pairs
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.kalman import sides
from arni_edge.vision.scene.person import Person
from arni_edge.vision.scene.report import Track


@dataclass(frozen=True, slots=True)
class Ended:
    """Somebody who is not followed any more.

    Attributes:
        track: As they were last seen.
        left: They went over the picture's border; otherwise they were lost inside it.
    """

    track: Track
    left: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """What has become of everybody.

    Attributes:
        tracks: Who is there, by id; those who are not confirmed yet count nowhere.
        ended: Whose track has ended since the last time; some of them were never confirmed.
        first: This was the first look of all: whoever is there was there before.
    """

    tracks: tuple[Track, ...]
    ended: tuple[Ended, ...] = ()
    first: bool = False

    @property
    def confirmed(self) -> tuple[Track, ...]:
        """Who is there for certain."""
        return tuple(track for track in self.tracks if track.confirmed)


class Tracker:
    """Follows the people of one camera. Ids are never given twice."""

    def __init__(self, confidence: float) -> None:
        """Begin without knowing who is there.

        Args:
            confidence: A box of at least this score may be somebody new; one of less only somebody known.
        """
        self._confidence = confidence
        self._people: list[Person] = []
        self._next_id = 1
        self._at: float | None = None

    def saw(self, people: Iterable[Box], at: float) -> Followed:
        """Take the boxes of one look.

        Args:
            people: In any order, down to a low score.
            at: When, in seconds; a moment before the last one is taken for the last one.
        """
        first, before = self._at is None, at if self._at is None else self._at
        at = self._at = max(at, before)
        boxes = sorted(people, key=lambda box: (-box.score, *sides(box)))
        sure = [box for box in boxes if box.score >= self._confidence]
        faint = [box for box in boxes if box.score < self._confidence]
        for person in self._people:
            person.expect(at)
        # Who is there for certain chooses first: somebody who may be none takes no box away from them.
        certain = [one for one in self._people if one.here and one.track.confirmed]
        doubtful = [one for one in self._people if one.here and not one.track.confirmed]
        sure = self._match(certain, sure, at, Person.fits)
        sure = self._match(doubtful, sure, at, Person.fits)
        missing = [one for one in self._people if one.here and one.seen_at < at]
        self._match(missing, faint, at, Person.fits_well)
        # Who is on their way out is no longer here, but comes back under their own id.
        missing = [one for one in self._people if one.seen_at < at]
        sure = self._match(missing, sure, at, Person.reaches)
        for box in sure:
            self._people.append(Person(self._next_id, box, at))
            self._next_id += 1
        for place, person in enumerate(self._people):
            if person.seen_at == at:
                person.weigh([one.track.box for one in self._people[:place] if one.here], first=first)
            else:
                person.miss(at - before)
        ended = tuple(Ended(one.track, one.leaving) for one in self._people if one.gone)
        self._people = [one for one in self._people if not one.gone]
        return replace(self._followed(), ended=ended, first=first)

    def unchanged(self, at: float) -> Followed:
        """Nothing has moved: everybody is where they were, and nothing new is known of who was missed."""
        if self._at is not None:
            self._at = max(at, self._at)
            for person in self._people:
                person.rest(self._at)
        return self._followed()

    def lost(self) -> None:
        """The camera was away: nobody is known to be there."""
        self._people.clear()
        self._at = None

    def _match(
        self,
        people: Sequence[Person],
        boxes: Sequence[Box],
        at: float,
        fit: Callable[[Person, Box], float],
    ) -> list[Box]:
        """Give people their boxes; the boxes that are nobody's are left."""
        worth = {
            (i, j): value
            for i, person in enumerate(people)
            for j, box in enumerate(boxes)
            if (value := fit(person, box)) > 0
        }
        pairs = best_pairs(worth)
        for i, j in pairs:
            people[i].see(boxes[j], at, sure=boxes[j].score >= self._confidence)
        taken = {j for _, j in pairs}
        return [box for j, box in enumerate(boxes) if j not in taken]

    def _followed(self) -> Followed:
        return Followed(tuple(person.track for person in self._people if person.here))
