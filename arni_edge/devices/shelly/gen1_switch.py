"""A relay in a Shelly of generation 1, driven over the local broker."""

from collections.abc import Callable

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.shelly.gen1_orders import Gen1Order, State, endless, output_of, text_of
from arni_edge.devices.shelly.gen1_part import Gen1Part, Questions
from arni_edge.devices.shelly.orders import SwitchResult
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Shelly


class Gen1Switch:
    """One relay. Its output is known only after the device has told it in the current broker session."""

    def __init__(
        self,
        shelly: Shelly,
        questions: Questions,
        broker: BrokerSession,
        bus: Bus,
        clock: Clock,
        *,
        auto_off: Callable[[], float | None],
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings.
            questions: Asks for the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
            auto_off: Seconds after which the device itself switches off, as verified on it; None while that
                is not certain.

        Raises:
            ConfigurationError: The part of the device is no relay.
        """
        if shelly.component != "switch":
            raise ConfigurationError(f"{shelly.id}: a {shelly.component} of generation 1 is no switch")
        self._auto_off = auto_off
        # "relay/+", as everybody else subscribes to it: the broker sends a message once per filter.
        self._part = Gen1Part(
            shelly,
            f"switch:{shelly.switch}",
            ["relay"],
            questions,
            broker,
            bus,
            clock,
            says=["relay/+"],
            core="output",
        )

    @property
    def live(self) -> bool:
        """Whether the device was heard in this broker session and has not left since."""
        return self._part.live

    @property
    def output(self) -> bool | None:
        """Whether the relay is on; None when unknown."""
        return output_of(self._part.state)

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device may have rebooted: what was verified on it is history."""
        self._part.on_doubt(doubt)

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch the relay and wait for the effect; never repeated by itself.

        Args:
            on: As it shall be.
            toggle_after: Seconds until the *device* has switched off again. Its own timer decides: it must be
                verified and no longer than this, otherwise nothing is sent.
        """
        leaf = self._part.leaf

        def tripped(since: State, _before: State) -> str | None:
            return f"{leaf}=overpower" if on and since.get("errors") else None

        order = Gen1Order(
            "command",
            "on" if on else "off",
            shows=lambda since: output_of(since) is on and tripped(since, {}) is None,
            words=lambda since: f"{leaf}={text_of(since)}",
            hindrance=tripped,
        )

        def forbids() -> Verdict | None:
            return None if toggle_after is None else endless(on, toggle_after, self._auto_off())

        return await self._part.carry_out(order, forbids)
