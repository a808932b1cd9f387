"""What is wrong with the cameras, and what they see that somebody must look at, for the incident desk."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.bus import Bus
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import CameraChanged, Event, PersonDown, ZoneCrowded
from arni_edge.domain.health import Progress
from arni_edge.settings import Camera
from arni_edge.vision.messages import CameraState

_LOOK_SECONDS: Final = 1.0

_AGAIN_SECONDS: Final = 30.0
"""A disk that is full is asked so often whether it takes now what it could not take."""

_PROMPT_SECONDS: Final = 30.0
"""A hand before the lens, or a picture that hangs for a moment, is nobody's business."""

_SHOWS: Final = {
    CameraState.COVERED: CameraTrouble.COVERED,
    CameraState.FROZEN: CameraTrouble.FROZEN,
    CameraState.DARK: CameraTrouble.DARK,
}
"""States in which pictures come and nothing can be seen in them."""

OpenSince = Callable[[datetime], datetime | None]
"""Since when the gym has been open at a moment; None while it is closed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A trouble began, or is over."""

    trouble: CameraTrouble
    over: bool
    evidence: str


class CameraWatch:
    """One camera. Pure: the present is handed in, in seconds of a clock that never jumps.

    - *Blind* is a camera from which no picture has come for ``blind_seconds``, whatever the reason, also when
      nobody tells of it any more.
    - *Covered* and *frozen* are told after half a minute.
    - *Dark* is one only while the gym is open, and for ``blind_seconds`` of that: a gym whose lights go out
      when it closes is dark all night, and one whose lights follow the people may be dark when it opens.
    - A camera that is off by its hours has no trouble.

    That something is over is also said when it is first seen, so that what an earlier life of the daemon told
    comes to an end.
    """

    def __init__(self, *, blind_seconds: float, now: float) -> None:
        """Nothing has been heard of it yet; what stays so is blind.

        Args:
            blind_seconds: So long may it have no picture.
            now: The present.
        """
        self._blind_seconds = blind_seconds
        self._state = ""
        self._state_since = now
        self._pictureless_since: float | None = now
        self._told: dict[CameraTrouble, bool] = {}

    def state(self, state: str, now: float) -> None:
        """The camera is in this state now (words of :class:`CameraState`; any other: nobody tells)."""
        if state == self._state:
            return
        self._state, self._state_since = state, now
        if state in {CameraState.OK, CameraState.OFF, *_SHOWS}:
            self._pictureless_since = None
        elif self._pictureless_since is None:
            self._pictureless_since = now

    def tick(self, now: float, open_seconds: float | None) -> list[Change]:
        """Time has passed; call it every second or so.

        Args:
            now: The present.
            open_seconds: For so long the gym has been open; None while it is closed.

        Returns:
            What began or is over, each once.
        """
        if self._pictureless_since is not None:
            # What was before the lens may still be there: nobody sees it.
            lasts = now - self._pictureless_since
            if lasts < self._blind_seconds:
                return []
            return self._says(
                CameraTrouble.BLIND, True, f"no picture for {lasts / 60:.0f} min ({self._word})"
            )
        shown = _SHOWS.get(CameraState(self._state))
        changes: list[Change] = []
        for trouble in (CameraTrouble.BLIND, *_SHOWS.values()):
            if trouble is not shown:
                changes += self._says(trouble, False, self._state)
        if shown is not None:
            changes += self._judge(shown, now, open_seconds)
        return changes

    @property
    def _word(self) -> str:
        return self._state or "not heard yet"

    def _judge(self, shown: CameraTrouble, now: float, open_seconds: float | None) -> list[Change]:
        lasts, limit = now - self._state_since, _PROMPT_SECONDS
        if shown is CameraTrouble.DARK:
            if open_seconds is None:
                return self._says(shown, False, "closed")
            lasts, limit = min(lasts, open_seconds), self._blind_seconds
        return self._says(shown, True, f"{self._state} for {lasts:.0f} s") if lasts >= limit else []

    def _says(self, trouble: CameraTrouble, there: bool, evidence: str) -> list[Change]:
        if self._told.get(trouble) is there:
            return []
        self._told[trouble] = there
        return [Change(trouble, not there, evidence)]


