"""SOS buttons: wired to an input that has a level, or devices that tell of a press."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.errors import ArniError
from arni_edge.domain.events import DeviceSignalled, Event, ReadingChanged, SosPressed
from arni_edge.domain.health import Progress
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.readings import Value
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Report
from arni_edge.settings import SosButton

_LOG = structlog.get_logger(__name__)

SOURCE: Final = "button"

_LOOK_SECONDS: Final = 1.0

_BOUNCE_SECONDS: Final = 0.3
"""A contact that closes again so soon has bounced."""

_ONE_PRESS_SECONDS: Final = 3.0
"""One press of a button device is told as ``btn_down``, ``btn_up`` and what it was, all within this."""

_GAP_SECONDS: Final = 60.0
"""Pressed while the connection flickered: so long is what was known before still worth something."""

_STUCK_SECONDS: Final = 600.0

_PRESSES: Final = frozenset(
    "btn_down single_push double_push triple_push long_push short_long_push long_short_push"
    " long_double_push long_triple_push hold_press".split()
)
"""Names that mean a press. ``btn_up`` is its end, and a device has other events, too."""


@dataclass(slots=True)
class WiredButton:
    """Pure: a button at an input with a level. What nobody knows is no press.

    Attributes:
        pressed_when: The value that means pressed.
        stuck: It has been pressed for so long, or from the beginning, that its wire may be broken.
    """

    pressed_when: Value
    stuck: bool = field(default=False, init=False)
    _pressed: bool | None = field(default=None, init=False)
    _pressed_at: float = field(default=0.0, init=False)
    _released_at: float = field(default=float("-inf"), init=False)
    _unknown_at: float | None = field(default=None, init=False)

    def reads(self, value: Value, now: float) -> bool:
        """The input has another live value.

        Args:
            value: None is unknown.
            now: Seconds of a clock that never jumps.

        Returns:
            Whether the button has been pressed just now.
        """
        if value is None:
            self._unknown_at = now if self._unknown_at is None else self._unknown_at
            return False
        gap = 0.0 if self._unknown_at is None else now - self._unknown_at
        self._unknown_at = None
        before, self._pressed = self._pressed, value == self.pressed_when
        if not self._pressed:
            self.stuck = False
            if before:
                self._released_at = now
            return False
        if before:
            return False
        self._pressed_at = now
        if before is None or gap > _GAP_SECONDS:
            # As we found it: nobody presses a button for hours, but a wire breaks for ever.
            self.stuck = True
            return False
        return now - self._released_at > _BOUNCE_SECONDS

    @property
    def known(self) -> bool:
        """Whether it says anything live."""
        return self._pressed is not None and self._unknown_at is None

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._pressed and self._unknown_at is None and now - self._pressed_at >= _STUCK_SECONDS:
            self.stuck = True


@dataclass(slots=True)
class ButtonDevice:
    """Pure: a button that tells of presses.

    Attributes:
        only: The one event that counts; None: every kind of press.
    """

    only: str | None
    _last: float = field(default=float("-inf"), init=False)

    def signals(self, name: str, now: float) -> bool:
        """Something happened at it; returns whether a press began."""
        if name != self.only and (self.only is not None or name not in _PRESSES):
            return False
        begins = now - self._last > _ONE_PRESS_SECONDS
        self._last = now
        return begins


class ButtonLevels:
    """What wired buttons read last. It outlives the house: pressed while the next one is built is a press."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._wires: dict[tuple[str, str, Value], WiredButton] = {}

    def of(self, button: SosButton) -> WiredButton:
        """The wire of a button; a new one if it is new, or wired differently."""
        key = (button.device, button.entity, button.pressed_when)
        return self._wires.setdefault(key, WiredButton(button.pressed_when))


class Incidents(Protocol):
    """Where it is told that a button is broken."""

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str, /) -> None:
        """Something is wrong at a device."""
        ...

    async def over(self, device: str, trouble: DeviceTrouble, evidence: str, /) -> None:
        """It is right again; nothing if it was all the time."""
        ...


