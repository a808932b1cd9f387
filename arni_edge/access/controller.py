"""The door controller: the only one who gives commands to the lock of its door."""

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import structlog

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Incident, Outcome, UnlatchResult

_LOG = structlog.get_logger(__name__)


class Opener(Protocol):
    """What every kind of lock can do: a Nuki, a strike, an opener behind a hub."""

    async def unlatch(self) -> UnlatchResult:
        """Open once; never raises for what happens at the door, never tries twice."""
        ...


@runtime_checkable
class Bolt(Protocol):
    """What only a lock with a bolt can do."""

    async def lock(self, *, by_person: bool = False) -> UnlatchResult:
        """Put the bolt out."""
        ...


class DoorController:
    """One door. One opening at a time: who asks while one is under way shares its outcome.

    Attributes:
        commanded_at: When a command of ours last ended, or now while one is under way (monotonic seconds); an
            opening around then is nobody's crime. ``-inf``: never.
    """

    def __init__(
        self,
        door: str,
        lock: Opener,
        incidents: IncidentDesk,
        clock: Clock,
        *,
        clock_is_set: Callable[[], bool],
        second_instance: Callable[[], bool],
    ) -> None:
        """Take a door over; nobody else may command its lock from now on.

        Args:
            door: Its id.
            lock: Its driver.
            incidents: Told of commands that came to no evidence.
            clock: For durations.
            clock_is_set: Whether the wall clock can be trusted.
            second_instance: Whether another daemon uses our client id on the broker.
        """
        self._subject = Subject("door", door)
        self._lock = lock
        self._incidents = incidents
        self._clock = clock
        self._clock_is_set = clock_is_set
        self._second_instance = second_instance
        self._under_way: asyncio.Future[UnlatchResult] | None = None
        self._ended_at = float("-inf")

    @property
    def commanded_at(self) -> float:
        """See the class."""
        return self._ended_at if self._under_way is None else self._clock.monotonic()

    async def unlatch(self) -> UnlatchResult:
        """Open the door once, and say what became of it.

        Two who stand at the same door open it once: the second one joins. When the first one is cancelled,
        the outcome is unknown to both.
        """
        if self._under_way is not None:
            result = await asyncio.shield(self._under_way)
            return UnlatchResult(result.outcome, f"{result.evidence} (joined)", result.seconds)
        under_way = self._under_way = asyncio.get_running_loop().create_future()
        result = UnlatchResult(Outcome.UNKNOWN, "cancelled", 0.0)
        try:
            result = self._refusal() or await self._lock.unlatch()
        finally:
            # First of all: neither those who joined nor the next one wait for a disk.
            under_way.set_result(result)
            self._under_way = None
            self._ended_at = self._clock.monotonic()
            await self._account(result)
        return result

    async def lock(self, *, by_person: bool = False) -> UnlatchResult:
        """Put the bolt out; see the driver for when it does not.

        Args:
            by_person: Somebody sees the door; then its sensor is not asked.
        """
        if not isinstance(self._lock, Bolt):
            return UnlatchResult(Outcome.FAILED, "this lock has no bolt to put out", 0.0)
        if self._under_way is not None:
            return UnlatchResult(Outcome.BUSY, "an opening is under way", 0.0)
        return self._refusal() or await self._lock.lock(by_person=by_person)

    def _refusal(self) -> UnlatchResult | None:
        """Why nothing may be commanded now, whatever the lock."""
        if self._second_instance():
            return UnlatchResult(Outcome.NOT_PERMITTED, "another instance uses our client id", 0.0)
        if not self._clock_is_set():
            return UnlatchResult(Outcome.NOT_PERMITTED, "the clock is not set", 0.0)
        return None

    async def _account(self, result: UnlatchResult) -> None:
        """Take note, for a few seconds at most: whoever asked has to hear what became of the door."""
        try:
            if result.outcome is Outcome.UNKNOWN:
                await self._incidents.begin(self._subject, Incident.UNCONFIRMED, result.evidence)
            elif result.outcome is Outcome.CONFIRMED:
                await self._incidents.end(self._subject, Incident.UNCONFIRMED, result.evidence)
        except Exception:  # noqa: BLE001 - a named boundary: what became of the door is known all the same
            _LOG.exception("door_outcome_not_accounted", door=self._subject.name, outcome=result.outcome)
