"""A light in a Shelly of generation 2 or newer: dimmer, colour, white."""

from collections.abc import Callable, Mapping
from typing import Final

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.frames import Status
from arni_edge.devices.shelly.orders import Order, SwitchResult, told
from arni_edge.devices.shelly.part import ShellyPart
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.domain.clock import Clock
from arni_edge.settings import Shelly

_METHODS: Final[Mapping[str, str]] = {
    "light": "Light.Set", "rgb": "RGB.Set", "rgbw": "RGBW.Set", "cct": "CCT.Set",
}  # fmt: skip

_OWN: Final[Mapping[str, frozenset[str]]] = {
    "light": frozenset(),
    "rgb": frozenset({"rgb"}),
    "rgbw": frozenset({"rgb", "white"}),
    "cct": frozenset({"ct"}),
}
"""What each kind understands besides ``on`` and ``brightness``."""


class ShellyLight:
    """One light. What it does is known only after the device has told it in the current broker session."""

    def __init__(self, shelly: Shelly, rpc: ShellyRpc, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings; its component is ``light``, ``rgb``, ``rgbw`` or ``cct``.
            rpc: Shared by all devices of the house; its ``run`` also fetches the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.

        Raises:
            ValueError: The component is no light.
        """
        if shelly.component not in _METHODS:
            raise ValueError(f"{shelly.component} is no light")
        self._kind = shelly.component
        self._number = shelly.switch
        component = f"{shelly.component}:{shelly.switch}"
        self._part = ShellyPart(shelly, component, rpc, broker, bus, clock, core=frames.component_output)

    @property
    def live(self) -> bool:
        """Whether the device was heard, or answered, in this broker session and has not left since."""
        return self._part.live

    @property
    def output(self) -> bool | None:
        """Whether the light is on; None when unknown."""
        return frames.component_output(self._part.status)

    @property
    def brightness(self) -> float | None:
        """0 to 100, also while it is off; None when unknown."""
        return _number(self._part.status.get("brightness"))

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device has rebooted or its configuration has changed."""
        self._part.on_doubt(doubt)

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it as a relay is switched."""
        return await self.set(on, toggle_after=toggle_after)

    async def set(
        self,
        on: bool,
        *,
        brightness: int | None = None,
        rgb: tuple[int, int, int] | None = None,
        white: int | None = None,
        ct: int | None = None,
        transition: float | None = None,
        toggle_after: float | None = None,
    ) -> SwitchResult:
        """Set the light and wait for the effect; never repeated by itself.

        Args:
            on: Whether it shall shine.
            brightness: 0 to 100.
            rgb: Red, green, blue, 0 to 255 each; for ``rgb`` and ``rgbw``.
            white: 0 to 255; for ``rgbw``.
            ct: Kelvin; for ``cct``.
            transition: Seconds that the change shall take.
            toggle_after: Seconds until the *device* switches back, so that a dead daemon leaves nothing on.

        Raises:
            ValueError: This kind of light does not know one of the arguments.
        """
        look = look_of(self._kind, brightness=brightness, rgb=rgb, white=white, ct=ct)
        params: Status = {"id": self._number, "on": on, **look}
        if transition is not None:
            params["transition_duration"] = transition
        if toggle_after is not None:
            params["toggle_after"] = toggle_after
        order = Order(
            _METHODS[self._kind],
            params,
            keys=frozenset({"output", "transition", *look}),
            shows=lambda status: _shows(status, on, look if on else {}),
            words=lambda status: _words(status, look if on else {}),
            passing=toggle_after is not None,
        )
        return await self._part.carry_out(order)


def look_of(
    kind: str,
    *,
    brightness: int | None,
    rgb: tuple[int, int, int] | None,
    white: int | None,
    ct: int | None,
) -> Status:
    """How a light shall look: what was given, by its name in our vocabulary.

    Args:
        kind: ``light``, ``rgb``, ``rgbw`` or ``cct``.
        brightness: See :meth:`ShellyLight.set`.
        rgb: As above.
        white: As above.
        ct: As above.

    Raises:
        ValueError: This kind of light does not know one of them.
    """
    look: Status = {"rgb": list(rgb) if rgb is not None else None, "white": white, "ct": ct}
    look = {name: value for name, value in look.items() if value is not None}
    if strange := look.keys() - _OWN[kind]:
        raise ValueError(f"{kind} does not know {', '.join(sorted(strange))}")
    if brightness is not None:
        look["brightness"] = brightness
    return look


def _shows(status: Status, on: bool, look: Status) -> bool:
    """Whether the light is as it shall be, or on its way there."""
    if frames.component_output(status) is on and all(
        status.get(name) == value for name, value in look.items()
    ):
        return True
    transition = status.get("transition")
    target = transition.get("target") if isinstance(transition, dict) else None
    return isinstance(target, dict) and _shows({**target, "transition": None}, on, look)


def _words(status: Status, look: Status) -> str:
    words = [f"output={told(frames.component_output(status))}"]
    for name in look:
        value = status.get(name)
        words.append(f"{name}={','.join(map(told, value)) if isinstance(value, list) else told(value)}")
    return " ".join(words)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
