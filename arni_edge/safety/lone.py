"""Somebody who is alone in the gym: told when the owner wants to know, and never taken back without proof."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.events import LonePerson
from arni_edge.domain.health import Progress
from arni_edge.domain.occupancy import Occupancy

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 1.0

_HOLD_SECONDS: Final = 60.0
"""So long must another count last: a count that flickers between one and two is no company."""


@dataclass(slots=True)
class LoneWatch:
    """Pure: figures and times are handed in. What nobody knows changes nothing.

    Attributes:
        after_seconds: So long has one person to be alone before it is told.
        alone: Somebody is, as far as was told.
    """

    after_seconds: float
    alone: bool = field(default=False, init=False)
    _one_since: float | None = field(default=None, init=False)
    _other_since: float | None = field(default=None, init=False)

    def look(self, total: Occupancy, now: float) -> bool | None:
        """One look at the figure for the whole gym.

        Args:
            total: People in the gym.
            now: Seconds of a clock that never jumps.

        Returns:
            True when somebody is alone from now on, False when that is over, None when nothing is new.
        """
        count = total.reliable
        if count is None:
            return None
        if count == 1:
            self._other_since = None
            self._one_since = now if self._one_since is None else self._one_since
            if not self.alone and now - self._one_since >= self.after_seconds:
                self.alone = True
                return True
            return None
        self._other_since = now if self._other_since is None else self._other_since
        if now - self._other_since >= _HOLD_SECONDS:
            self._one_since = None
            if self.alone:
                self.alone = False
                return False
        return None


class LonePersonDesk:
    """Asks for the figure, and puts the beginning and the end on the bus."""

    def __init__(self, bus: Bus, clock: Clock, *, total: Callable[[], Occupancy], minutes: float) -> None:
        """Nothing is asked before :meth:`run`.

        Args:
            bus: Told.
            clock: For how long.
            total: People in the whole gym.
            minutes: So long has one person to be alone.
        """
        self._bus = bus
        self._clock = clock
        self._total = total
        self._watch = LoneWatch(minutes * 60)

    async def run(self, progress: Progress) -> None:
        """Look until cancelled."""
        while True:
            progress()
            news = self._watch.look(self._total(), self._clock.monotonic())
            if news is not None:
                _LOG.info("lone_person", over=not news)
                self._bus.publish(LonePerson(at=self._clock.now(), over=not news))
            await asyncio.sleep(_LOOK_SECONDS)
