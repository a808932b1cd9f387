"""Tells the house what has become different before the cameras: its beginning and its end, once."""

from datetime import datetime

from arni_edge.bus import Bus
from arni_edge.domain.events import CameraChanged, PeopleCounted, PersonDown, ZoneCounted, ZoneCrowded
from arni_edge.vision.headcount import Figure
from arni_edge.vision.messages import DownMessage

UNHEARD = "unknown"
"""State of a camera of which nobody tells any more."""


MOST_CAMERAS = 256
"""No box of ours has more; names of others are not collected."""


class Changes:
    """Remembers what was told last.

    What nobody can see is not over: somebody who was down stays down, and a crowd a crowd, until somebody
    looks and sees that it is not so. The first look of this daemon's life says so too where nothing is wrong,
    because what an earlier life told may still be open.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._counts: dict[str, int | None] = {}
        self._people: tuple[int | None, float] = (None, 0.0)
        self._cameras: dict[str, str] = {}
        self._down: dict[str, DownMessage] = {}
        self._crowded: dict[str, bool] = {}

    def zone(self, zone: str, count: int | None, at: datetime) -> None:
        """A zone's count is this now."""
        if count != self._counts.get(zone):
            self._counts[zone] = count
            self._bus.publish(ZoneCounted(at=at, zone=zone, count=count))

    def people(self, figure: Figure, at: datetime) -> None:
        """The count of the gym is this now."""
        told = (figure.count, round(figure.confidence, 1))
        if told != self._people:
            self._people = told
            self._bus.publish(PeopleCounted(at=at, count=figure.count, confidence=figure.confidence))

    def crowded(self, zone: str, count: int, at: datetime, *, crowded: bool, limit: int | None) -> None:
        """A live count says whether the zone is crowded.

        Args:
            zone: Its id.
            count: People in it.
            at: When.
            crowded: More than the limit for long enough, as far as this life of the worker has seen.
            limit: More people than this are a crowd, if they stay.
        """
        if not crowded and limit is not None and count > limit:
            return  # a worker that begins anew has not watched for long enough: nothing is over
        if crowded != self._crowded.get(zone):
            self._crowded[zone] = crowded
            self._bus.publish(ZoneCrowded(at=at, zone=zone, count=count, over=not crowded))

    def camera(self, camera: str, state: str, reason: str, at: datetime) -> None:
        """A camera is in this state now."""
        if camera not in self._cameras and len(self._cameras) >= MOST_CAMERAS:
            return
        if state != self._cameras.get(camera):
            self._cameras[camera] = state
            self._bus.publish(CameraChanged(at=at, camera=camera, state=state, reason=reason))

    def nobody_tells(self, at: datetime) -> None:
        """The worker is gone, or the way to it."""
        for camera in self._cameras:
            self.camera(camera, UNHEARD, "nothing is heard of the vision worker", at)

    def down(self, message: DownMessage) -> None:
        """Live: so many people are down before a camera."""
        before = self._down.get(message.camera)
        if before is None and len(self._down) >= MOST_CAMERAS:
            return
        self._down[message.camera] = message
        if message.down > (0 if before is None else before.down):
            self._bus.publish(_down(message, over=False))
        elif message.down == 0 and (before is None or before.down):
            self._bus.publish(_down(before or message, over=True, at=message.at))


def _down(message: DownMessage, *, over: bool, at: datetime | None = None) -> PersonDown:
    return PersonDown(
        at=at or message.at,
        camera=message.camera,
        zone=message.zone,
        evidence=message.evidence,
        seconds=message.seconds,
        over=over,
    )
