"""Whether the wall clock can be trusted: no door is commanded before it is set.

The broker drops late commands by its wall clock, and rules and keys have hours. A box without a battery for
its clock wakes up in the past until the network tells it the time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.storage import Database, incidents

_LOG = structlog.get_logger(__name__)

WRITTEN: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""This code is not older than that, so an earlier clock is wrong."""

_SYNCHRONISED: Final = Path("/run/systemd/timesync/synchronized")
"""There once systemd-timesyncd has set the clock from the network since this boot."""


def is_plausible(now: datetime, newest: datetime | None) -> bool:
    """Whether a clock that nobody vouches for may be right.

    Args:
        now: What it says (aware).
        newest: The newest moment that this box has written down, or None.
    """
    return now >= max(WRITTEN, newest or WRITTEN)


def set_by_network() -> bool:
    """Whether the operating system has set the clock from the network since this boot."""
    return _SYNCHRONISED.exists()


class Timekeeping:
    """Asked before every command."""

    def __init__(
        self, database: Database, clock: Clock, *, vouched: Callable[[], bool] = set_by_network
    ) -> None:
        """Nothing is read before :meth:`look_back`.

        Args:
            database: Knows when this box last wrote something down.
            clock: The box's clock.
            vouched: Whether somebody who knows the time has set the clock: then what was written down in a
                wrong future, before it was put right, closes no door.
        """
        self._database = database
        self._clock = clock
        self._vouched = vouched
        self._newest: datetime | None = None
        self._was_set = True

    async def look_back(self) -> None:
        """Once at start, before this run has written anything down."""
        self._newest = await incidents.newest_moment(self._database)

    def clock_is_set(self) -> bool:
        """Whether doors may be commanded."""
        right = self._vouched() or is_plausible(self._clock.now(), self._newest)
        if right is not self._was_set:
            self._was_set = right
            (_LOG.info if right else _LOG.error)(
                "clock_is_set" if right else "clock_is_not_set",
                now=self._clock.now().isoformat(),
                newest=self._newest.isoformat() if self._newest else None,
            )
        return right
