"""How the mirror is: what went wrong, and how old that makes it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.magicline.errors import NotAllowed
from arni_edge.storage import Database
from arni_edge.storage.magicline import ages

Report = Callable[[State, str], None]

PEOPLE: Final = "members"
"""The part that the door asks."""


class SyncReport:
    """Tells the health board."""

    def __init__(self, database: Database, clock: Clock, health: Report, *, stale_after: timedelta) -> None:
        """Nothing is told yet.

        Args:
            database: Knows how old each part is.
            clock: Of the box.
            health: Told.
            stale_after: From this age on the mirror of members is old.
        """
        self._database = database
        self._clock = clock
        self._health = health
        self._stale_after = stale_after

    async def tell(self, error: Exception | None) -> None:
        """Say how it is.

        Args:
            error: Why nothing can be read now, or None.
        """
        try:
            parts = await ages.parts(self._database)
        except Unavailable:
            return
        people_read = next((one.full_at for one in parts if one.part == PEOPLE), None)
        old = "the mirror of members is empty"
        fresh = False
        if people_read is not None:
            age = self._clock.now() - people_read
            old = f"the mirror of members is {age / timedelta(hours=1):.0f} h old"
            fresh = age <= self._stale_after
        if isinstance(error, NotAllowed):
            self._health(State.DOWN, f"{error}; {old}")
        elif error is not None:
            self._health(State.DEGRADED, f"{error}; {old}")
        elif not fresh:
            self._health(State.DEGRADED, old)
        elif problems := [f"{one.part}: {one.problem}" for one in parts if one.problem]:
            self._health(State.DEGRADED, "; ".join(problems))
        else:
            self._health(State.OK, "")
