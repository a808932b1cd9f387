"""A light in a Shelly of generation 1: Dimmer, Duo, Vintage, RGBW2, colour bulb."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import orjson

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.shelly.frames import Status
from arni_edge.devices.shelly.gen1_orders import Gen1Order, State, endless, output_of, text_of
from arni_edge.devices.shelly.gen1_part import Gen1Part, Questions
from arni_edge.devices.shelly.light import look_of
from arni_edge.devices.shelly.orders import SwitchResult, told
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Shelly

_WHITES: Final = ("light", "white")
"""A dimmer has ``light/0``, an RGBW2 that is set to white has four lights, ``white/0`` to ``white/3``."""

_LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "light": _WHITES, "cct": _WHITES, "rgb": ("color",), "rgbw": ("color",),
}  # fmt: skip
"""Component of the settings to first level of the topics."""

_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "brightness": (0, 100), "gain": (0, 100), "red": (0, 255), "green": (0, 255), "blue": (0, 255),
    "white": (0, 255), "ct": (2700, 6500),
}  # fmt: skip
"""What the device would silently change, or ignore, is not sent."""

_WIRE: Final = {"ct": "temp"}
"""Attributes that have another name in a command."""

_LONGEST_TRANSITION: Final = 5.0


class Gen1Light:
    """One light. What it does is known only after the device has told it in the current broker session."""

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
            shelly: The device, from the settings; its component is ``light``, ``rgb``, ``rgbw`` or ``cct``.
            questions: Asks for the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
            auto_off: Seconds after which the device itself switches off, as verified on it; None while that
                is not certain.

        Raises:
            ConfigurationError: The part of the device is no light.
        """
        if shelly.component not in _LEVELS:
            raise ConfigurationError(f"{shelly.id}: a {shelly.component} of generation 1 is no light")
        self._kind = shelly.component
        self._auto_off = auto_off
        levels = _LEVELS[self._kind]
        component = "light" if levels is _WHITES else "rgbw"
        self._part = Gen1Part(
            shelly,
            f"{component}:{shelly.switch}",
            levels,
            questions,
            broker,
            bus,
            clock,
            says=[*(f"{level}/+{below}" for level in levels for below in ("", "/status")), "overload"],
            core="output",
        )

    @property
    def live(self) -> bool:
        """Whether the device was heard in this broker session and has not left since."""
        return self._part.live

    @property
    def output(self) -> bool | None:
        """Whether the light is on; None when unknown."""
        return output_of(self._part.state)

    @property
    def brightness(self) -> float | None:
        """0 to 100, also while it is off; None when unknown."""
        value = self._part.state.get(self._dimmed)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device may have rebooted: what was verified on it is history."""
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
            ct: Kelvin, 2700 to 6500; for ``cct``.
            transition: Seconds that the change shall take, at most 5.
            toggle_after: Seconds until the *device* has switched off again. Its own timer decides: it must be
                verified and no longer than this, otherwise nothing is sent.

        Raises:
            ValueError: This kind of light does not know one of the arguments.
        """
        wanted = look_of(self._kind, brightness=brightness, rgb=rgb, white=white, ct=ct)
        look = dict(_attributes(wanted, self._dimmed))
        command: Status = {"turn": "on" if on else "off"}
        command |= {_WIRE.get(name, name): value for name, value in look.items()}
        if transition is not None:
            command["transition"] = round(transition * 1000)
        shown, leaf = look if on else {}, self._part.leaf

        def tripped(since: State, _before: State) -> str | None:
            return _trip(leaf, since) if on else None

        order = Gen1Order(
            "set",
            orjson.dumps(command).decode(),
            shows=lambda since: (
                output_of(since) is on and shown.items() <= since.items() and tripped(since, {}) is None
            ),
            words=lambda since: " ".join((f"{leaf}={text_of(since)}", *_words(since, shown))),
            hindrance=tripped,
            slow_seconds=transition or 0.0,
        )

        def forbids() -> Verdict | None:
            if (strange := _out_of_range(look, transition)) is not None:
                return Verdict(Outcome.FAILED, strange)
            return None if toggle_after is None else endless(on, toggle_after, self._auto_off())

        return await self._part.carry_out(order, forbids)

    @property
    def _dimmed(self) -> str:
        """A colour is dimmed by its gain; ``brightness`` is that of white light."""
        return "brightness" if _LEVELS[self._kind] is _WHITES else "gain"


def _attributes(look: Status, dimmed: str) -> Iterator[tuple[str, int]]:
    """Each value by the attribute that will show it."""
    for name, value in look.items():
        if name == "rgb":
            yield from zip(("red", "green", "blue"), value, strict=True)
        else:
            yield (dimmed if name == "brightness" else name), value


def _out_of_range(look: Mapping[str, int], transition: float | None) -> str | None:
    for name, value in look.items():
        low, high = _RANGES[name]
        if not low <= value <= high:
            return f"{name}={value} is not from {low} to {high}"
    if transition is not None and not 0 <= transition <= _LONGEST_TRANSITION:
        return f"transition={transition:g} s is not from 0 to {_LONGEST_TRANSITION:g} s"
    return None


def _words(since: State, look: Mapping[str, int]) -> Iterator[str]:
    return (f"{name}={told(since.get(name))}" for name in look)


def _trip(leaf: str, since: State) -> str | None:
    if since.get("errors"):
        return f"{leaf}=overpower"
    return "overload=1" if since.get("overload") is True else None
