"""Notices who may be lying on the floor: seen lying, or gone in the middle of the room where something lies.

This is help, never the only safety measure. It misses people who fall where the camera does not see them, who
fall out of its picture, who lie small and far away, behind or under something, or who sit slumped; on a floor
that was never seen empty it misses whom the detector does not recognise. It takes for a fall who lies long on
a floor that the settings do not call a mat. What it says is a candidate, to be confirmed by asking.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from arni_edge.vision.orders import ZoneOrder
from arni_edge.vision.scene.geometry import Box, Region
from arni_edge.vision.scene.place import Place, overlap
from arni_edge.vision.scene.posture import Posture
from arni_edge.vision.scene.report import Closer, CloserLook, Down, Track

# Of one's height: two sights this near are at the same place.
_NEAR = 0.7
# Where somebody is found again who was lost from sight: people walk less than their height in a second.
_FOUND_AGAIN = 1.0
_FOUND_AGAIN_BEFORE = 1.0
# Of the picture: a box that ends this near to an edge may be cut by it.
_EDGE = 0.025
# Of the gone one's box: hidden that much by somebody who stands before them, they are hidden, not gone.
_HIDDEN = 0.35
# Too small to tell a fall from noise, of the picture's height.
_SMALLEST = 0.08
_FEWEST_HITS = 3
_REMEMBERED_SECONDS = 10.0
_COOL_DOWN_SECONDS = 60.0
_SUSPECTED_SECONDS = 30.0
_MOST_PLACES = 6
# A closer look is three inferences: a crowd in which people come and go must not use up the box.
_BETWEEN_LOOKS = 0.5
# Of one's height when standing: lower than this somebody is not up, but sits or kneels.
_UP = 0.6


@dataclass(frozen=True, slots=True)
class _Past:
    """Where an event has ended."""

    box: Box
    height: float
    until: float


class DownWatch:
    """Watches one camera's people for somebody who may be down; all times are seconds of one clock."""

    def __init__(self, hold_seconds: float, zones: Sequence[ZoneOrder]) -> None:
        """Begin with nobody down.

        Args:
            hold_seconds: So long somebody must lie or be gone before it is told; half as long again for who
                lay down slowly.
            zones: Of the camera; who lies on a mat is not down.
        """
        self._hold = hold_seconds
        self._zones = [Region(zone.id, zone.polygon) for zone in zones]
        self._mats = [Region(zone.id, zone.polygon) for zone in zones if zone.lying_is_normal]
        self._postures: dict[int, Posture] = {}
        self._places: list[Place] = []
        self._past: list[_Past] = []
        self._present: tuple[Track, ...] = ()
        self._next_id = 1
        self._suspected: dict[int, float] = {}
        self._asked_at = float("-inf")
        self._aspect = 16 / 9

    def saw(self, tracks: Sequence[Track], ended: Sequence[Track], at: float) -> tuple[CloserLook, ...]:
        """Take what one look has shown.

        Args:
            tracks: Everybody who is there; only the confirmed count.
            ended: Who is not followed any more since the last look.
            at: When.

        Returns:
            Where to look more closely; one place at a time.
        """
        self._present = tuple(one for one in tracks if one.confirmed)
        fresh = [one for one in self._present if self._follow(one)]
        for track in fresh:
            self._judge(track, at)
        for track in ended:
            self._gone(track, at)
        # Who is on their way out is not present any more when they end; what they did is needed then.
        recent = at - _REMEMBERED_SECONDS
        self._postures = {number: one for number, one in self._postures.items() if one.last_at > recent}
        self._suspected = {
            number: when for number, when in self._suspected.items() if number in self._postures
        }
        self._settle(at)
        urgent = min(self._places, key=lambda place: place.next_look, default=None)
        if urgent is None or at - self._asked_at < _BETWEEN_LOOKS - 1e-6 or not urgent.wants_look(at):
            return ()
        self._asked_at = at
        return (CloserLook(urgent.id, urgent.part()),)

    def looked_closer(self, answers: Sequence[Closer], at: float) -> None:
        """Take the answers to wishes; one that was not answered is wished again in time."""
        for answer in answers:
            self._shape(answer.aspect)
            place = next((one for one in self._places if one.id == answer.id), None)
            if place is not None:
                place.looked(answer, [one for one in self._present if one.id != place.track], at)
        self._settle(at)

    def down(self, at: float) -> tuple[Down, ...]:
        """Who is down now; the same id for as long as it is the same event."""
        return tuple(
            Down(place.id, place.box, place.since, place.evidence, self._zone(place.box))
            for place in self._places
            if place.is_down(self._hold, at)
        )

    def unseen(self, at: float) -> tuple[Track, ...]:
        """Who lies where closer looks have found them, and is not followed any more: they are still there."""
        present = {track.id for track in self._present}
        return tuple(
            Track(place.track, place.box, place.since, at, _FEWEST_HITS, place.box.score, confirmed=True)
            for place in self._places
            if place.has_somebody
            and place.track not in present
            and not any(overlap(place.box, one.box) >= _HIDDEN for one in self._present)
        )

    def lost(self) -> None:
        """The camera was away: forget whom it saw. Who was down still is, until looks tell otherwise."""
        self._postures.clear()
        self._present = ()
        self._places = [place for place in self._places if place.down_since is not None]

    def _shape(self, aspect: float) -> None:
        """Learn the shape of the picture, and judge anew what was judged in another one."""
        if abs(aspect - self._aspect) < 1e-3:
            return
        self._aspect = aspect
        self._postures = {number: one.in_aspect(aspect) for number, one in self._postures.items()}
        for place in list(self._places):
            place.aspect = aspect
            posture = self._postures.get(place.track)
            if posture is not None and place.why == "lying":
                place.fell = posture.fell or not posture.stood
                if posture.lying_since is None and posture.collapsed_since is None:
                    self._places.remove(place)

    # --- people -------------------------------------------------------------------------------------------

    def _follow(self, track: Track) -> bool:
        """Keep the posture of a track; whether it was seen anew."""
        posture = self._postures.get(track.id)
        if posture is None:
            posture = self._postures[track.id] = Posture(track.box)
        elif track.seen_at <= posture.last_at:
            return False
        posture.saw(track.box, track.seen_at, self._aspect)
        return True

    def _judge(self, track: Track, at: float) -> None:
        """Whether somebody whom the detector sees lies, or is up again."""
        posture = self._postures[track.id]
        if posture.lying_since is not None:
            self._lies(track, posture, at)
            return
        if posture.collapsed_since is not None:
            self._collapsed(track, posture, posture.collapsed_since, at)
            return
        if not posture.upright:
            return
        for place in list(self._places):
            if track.box.bottom - track.box.top < _UP * place.height:
                continue
            same = place.track == track.id and posture.last_at > place.since
            # There again under another id, or somebody who has come to help.
            newcomer = track.began_at >= place.since - _FOUND_AGAIN_BEFORE and _near(
                posture.first, place.standing, _FOUND_AGAIN * place.height, self._aspect
            )
            if same or (newcomer and place.is_up_again(track.id, at)):
                self._end(place, at)

    def _lies(self, track: Track, posture: Posture, at: float) -> None:
        if (
            posture.lying_since is None
            or self._on_mat(track.box)
            or _height(track.box, self._aspect) < _SMALLEST
        ):
            return
        place = self._at(track.box, track.id)
        if place is None:
            standing = posture.standing(self._aspect)
            # Who was lying when they were first seen may have fallen: nobody saw it.
            fell = posture.fell or not posture.stood
            place = self._open("lying", track, standing, track.box, posture.lying_since, at, fell=fell)
        elif place.why == "lying" and place.down_since is None and posture.stood:
            place.fell = posture.fell  # what looked like a collapse was slower after all
        place.track = track.id
        place.seen_lying(track.box, at)

    def _collapsed(self, track: Track, posture: Posture, since: float, at: float) -> None:
        """They sat down fast, or lie aslant: closer looks tell, and are not wished again and again."""
        suspected = self._suspected.get(track.id, float("-inf"))
        small = _height(track.box, self._aspect) < _SMALLEST
        if at - suspected < _SUSPECTED_SECONDS or small or self._on_mat(track.box):
            return
        self._suspected[track.id] = at
        if self._at(track.box, track.id) is None:
            self._open("lying", track, posture.standing(self._aspect), track.box, since, at, fell=True)

    def _gone(self, track: Track, at: float) -> None:
        """Somebody is not followed any more: gone, hidden, or lying where they stood."""
        posture = self._postures.pop(track.id, None)
        if posture is None or not track.confirmed or track.hits < _FEWEST_HITS:
            return
        if any(place.track == track.id for place in self._places) or self._on_mat(track.box):
            return
        standing = posture.standing(self._aspect)
        if standing.bottom - standing.top < _SMALLEST or self._at(track.box, track.id) is not None:
            return
        if self._is_hidden(track) or self._goes_on(track, standing):
            return
        self._open("vanished", track, standing, track.box, track.seen_at, at, fell=True)

    def _is_hidden(self, gone: Track) -> bool:
        """Somebody stands before the place, nearer to the camera."""
        return any(
            one.box.bottom >= gone.box.bottom - 0.02 and overlap(gone.box, one.box) >= _HIDDEN
            for one in self._present
            if one.id != gone.id
        )

    def _goes_on(self, gone: Track, standing: Box) -> bool:
        """They are followed under another id, begun where they were lost."""
        reach = _FOUND_AGAIN * (standing.bottom - standing.top)
        return any(
            one.id != gone.id
            and one.began_at >= gone.seen_at - _FOUND_AGAIN_BEFORE
            and _near(self._postures[one.id].first, gone.box, reach, self._aspect)
            for one in self._present
            if one.id in self._postures
        )

    # --- places -------------------------------------------------------------------------------------------

    def _open(
        self, why: str, track: Track, standing: Box, box: Box, since: float, at: float, *, fell: bool
    ) -> Place:
        edge = box.left <= _EDGE or box.right >= 1 - _EDGE or box.bottom >= 1 - _EDGE
        recent = [
            past.until for past in self._past if _near(past.box, box, _NEAR * past.height, self._aspect)
        ]
        place = Place(
            id=self._next_id,
            why="lying" if why == "lying" else "vanished",
            box=box,
            last=track.box,
            standing=standing,
            since=since,
            fell=fell,
            at_edge=edge,
            track=track.id,
            aspect=self._aspect,
            next_look=at,
            not_before=max(recent, default=float("-inf")),
        )
        self._next_id += 1
        self._places.append(place)
        return place

    def _at(self, box: Box, track: int) -> Place | None:
        """The place that is known already where somebody lies or was lost."""
        for place in self._places:
            near = _near(place.box, box, _NEAR * place.height, self._aspect)
            if place.track == track or near:
                return place
        return None

    def _settle(self, at: float) -> None:
        """Let go of places where nobody is down, and of the past."""
        for place in list(self._places):
            place.is_down(self._hold, at)
            if place.is_over(self._hold, at):
                self._end(place, at)
        for place in list(self._places):
            if any(place.is_same_as(one) for one in self._places if one.id < place.id):
                self._places.remove(place)
        undecided = [place for place in self._places if place.down_since is None]
        for place in undecided[: max(len(undecided) - _MOST_PLACES, 0)]:
            self._end(place, at)
        self._past = [past for past in self._past if past.until > at]

    def _end(self, place: Place, at: float) -> None:
        self._places.remove(place)
        if place.down_since is not None:
            self._past.append(_Past(place.box, place.height, at + _COOL_DOWN_SECONDS))

    def _on_mat(self, box: Box) -> bool:
        return any(_touches(mat, box) for mat in self._mats)

    def _zone(self, box: Box) -> str | None:
        return next((zone.id for zone in self._zones if _touches(zone, box)), None)


def _touches(region: Region, box: Box) -> bool:
    """Who lies is where their middle is, or their lower edge."""
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return region.contains(middle) or region.contains(box.foot)


def _height(box: Box, aspect: float) -> float:
    """Of somebody, standing or lying, in shares of the picture's height."""
    return max(box.bottom - box.top, (box.right - box.left) * aspect)


def _near(one: Box, other: Box, reach: float, aspect: float) -> bool:
    across = ((one.left + one.right) - (other.left + other.right)) / 2 * aspect
    down = ((one.top + one.bottom) - (other.top + other.bottom)) / 2
    return across * across + down * down <= reach * reach