class CameraIncidents:
    """All cameras, from the bus to the one place where incidents are stored and told.

    A person who seems to be down, and a crowd, are told as they are heard: who sees them has held them long
    enough, and tells their beginning and their end once.
    """

    def __init__(
        self,
        desk: IncidentDesk,
        bus: Bus,
        clock: Clock,
        *,
        cameras: Sequence[Camera],
        blind_minutes: float,
        open_since: OpenSince,
    ) -> None:
        """Listen from now on; see :meth:`run`.

        Args:
            desk: Stores and tells.
            bus: Says what the cameras do and see.
            clock: For durations, and for whether the gym is open.
            cameras: Of the settings; others are ignored.
            blind_minutes: So long may a camera have no picture.
            open_since: The gym's opening hours.
        """
        self._desk = desk
        self._clock = clock
        self._open_since = open_since
        now = clock.monotonic()
        self._watches = {
            camera.id: CameraWatch(blind_seconds=blind_minutes * 60, now=now) for camera in cameras
        }
        self._zones = {zone.id for camera in cameras for zone in camera.zones}
        self._known = {*self._watches, *(f"zone/{zone}" for zone in self._zones)}
        self._tidied = False
        self._owed: dict[tuple[Subject, CameraTrouble], str] = {}
        self._try_again_at = now
        self._turn = asyncio.Lock()
        self._events = bus.subscribe(CameraChanged, PersonDown, ZoneCrowded)

    async def run(self, progress: Progress) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="camera incidents ear")
            while True:
                progress()
                for camera, watch in self._watches.items():
                    progress()  # a disk that hangs holds up each of them for a while
                    for change in watch.tick(self._clock.monotonic(), self._open_seconds()):
                        await self._pass_on(
                            Subject("camera", camera), change.trouble, change.evidence, over=change.over
                        )
                await self._make_up(progress)
                await asyncio.sleep(_LOOK_SECONDS)

    def _open_seconds(self) -> float | None:
        now = self._clock.now()
        since = self._open_since(now)
        return None if since is None else (now - since).total_seconds()

    async def _listen(self) -> None:
        async for event in self._events:
            await self._hear(event)

    async def _hear(self, event: Event) -> None:
        if isinstance(event, CameraChanged) and event.camera in self._watches:
            self._watches[event.camera].state(event.state, self._clock.monotonic())
        elif isinstance(event, PersonDown) and event.camera in self._watches:
            where = f"zone={event.zone or 'none'} {event.evidence} for {event.seconds:.0f} s"
            subject = Subject("camera", event.camera)
            await self._pass_on(subject, CameraTrouble.PERSON_DOWN, where, over=event.over)
        elif isinstance(event, ZoneCrowded) and event.zone in self._zones:
            subject = Subject("camera", f"zone/{event.zone}")
            count = "unknown" if event.count is None else event.count
            await self._pass_on(subject, CameraTrouble.CROWDED, f"count={count}", over=event.over)

    async def _pass_on(self, subject: Subject, trouble: CameraTrouble, evidence: str, *, over: bool) -> None:
        # One after the other: what begins while an end is stored must not be taken for one that stayed open.
        async with self._turn:
            self._owed.pop((subject, trouble), None)
            if not over:
                await self._desk.begin(subject, trouble, evidence)
                return
            await self._desk.end(subject, trouble, evidence)
            if self._desk.may_be_open(subject, trouble):
                self._owed[subject, trouble] = evidence

    # --- what could not be ended ----------------------------------------------------------------------------

    async def _make_up(self, progress: Progress) -> None:
        """End what the disk could not take, and what is about cameras and zones that there are no longer."""
        now = self._clock.monotonic()
        if now < self._try_again_at or (self._tidied and not self._owed):
            return
        self._try_again_at = now + _AGAIN_SECONDS
        self._tidied = self._tidied or await self._tidy()
        for (subject, trouble), evidence in list(self._owed.items()):
            progress()
            if (subject, trouble) in self._owed:  # unless it has begun anew meanwhile
                await self._pass_on(subject, trouble, evidence, over=True)

    async def _tidy(self) -> bool:
        try:
            rows = await self._desk.everything_open()
        except Unavailable:
            return False
        for row in rows:
            if row["kind"] == "camera" and row["name"] not in self._known:
                subject = Subject("camera", row["name"])
                self._owed[subject, CameraTrouble(row["incident"])] = "no longer watched"
        return True
