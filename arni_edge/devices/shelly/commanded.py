"""What the parts of all Shelly generations share: one command at a time, to a device that is there."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from arni_edge.broker import BrokerSession, NotSent
from arni_edge.bus import Bus
from arni_edge.devices.liveness import Liveness
from arni_edge.devices.shelly.orders import SwitchResult
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import Shelly

OrderT = TypeVar("OrderT")


class Commanded(ABC, Generic[OrderT]):
    """A part of a Shelly that takes orders; the generations say how one is carried out and seen."""

    def __init__(self, shelly: Shelly, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Nothing is known of the device yet.

        Args:
            shelly: The device, from the settings.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
        """
        self._shelly = shelly
        self._broker = broker
        self._clock = clock
        self._liveness = Liveness(f"shelly/{shelly.id}", bus, clock, self._forget)
        self._doubters: list[Callable[[], None]] = []
        self._order: OrderT | None = None  # the command in flight

    @property
    def live(self) -> bool:
        """Whether the device was heard, or answered, in this broker session and has not left since."""
        return self._liveness.live

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device may have rebooted or changed: what was verified on it is history."""
        self._doubters.append(doubt)

    def _doubt(self) -> None:
        for doubt in self._doubters:
            doubt()

    async def _attempt(
        self, order: OrderT, forbids: Callable[[], Verdict | None] = lambda: None
    ) -> SwitchResult:
        """Carry an order out if it may be, and take the time; never repeated by itself."""
        started = self._clock.monotonic()
        verdict = await self._carry_out(order, forbids)
        return SwitchResult(verdict.outcome, verdict.evidence, self._clock.monotonic() - started)

    async def _carry_out(self, order: OrderT, forbids: Callable[[], Verdict | None]) -> Verdict:
        if self._order is not None:
            return Verdict(Outcome.BUSY, "another command is in flight")
        if not self._broker.connected:
            return Verdict(Outcome.OFFLINE, "no broker connection")
        if not self.live:
            return Verdict(Outcome.OFFLINE, "not live")
        if (forbidden := forbids()) is not None:
            return forbidden
        self._order = order
        try:
            return await self._command(order)
        except NotSent as error:
            return Verdict(Outcome.OFFLINE, str(error))
        except Unavailable as error:
            return Verdict(Outcome.UNKNOWN, str(error))
        finally:
            self._order = None

    @abstractmethod
    async def _command(self, order: OrderT) -> Verdict:
        """Send the order and wait for its effect."""

    @abstractmethod
    def _forget(self) -> None:
        """The device is certainly away: how it was is history."""
