"""What is going on in one camera's picture: everything that follows from its looks."""

from collections.abc import Sequence

from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.scene.down import DownWatch
from arni_edge.vision.scene.edges import BorderCounter
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.intrusion import CertainWatch
from arni_edge.vision.scene.lines import LineCounter
from arni_edge.vision.scene.report import Closer, CloserLook, Crossing, Intruder, SceneReport
from arni_edge.vision.scene.tracker import Followed, Tracker
from arni_edge.vision.scene.zones import ZoneCounter


class Scene:
    """One camera. Only the moments that it is given decide: the same looks give the same reports."""

    def __init__(self, order: CameraOrder, *, person_down_seconds: float, confidence: float) -> None:
        """Begin without having seen anything.

        Args:
            order: Zones and lines of the camera; with no lines its border is counted at.
            person_down_seconds: So long somebody must be down before it is told.
            confidence: A box of this score may be somebody new; one of less only somebody who is followed.
        """
        self._tracker = Tracker(confidence)
        self._counters: list[LineCounter | BorderCounter] = [LineCounter(line) for line in order.lines]
        if not order.lines:
            self._counters.append(BorderCounter())
        self._zones = ZoneCounter(order.zones)
        self._certain = CertainWatch(order.zones)
        self._down = DownWatch(person_down_seconds, order.zones) if order.person_down else None
        self._intruders: tuple[Intruder, ...] = ()
        self._followed = Followed(())

    def saw(self, people: Sequence[Box], at: float, *, storm: bool = False) -> SceneReport:
        """Take one look.

        Args:
            people: All boxes of people, down to a low score.
            at: When the picture came, in seconds.
            storm: The light is changing: what is seen is no ground for an alarm.
        """
        self._followed = self._tracker.saw(people, at)
        self._intruders = self._certain.saw(self._followed.confirmed, at, storm=storm)
        return self._after_look(at)

    def unchanged(self, at: float) -> SceneReport:
        """Nothing has moved in a new picture: everybody is where they were, no more certain than before."""
        self._followed = self._tracker.unchanged(at)
        return self._after_look(at)

    def looked_closer(self, answers: Sequence[Closer], at: float) -> SceneReport:
        """Take the answers to the wishes of the report before."""
        if self._down is not None:
            self._down.looked_closer(answers, at)
        return self._report(at)

    def lost(self) -> None:
        """The camera was away: everybody may have moved. What was counted stays counted."""
        self._tracker.lost()
        self._followed = Followed(())
        self._intruders = ()
        self._zones.lost()
        self._certain.lost()
        for counter in self._counters:
            counter.lost()
        if self._down is not None:
            self._down.lost()

    def _after_look(self, at: float) -> SceneReport:
        crossed = tuple(
            crossing for counter in self._counters for crossing in counter.saw(self._followed, at)
        )
        ended = [one.track for one in self._followed.ended]
        wishes = () if self._down is None else self._down.saw(self._followed.confirmed, ended, at)
        return self._report(at, crossed, wishes)

    def _report(
        self, at: float, crossed: tuple[Crossing, ...] = (), wishes: tuple[CloserLook, ...] = ()
    ) -> SceneReport:
        tracks = self._followed.confirmed
        # Detectors rarely see who lies; whoever is known to lie somewhere is counted all the same.
        counted = tracks if self._down is None else (*tracks, *self._down.unseen(at))
        certain = {intruder.track for intruder in self._intruders}
        return SceneReport(
            at=at,
            people=len(counted),
            tracks=tracks,
            zones=self._zones.saw(counted, certain, at),
            crossings=crossed,
            down=() if self._down is None else self._down.down(at),
            certain=self._intruders,
            closer=wishes,
        )
