"""An owner tries out what was adopted: one command to one device, and what became of it.

Doors are not opened here: that goes through the entry desk, which knows the rules and keeps the audit.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal, Protocol, runtime_checkable

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from arni_edge.devices import SwitchResult
from arni_edge.devices.adopted import first_problem
from arni_edge.devices.registry import printable_key
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ArniError, InvalidInput, Refused
from arni_edge.settings import Settings, Shelly

_LOG = structlog.get_logger(__name__)

_SIREN_SECONDS: Final = 5.0
_LONGEST_SIREN: Final = 120.0
_LONGEST_SECONDS: Final = 3600.0

_DEADLINE_SECONDS: Final = 20.0
"""The drivers have deadlines of their own, well within this; the control socket gives every question 25."""

_COLOUR: Final = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)
_ONLY_SAYS: Final = frozenset({"sensor", "button"})

Rgb = tuple[int, int, int]


class Switch(Protocol):
    """Whatever can be switched on and off."""

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it and wait for the effect."""
        ...


@runtime_checkable
class Light(Protocol):
    """What can be dimmed, too, and may have colours."""

    async def set(
        self,
        on: bool,
        *,
        brightness: int | None = None,
        rgb: Rgb | None = None,
        toggle_after: float | None = None,
    ) -> SwitchResult:
        """Set it and wait for the effect; raises ValueError for what this light does not know."""
        ...


class Cover(Protocol):
    """What moves."""

    async def open(self) -> SwitchResult:
        """Have it open."""
        ...

    async def close(self) -> SwitchResult:
        """Have it close."""
        ...

    async def stop(self) -> SwitchResult:
        """Have it stand still."""
        ...

    async def go_to(self, position: int) -> SwitchResult:
        """Have it go to a position."""
        ...


class Hands(Protocol):
    """What of the present house acts, strikes excepted."""

    @property
    def switches(self) -> Mapping[str, Switch]:
        """What can be switched on and off, by Shelly id."""
        ...

    @property
    def covers(self) -> Mapping[str, Cover]:
        """What moves, by Shelly id."""
        ...


class TrialInput(BaseModel):
    """A wish as the command hands it over."""

    model_config = ConfigDict(extra="forbid", strict=True)

    device: str = Field(min_length=1, max_length=400)
    on: bool | None = None
    seconds: float | None = Field(default=None, gt=0, le=_LONGEST_SECONDS)
    brightness: int | None = Field(default=None, ge=1, le=100)
    rgb: str | None = None
    move: Literal["open", "close", "stop"] | None = None
    position: int | None = Field(default=None, ge=0, le=100)

    @field_validator("rgb")
    @classmethod
    def _is_a_colour(cls, value: str | None) -> str | None:
        if value is not None and not _COLOUR.fullmatch(value):
            raise ValueError("a colour is written #RRGGBB, for instance '#ff8800'")
        return value

    @property
    def shines(self) -> bool:
        """Whether something is wished that only a light can do."""
        return self.brightness is not None or self.rgb is not None

    @property
    def switches(self) -> bool:
        """Whether something is wished that only what can be switched can do."""
        return self.on is not None or self.seconds is not None or self.shines

    @property
    def moves(self) -> bool:
        """Whether something is wished that only a cover can do."""
        return self.move is not None or self.position is not None

    def words(self) -> str:
        """The wish in short, for people and the journal."""
        if self.moves:
            return self.move or f"position {self.position}"
        parts = ["off" if self.on is False else "on"]
        parts += [f"brightness {self.brightness}"] if self.brightness is not None else []
        parts += [f"rgb {self.rgb}"] if self.rgb is not None else []
        parts += [f"for {self.seconds:g} s"] if self.seconds is not None else []
        return " ".join(parts)


def trial_method(
    settings: Callable[[], Settings], hands: Callable[[], Hands]
) -> Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]:
    """``devices.set``.

    Args:
        settings: Of the present house, adopted devices included.
        hands: Of the present house.
    """

    async def carry_out(params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            wish = TrialInput.model_validate(params)
        except ValidationError as error:
            raise InvalidInput(first_problem(error)) from None
        shelly = _known(settings(), wish.device)
        try:
            wish = _sensible(shelly, wish)
            act = _act(shelly, wish, hands())
            result = await _within_deadline(act)
        except ArniError as error:
            _LOG.info("device_trial_refused", device=shelly.id, wish=wish.words(), reason=str(error))
            raise
        confirmed = result.outcome is Outcome.CONFIRMED
        (_LOG.info if confirmed else _LOG.warning)(
            "device_tried",
            device=shelly.id,
            wish=wish.words(),
            outcome=result.outcome,
            evidence=result.evidence,
            seconds=round(result.seconds, 3),
        )
        return {
            "device": shelly.id,
            "wish": wish.words(),
            "confirmed": confirmed,
            "outcome": result.outcome,
            "evidence": result.evidence,
            "seconds": round(result.seconds, 3),
            "sentence": f"{shelly.id}: {wish.words()}: {_BECAME[result.outcome]} ({result.evidence})",
        }

    return carry_out


_BECAME: Final[Mapping[Outcome, str]] = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.OFFLINE: "it is offline, nothing was sent to it",
    Outcome.NOT_PERMITTED: "it may not be commanded",
    Outcome.BUSY: "it is busy with another command; look, then try again",
    Outcome.FAILED: "it did not obey",
    Outcome.UNKNOWN: "it was told, but nobody saw the effect: go and look",
}