class SosButtons:
    """Hears the devices of all SOS buttons and reports presses."""

    def __init__(
        self,
        buttons: Sequence[SosButton],
        bus: Bus,
        clock: Clock,
        *,
        report: Callable[[Report], None],
        incidents: Incidents,
        levels: ButtonLevels,
    ) -> None:
        """Listen from now on.

        Args:
            buttons: Of the settings.
            bus: Tells what devices say live; told of presses.
            clock: For when.
            report: Takes an alarm's report without waiting.
            incidents: Told of a wire that seems to be broken.
            levels: What the house before this one has last read.
        """
        self._bus = bus
        self._clock = clock
        self._report = report
        self._incidents = incidents
        self._buttons = {(one.device, one.entity): one for one in buttons}
        self._wired: Mapping[str, WiredButton] = {one.id: levels.of(one) for one in buttons if _is_wired(one)}
        self._devices: Mapping[str, ButtonDevice] = {
            one.id: ButtonDevice(one.pressed_when if isinstance(one.pressed_when, str) else None)
            for one in buttons
            if not _is_wired(one)
        }
        self._told: dict[str, bool] = {}
        self._events = bus.subscribe(ReadingChanged, DeviceSignalled, keep=self._is_ours)

    def _is_ours(self, event: Event) -> bool:
        """A short press is two readings: a listener that gets only the latest would miss it."""
        return isinstance(event, ReadingChanged) and (event.device, event.entity) in self._buttons

    async def run(self, progress: Progress) -> None:
        """Listen until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(), name="sos buttons ear")
                while True:
                    progress()
                    await self._tell_of_wires()
                    await asyncio.sleep(_LOOK_SECONDS)
        finally:
            for wire in self._wired.values():
                wire.reads(None, self._clock.monotonic())  # nobody listens from now on

    async def _listen(self) -> None:
        async for event in self._events:
            now = self._clock.monotonic()
            if not isinstance(event, ReadingChanged | DeviceSignalled):
                continue
            button = self._buttons.get((event.device, event.entity))
            if button is None:
                continue
            if isinstance(event, ReadingChanged):
                wire = self._wired.get(button.id)
                pressed = wire is not None and wire.reads(event.value, now)
            else:
                device = self._devices.get(button.id)
                pressed = device is not None and device.signals(event.name, now)
            if pressed:
                self._press(button)

    def _press(self, button: SosButton) -> None:
        now = self._clock.now()
        _LOG.critical("sos_pressed", button=button.id)
        self._bus.publish(SosPressed(at=now, button=button.id))
        self._report(
            Report(f"{SOURCE}/{button.id}/{new_id()}", Cause(button.cause), SOURCE, now, place=button.id)
        )

    async def _tell_of_wires(self) -> None:
        """Tell, once each, of wires that begin to seem broken, and of those that are right again."""
        by_device: dict[str, list[tuple[str, WiredButton]]] = {}
        for button in self._buttons.values():
            if (wire := self._wired.get(button.id)) is not None:
                wire.tick(self._clock.monotonic())
                by_device.setdefault(button.device, []).append((button.id, wire))
        for device, wires in by_device.items():
            stuck = [name for name, wire in wires if wire.stuck]
            # What an earlier life told of ends only when the button was seen released.
            known = bool(stuck) or all(wire.known for _, wire in wires)
            if known and bool(stuck) is not self._told.get(device):
                try:
                    await self._tell_of(device, stuck)
                except ArniError as error:
                    _LOG.warning("sos_wire_not_told", device=device, reason=str(error))
                else:
                    self._told[device] = bool(stuck)

    async def _tell_of(self, device: str, stuck: Sequence[str]) -> None:
        if stuck:
            evidence = f"reads as pressed all the time: {', '.join(sorted(stuck))}"
            await self._incidents.begin(device, DeviceTrouble.STUCK, evidence)
        else:
            await self._incidents.over(device, DeviceTrouble.STUCK, "reads as released")


def _is_wired(button: SosButton) -> bool:
    """An entity with an attribute (``input:0.state``) is a level, one without (``input:0``) has events."""
    return "." in button.entity
