"""A shutter, blind or awning at a Shelly 2 or 2.5, which are of generation 1."""

from collections.abc import Callable
from typing import Final

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.shelly.gen1_orders import Gen1Order, State, unhindered
from arni_edge.devices.shelly.gen1_part import Gen1Part, Questions
from arni_edge.devices.shelly.orders import SwitchResult, told
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.settings import Shelly

_HINDRANCES: Final = frozenset({"obstacle", "safety_switch", "overpower"})
"""Of the reasons for which it stops, those that are none of ours."""

_SETTLE_SECONDS: Final = 1.0
"""A motor that is held stops at once, and says why."""

_TOLERANCE: Final = 2
"""Per cent. A motor without a sensor stops by time: it hardly ever stands where it was sent."""

_OPEN: Final = 100
_CLOSED: Final = 0


class Gen1Cover:
    """One cover. What it does is known only after the device has told it in the current broker session."""

    def __init__(
        self, shelly: Shelly, questions: Questions, broker: BrokerSession, bus: Bus, clock: Clock
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings; its ``switch`` is the number of the roller.
            questions: Asks for the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
        """
        self._part = Gen1Part(
            shelly,
            f"cover:{shelly.switch}",
            ["roller"],
            questions,
            broker,
            bus,
            clock,
            says=["roller/+", "roller/+/pos", "roller/+/stop_reason"],
            core="state",
        )

    @property
    def live(self) -> bool:
        """Whether the device was heard in this broker session and has not left since."""
        return self._part.live

    @property
    def state(self) -> str | None:
        """``open``, ``closed``, ``opening``, ``closing`` or ``stopped``; None is unknown.

        One that was never calibrated does not know that it is open or closed: it has stopped.
        """
        return _state(self._part.state)

    @property
    def position(self) -> float | None:
        """0 (closed) to 100 (open); None when unknown, as of a cover that was never calibrated."""
        return _position(self._part.state)

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device may have rebooted: what was verified on it is history."""
        self._part.on_doubt(doubt)

    async def open(self) -> SwitchResult:
        """Have it open; confirmed when it moves, or is open."""
        return await self._move("open", lambda since: _state(since) in {"open", "opening"})

    async def close(self) -> SwitchResult:
        """Have it close; confirmed when it moves, or is closed."""
        return await self._move("close", lambda since: _state(since) in {"closed", "closing"})

    async def stop(self) -> SwitchResult:
        """Have it stand still, whatever for."""
        at_rest = {"open", "closed", "stopped"}
        return await self._move("stop", lambda since: _state(since) in at_rest, hindrance=unhindered)

    async def go_to(self, position: int) -> SwitchResult:
        """Have it go to a position; confirmed when it moves that way, or is there.

        Args:
            position: 0 (closed) to 100 (open). A cover that was never calibrated refuses: it would not move,
                or not stop.
        """
        state, here = self.state, self.position
        # Where it is on its way from is not told while it moves.
        start = None if state in {"opening", "closing"} else here

        def forbids() -> Verdict | None:
            if not _CLOSED <= position <= _OPEN:
                return Verdict(Outcome.FAILED, f"pos={position} is not from {_CLOSED} to {_OPEN}")
            if here is None:
                return Verdict(Outcome.FAILED, f"{self._part.leaf}/pos=unknown: it is not calibrated")
            return None

        return await self._move(
            str(position), lambda since: _goes_to(since, position, start), verb="command/pos", forbids=forbids
        )

    async def _move(
        self,
        payload: str,
        shows: Callable[[State], bool],
        *,
        verb: str = "command",
        hindrance: Callable[[State, State], str | None] | None = None,
        forbids: Callable[[], Verdict | None] = lambda: None,
    ) -> SwitchResult:
        leaf = self._part.leaf
        order = Gen1Order(
            verb,
            payload,
            shows=shows,
            words=lambda since: f"{leaf} {_words(since)}",
            hindrance=hindrance or (lambda since, before: _hindrance(leaf, since, before)),
            settle_seconds=_SETTLE_SECONDS if hindrance is None else 0.0,
        )
        return await self._part.carry_out(order, forbids)


def _goes_to(since: State, position: int, start: float | None) -> bool:
    state, here = _state(since), _position(since)
    if state in {"opening", "closing"}:
        return start is not None and state == ("opening" if position > start else "closing")
    return state is not None and here is not None and abs(here - position) <= _TOLERANCE


def _hindrance(leaf: str, since: State, before: State) -> str | None:
    """Why it stands still against our will.

    The reason of its last stop is told again with everything else: what was so before the command is none,
    unless it is all that we hear.
    """
    reason = since.get("stop_reason")
    if reason not in _HINDRANCES or since.get("state") != "stopped" or reason == before.get("stop_reason"):
        return None
    return f"{leaf} {_words(since)} stop_reason={reason}"


def _state(values: State) -> str | None:
    """``stop`` on the wire is all that a cover says at either end, too."""
    state = values.get("state")
    if state != "stopped":
        return state if isinstance(state, str) else None
    position = _position(values)
    return "open" if position == _OPEN else "closed" if position == _CLOSED else state


def _position(values: State) -> float | None:
    position = values.get("current_pos")
    return position if isinstance(position, int | float) and not isinstance(position, bool) else None


def _words(since: State) -> str:
    """While it moves, the position is where it last stood: no evidence."""
    state, position = _state(since), _position(since)
    there = f" pos={position:g}" if position is not None and state not in {"opening", "closing"} else ""
    return f"state={told(state)}{there}"
