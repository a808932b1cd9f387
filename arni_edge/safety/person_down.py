"""Somebody who seems to lie on the floor: asked over the loudspeaker, then the alarm."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.events import LonePerson, PersonDown
from arni_edge.domain.health import Progress
from arni_edge.domain.messages import Language
from arni_edge.safety.announcer import Announcer
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Report

_LOG = structlog.get_logger(__name__)

SOURCE: Final = "camera"

_QUESTION: Final = "announce.down"
_LOOK_SECONDS: Final = 0.2
_QUESTIONS: Final = 2


@dataclass(slots=True)
class Down:
    """Pure: one camera sees somebody down. Times in seconds of a clock that never jumps.

    Attributes:
        asked: How often they were asked.
        raised: The alarm was reported.
    """

    since: float
    ask_seconds: float
    asked: int = field(default=0, init=False)
    raised: bool = field(default=False, init=False)

    def asks(self, now: float) -> bool:
        """Whether it is time to ask: at once, and once more when half of the time is over."""
        due = self.since + self.asked * self.ask_seconds / _QUESTIONS
        if self.raised or self.asked >= _QUESTIONS or self.ask_seconds <= 0 or now < due:
            return False
        self.asked += 1
        return True

    def raises(self, now: float, *, alone: bool) -> bool:
        """Whether it is time for the alarm: nobody else is there to help, or nobody has got up in time."""
        if self.raised or not (alone or now - self.since >= self.ask_seconds):
            return False
        self.raised = True
        return True


class PersonDownDesk:
    """Hears the cameras, asks, and reports who does not get up.

    Nothing is kept: after a restart the camera tells again of whoever still lies there, and the alarm desk
    knows whether that is the same alarm.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        *,
        ask_seconds: float,
        announcer: Announcer | None,
        languages: Sequence[Language],
        report: Callable[[Report], None],
    ) -> None:
        """Listen from now on.

        Args:
            bus: Tells of who is down, and of who is alone.
            clock: For how long.
            ask_seconds: So long does somebody have to get up; 0: nobody is asked.
            announcer: Asks; None: nothing can be said here, and the time is only waited for.
            languages: In which it is asked, one after the other.
            report: Takes an alarm's report without waiting.
        """
        self._clock = clock
        self._ask_seconds = ask_seconds
        self._announcer = announcer
        self._languages = tuple(languages)
        self._report = report
        self._down: dict[str, tuple[Down, PersonDown]] = {}
        self._alone = False
        self._events = bus.subscribe(PersonDown, LonePerson)

    async def run(self, progress: Progress) -> None:
        """Listen, ask and report until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="person down ear")
            asking: asyncio.Task[None] | None = None
            while True:
                progress()
                question = self._look()
                if question and (asking is None or asking.done()):
                    asking = group.create_task(self._ask(), name="person down question")
                await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self) -> None:
        async for event in self._events:
            if isinstance(event, LonePerson):
                self._alone = not event.over
            elif isinstance(event, PersonDown) and event.over:
                known = self._down.pop(event.camera, None)
                if known is not None and not known[0].raised:
                    _LOG.info("person_got_up", camera=event.camera, asked=known[0].asked)
            elif isinstance(event, PersonDown):
                known = self._down.get(event.camera)
                # Told once more, there is one more of them: who was reported already does not stand for them.
                if known is None or known[0].raised:
                    self._down[event.camera] = (Down(self._clock.monotonic(), self._ask_seconds), event)
                    self._look_at(event.camera)

    def _look(self) -> bool:
        """Report who is due; returns whether somebody is to be asked."""
        now = self._clock.monotonic()
        for camera in list(self._down):
            self._look_at(camera)
        due = [down.asks(now) for down, _ in self._down.values()]  # each of them counts it
        return any(due)

    def _look_at(self, camera: str) -> None:
        down, event = self._down[camera]
        if down.raises(self._clock.monotonic(), alone=self._alone):
            _LOG.critical("person_down", camera=camera, zone=event.zone, asked=down.asked, alone=self._alone)
            self._report(_report_of(event, self._clock.now()))

    async def _ask(self) -> None:
        if self._announcer is None:
            return
        try:
            evidence = await self._announcer.announce(_QUESTION, *self._languages)
        except ArniError as error:
            _LOG.warning("person_down_not_asked", reason=str(error))
        else:
            _LOG.info("person_down_asked", evidence=evidence)


def _report_of(event: PersonDown, now: datetime) -> Report:
    """The alarm's report: the same event is the same report."""
    key = f"{SOURCE}/{event.camera}/down/{event.at.isoformat()}"
    return Report(key, Cause.MEDICAL, SOURCE, now, place=event.zone or event.camera)