def _known(settings: Settings, device: str) -> Shelly:
    for shelly in settings.shellies:
        if shelly.id == device:
            return shelly
    if any(door.id == device for door in settings.doors):
        raise Refused(f"'{device}' is a door; doors are opened with: arni-edge door open {device}")
    raise InvalidInput(
        f"no device of this house has the id '{printable_key(device)}'; arni-edge devices list shows the ids,"
        " arni-edge devices adopt makes a device part of the house"
    )


def _sensible(shelly: Shelly, wish: TrialInput) -> TrialInput:
    """The wish with what it leaves to us.

    Raises:
        InvalidInput: It contradicts itself.
        Refused: This is not how such a device is used.
    """
    if shelly.role == "strike":
        raise Refused(f"'{shelly.id}' opens a door; doors are opened with: arni-edge door open")
    if shelly.role in _ONLY_SAYS:
        raise Refused(f"'{shelly.id}' has the role {shelly.role}: it is listened to and never commanded")
    if wish.switches and wish.moves:
        raise InvalidInput("a device is either switched or moved: give one or the other")
    if wish.move is not None and wish.position is not None:
        raise InvalidInput("give one of --open, --close, --stop, --position")
    if not wish.switches and not wish.moves:
        raise InvalidInput("say what it shall do: --on, --off, --brightness, --rgb; or --open, --close, …")
    if wish.on is False and wish.shines:
        raise InvalidInput("what is switched off has neither brightness nor colour")
    if wish.seconds is not None and wish.on is not True and not wish.shines:
        raise InvalidInput("--seconds ends what was switched on: give it with --on")
    if shelly.role == "siren" and wish.on:
        seconds = _SIREN_SECONDS if wish.seconds is None else wish.seconds
        if seconds > _LONGEST_SIREN:
            raise InvalidInput(f"a siren is tried for at most {_LONGEST_SIREN:g} s")
        return wish.model_copy(update={"seconds": seconds})
    return wish


def _act(shelly: Shelly, wish: TrialInput, hands: Hands) -> Callable[[], Awaitable[SwitchResult]]:
    """What is to be done.

    Raises:
        InvalidInput: This device cannot do that.
    """
    if wish.moves:
        return _movement(shelly, wish, hands.covers)
    switch, on = hands.switches.get(shelly.id), wish.on is not False
    if switch is None:
        raise InvalidInput(f"'{shelly.id}' is a cover: --open, --close, --stop or --position")
    if not wish.shines:
        return lambda: switch.switch(on, toggle_after=wish.seconds)
    if not isinstance(switch, Light):
        raise InvalidInput(f"'{shelly.id}' is a relay: it can only be switched on and off")
    if wish.rgb is not None and shelly.component not in {"rgb", "rgbw"}:
        raise InvalidInput(f"'{shelly.id}' is a light without colours (component = '{shelly.component}')")
    light, rgb = switch, None if wish.rgb is None else _rgb(wish.rgb)
    return lambda: light.set(on, brightness=wish.brightness, rgb=rgb, toggle_after=wish.seconds)


def _movement(
    shelly: Shelly, wish: TrialInput, covers: Mapping[str, Cover]
) -> Callable[[], Awaitable[SwitchResult]]:
    cover, position = covers.get(shelly.id), wish.position
    if cover is None:
        raise InvalidInput(f"'{shelly.id}' does not move: --on or --off")
    if position is not None:
        return lambda: cover.go_to(position)
    return {"open": cover.open, "close": cover.close, "stop": cover.stop}[wish.move or "stop"]


def _rgb(text: str) -> Rgb:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


async def _within_deadline(act: Callable[[], Awaitable[SwitchResult]]) -> SwitchResult:
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await act()
    except TimeoutError:
        evidence = f"no answer within {_DEADLINE_SECONDS:g} s"
        return SwitchResult(Outcome.UNKNOWN, evidence, _DEADLINE_SECONDS)
