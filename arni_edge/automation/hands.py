"""Brings one relay, or one lock, to where the plan wants it. Each has its own hand: none waits for others."""

import asyncio

import structlog

from arni_edge.automation.picture import LockDoor, Priority
from arni_edge.automation.ports import Bolt, Switch
from arni_edge.automation.rulebook import Decision
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ArniError

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.25
"""How often a hand looks at its device by itself: somebody may have used the switch on the wall."""

_SWITCH_SECONDS = 15.0
"""The driver has deadlines of its own, well within this."""

_LOCK_SECONDS = 60.0


class _Patience:
    """When the next attempt may be made."""

    def __init__(self, clock: Clock, backoff: Backoff) -> None:
        self._clock = clock
        self._backoff = backoff
        self._next = 0.0

    @property
    def over(self) -> bool:
        return self._clock.monotonic() >= self._next

    def lose(self) -> None:
        """It failed: wait, longer each time."""
        self._next = self._clock.monotonic() + self._backoff.next()

    def regain(self) -> None:
        """Something new: try at once."""
        self._backoff.forget()
        self._next = 0.0


class SwitchHand:
    """One relay.

    It acts when the wish differs from what the device confirmed last, and never repeats what is so already.
    Who switches by hand wins for a while, except against a light that is needed, frost guard and alarm.
    """

    def __init__(self, device: str, switch: Switch, clock: Clock, manual_seconds: float) -> None:
        self._device = device
        self._switch = switch
        self._clock = clock
        self._manual_seconds = manual_seconds
        self._decision: Decision | None = None
        self._news = asyncio.Event()
        self._last: bool | None = None  # the output at the last look
        self._held_until: float | None = None
        self._patience = _Patience(clock, Backoff(first=1.0, longest=60.0))
        self._outcome = ""

    def want(self, decision: Decision | None) -> None:
        """Take the plan's decision; None: no rule has a wish now."""
        before, self._decision = self._decision, decision
        if decision is None or (before is not None and before.wish == decision.wish):
            return
        if before is None or (before.wish.on, before.wish.why) != (decision.wish.on, decision.wish.why):
            wish = decision.wish
            _LOG.info(
                "automation_wish",
                device=self._device,
                on=wish.on,
                rule=decision.rule,
                why=wish.why,
                detail=wish.detail,
                priority=wish.priority.name.lower(),
            )
        if before is None or before.wish.on is not decision.wish.on:
            self._patience.regain()
        self._news.set()

    @property
    def held(self) -> bool:
        """Whether somebody switched by hand, and that still counts."""
        return self._held_until is not None and self._clock.monotonic() < self._held_until

    def status(self) -> dict[str, object]:
        """What is wished and why, for ``arni-edge status``."""
        wish = self._decision.wish if self._decision else None
        return {
            "on": wish.on if wish else None,
            "why": wish.why.value if wish else None,
            "detail": wish.detail if wish else "",
            "rule": self._decision.rule if self._decision else None,
            "output": self._output(),
            "by_hand": self.held,
            "outcome": self._outcome,
        }

    async def run(self) -> None:
        """Act until cancelled."""
        while True:
            self._look()
            if self._must_act():
                await self._act()
            self._news.clear()
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    def _output(self) -> bool | None:
        return self._switch.output if self._switch.live else None

    def _look(self) -> None:
        """Notice a change that is not ours. After a time away nothing is a change: it may have restarted."""
        before, self._last = self._last, self._output()
        wish = self._decision.wish if self._decision else None
        if wish is not None and self._last is wish.on:
            self._held_until = None
        elif None not in (before, self._last) and before is not self._last:
            self._held_until = self._clock.monotonic() + self._manual_seconds
            _LOG.info("automation_by_hand", device=self._device, on=self._last)

    def _must_act(self) -> bool:
        if self._decision is None or self._last is None or not self._patience.over:
            return False
        wish = self._decision.wish
        needed = wish.priority > Priority.SAFETY_LIGHT or (wish.priority is Priority.SAFETY_LIGHT and wish.on)
        return self._last is not wish.on and (needed or not self.held)

    async def _act(self) -> None:
        assert self._decision is not None
        rule, wish = self._decision.rule, self._decision.wish
        try:
            async with asyncio.timeout(_SWITCH_SECONDS):
                result = await self._switch.switch(wish.on)
            self._outcome, evidence = result.outcome.value, result.evidence
        except TimeoutError:
            self._outcome, evidence = Outcome.UNKNOWN.value, f"no answer within {_SWITCH_SECONDS:g} s"
        except ArniError as error:
            self._outcome, evidence = Outcome.FAILED.value, str(error)
        confirmed = self._outcome == Outcome.CONFIRMED
        (_LOG.info if confirmed else _LOG.warning)(
            "automation_switched",
            device=self._device,
            on=wish.on,
            rule=rule,
            why=wish.why,
            outcome=self._outcome,
            evidence=evidence,
        )
        self._last = self._output()
        if confirmed:
            self._patience.regain()
        else:
            self._patience.lose()


class LockHand:
    """One door that is locked after closing. The door controller decides whether it may be."""

    def __init__(self, door: str, bolt: Bolt, clock: Clock) -> None:
        self._door = door
        self._bolt = bolt
        self._wish: tuple[str, LockDoor] | None = None
        # Locking moves a motor: a door that does not lock is tried rarely, and the staff is told.
        self._patience = _Patience(clock, Backoff(first=30.0, longest=900.0))

    def want(self, wish: tuple[str, LockDoor] | None) -> None:
        """Take the plan's wish with its rule; None: leave the door as it is."""
        if wish is None:
            self._patience.regain()
        self._wish = wish

    @property
    def wanted(self) -> bool:
        """Whether it is to be locked now."""
        return self._wish is not None

    async def run(self) -> None:
        """Act until cancelled."""
        while True:
            if self._wish is not None and self._patience.over:
                await self._act(self._wish[0])
            await asyncio.sleep(_LOOK_SECONDS)

    async def _act(self, rule: str) -> None:
        try:
            async with asyncio.timeout(_LOCK_SECONDS):
                result = await self._bolt.lock()
            outcome, evidence = result.outcome, result.evidence
        except TimeoutError:
            outcome, evidence = Outcome.UNKNOWN, f"no answer within {_LOCK_SECONDS:g} s"
        _LOG.info("automation_locked", door=self._door, rule=rule, outcome=outcome, evidence=evidence)
        # Also after a success: until the lock has said so, the wish stands.
        self._patience.lose()
