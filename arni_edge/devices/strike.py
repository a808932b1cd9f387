"""An electric strike, or the opener of a street door, behind a relay whose own timer ends every pulse."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import structlog

from arni_edge.bus import Bus
from arni_edge.devices.shelly.switch import SwitchResult
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome, UnlatchResult
from arni_edge.domain.events import UnrequestedOpening
from arni_edge.domain.health import Progress
from arni_edge.settings import StrikeLock

_LOG = structlog.get_logger(__name__)

_RETURN_SECONDS: Final = 3.0
"""Right after our start, or the relay's loss, a wish waits so long for the relay to be heard."""

_LOOK_SECONDS: Final = 0.1
"""No pulse is shorter than half a second (settings), so none is missed."""

_SLACK_SECONDS: Final = 2.0
"""Between the relay's clock and ours, and for its message to come."""

_VERIFY_SECONDS: Final = 60.0
"""A relay of generation 1 that could not be verified for so long is told of, also before somebody comes."""

_UNVERIFIED: Final = "its timer (auto_off) could not be verified"

_LATE_SECONDS: Final = 90.0
"""A hanging relay stays connected for 1.5 x its keepalive of 60 s; until then it may wake up and act."""


class Switch(Protocol):
    """The relay."""

    @property
    def live(self) -> bool:
        """Whether it is there now."""
        ...

    @property
    def output(self) -> bool | None:
        """Whether it is on; None when unknown."""
        ...

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it, and wait for the effect; never repeated by itself."""
        ...


class Guard(Protocol):
    """Knows whether the relay's own settings are as a strike needs them."""

    @property
    def safe(self) -> bool | None:
        """Whether they were found right on the device itself; None: not known yet."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What is wrong with them, for people."""
        ...


class StrikeDriver:
    """A door that a pulse opens. It has no bolt, and nothing tells when somebody leaves.

    A command is never retained, never a toggle, and always carries its own end.
    """

    def __init__(
        self,
        door_id: str,
        strike: StrikeLock,
        switch: Switch,
        guard: Guard,
        bus: Bus,
        clock: Clock,
        *,
        verified_first: bool,
    ) -> None:
        """Nothing is watched before :meth:`run`.

        Args:
            door_id: The door that it opens.
            strike: From the settings.
            switch: The relay.
            guard: Looks at the relay's settings.
            bus: Told of :class:`UnrequestedOpening`.
            clock: For durations.
            verified_first: The pulse rests on the relay's settings alone (generation 1): not used before they
                were found right. Otherwise the command carries the timer, and only what is known to be wrong
                forbids it.
        """
        self._door = door_id
        self._strike = strike
        self._switch = switch
        self._guard = guard
        self._bus = bus
        self._clock = clock
        self._verified_first = verified_first
        self._in_flight = False
        self._looked = asyncio.Event()
        self._began_at = self._missed_at = clock.monotonic()
        self._refused = False
        self._ours_until = self._late_until = float("-inf")
        self._on_since: float | None = None
        self._seen_off = False
        self._reported = False

    @property
    def live(self) -> bool:
        """Whether the relay is there now."""
        return self._switch.live

    @property
    def output(self) -> bool | None:
        """Whether the strike is energised; None when unknown."""
        return self._switch.output

    @property
    def silent_seconds(self) -> float | None:
        """None: whether the relay speaks is the business of whoever looks after the devices."""
        return None

    @property
    def unsafe(self) -> str | None:
        """Why it must not be used now: its device would, or might, hold it open for ever.

        Empty when it was found right; None when nothing is known that forbids it.
        """
        if self._guard.safe is not None:
            return "" if self._guard.safe else "; ".join(self._guard.problems) or "it is not set as a strike"
        waited = self._clock.monotonic() - self._began_at > _VERIFY_SECONDS
        return _UNVERIFIED if self._verified_first and (waited or self._refused) else None

    def forget_jam(self) -> None:
        """A strike has no motor."""

    async def unlatch(self) -> UnlatchResult:
        """Energise the strike for ``pulse_seconds``, and say what became of it.

        Takes a few seconds at most. Never repeated by itself; when cancelled, its fate is unknown.
        """
        started = self._clock.monotonic()
        if self._in_flight:
            return UnlatchResult(Outcome.BUSY, "another command is in flight", 0.0)
        self._in_flight = True
        outcome = Outcome.UNKNOWN
        try:
            await self._until(lambda: self._switch.live and self._ready(), self._missed_at + _RETURN_SECONDS)
            self._refused = self._switch.live and not self._ready()
            if evidence := self.unsafe:
                outcome = Outcome.FAILED
                return self._result(outcome, f"unsafe: {evidence}", started)
            result = await self._switch.switch(True, toggle_after=self._strike.pulse_seconds)
            outcome = result.outcome
            return self._result(outcome, result.evidence, started)
        finally:
            self._conclude(outcome)
            self._in_flight = False

    def _result(self, outcome: Outcome, evidence: str, started: float) -> UnlatchResult:
        return UnlatchResult(outcome, evidence, self._clock.monotonic() - started)

    def _ready(self) -> bool:
        return self._guard.safe is not None or not self._verified_first

    async def _until(self, true: Callable[[], bool], deadline: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline - self._clock.monotonic()):
                while not true():
                    self._looked.clear()
                    await self._looked.wait()

    def _conclude(self, outcome: Outcome) -> None:
        """What of the relay's next acts is ours."""
        now = self._clock.monotonic()
        if outcome is Outcome.CONFIRMED:
            self._ours_until = now + self._strike.pulse_seconds + _SLACK_SECONDS
            self._late_until = float("-inf")
        elif outcome is Outcome.UNKNOWN:
            self._late_until = now + _LATE_SECONDS

    # --- what it does without us --------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Watch the relay until cancelled: it may act late, or by somebody else's command, or not let go."""
        while True:
            progress()
            self._look(self._clock.monotonic())
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, now: float) -> None:
        self._looked.set()
        if self._switch.live:
            self._missed_at = now
        if self._switch.output is not True:
            # Unknown does not make it off: a relay that comes back on has been on all the time.
            if self._switch.output is False:
                self._on_since, self._reported = None, False
            self._seen_off = self._switch.output is False
            return
        if self._on_since is None:
            self._on_since = now
            if not self._seen_off:
                return  # the first we hear of it: a pulse of our last life may be ending
            if not self._in_flight and now > self._ours_until:
                late = now < self._late_until
                self._late_until = float("-inf")
                self._report("late execution: output=true" if late else "output=true")
        elif now > max(self._on_since + self._strike.pulse_seconds + _SLACK_SECONDS, self._ours_until):
            self._report(f"output=true for {now - self._on_since:.0f} s")

    def _report(self, evidence: str) -> None:
        if self._reported:
            return
        self._reported = True
        _LOG.warning("unrequested_opening", door=self._door, evidence=evidence)
        self._bus.publish(UnrequestedOpening(at=self._clock.now(), door=self._door, evidence=evidence))
