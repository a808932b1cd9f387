"""How the owner stands to each device: seen, adopted or ignored."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import structlog
from pydantic import TypeAdapter, ValidationError

from arni_edge.devices.adopted import first_problem, table_for_lock, tables_for_strike, with_adopted
from arni_edge.devices.picture import Picture
from arni_edge.devices.ports import Sighting
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import Availability, DeviceState
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.settings import Settings, Shelly
from arni_edge.settings.base import Identifier
from arni_edge.storage import Database, devices
from arni_edge.storage.database import Row, Transaction
from arni_edge.storage.devices import Adoption, Device

_log = structlog.get_logger(__name__)

ROLES: tuple[str, ...] = get_args(Shelly.model_fields["role"].annotation)
"""What a Shelly can be in a house."""

_LONGEST_NAME = 64
_TOPIC_SIGNS = re.compile(r"[/+#]")
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the owner asks for.

    Attributes:
        id: In the house.
        role: One of :data:`ROLES`.
        room: Where it is.
        name: As people call it.
        switch: Which output; 0 to 7.
        component: ``switch``, ``light``, ``rgb``, ``rgbw``, ``cct`` or ``cover``.
        force: Also a device that is not heard now.
    """

    id: str
    role: str
    room: str = ""
    name: str = ""
    switch: int = 0
    component: str = "switch"
    force: bool = False


class Registry:
    """The table of devices. What the settings file names is not changed by it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # --- who was seen -----------------------------------------------------------------------------------

    async def note(self, sightings: Sequence[Sighting]) -> None:
        """Write down who was heard live.

        Raises:
            Unavailable: The disk does not take it.
        """
        seen = [
            Device(
                one.key,
                one.identity.generation,
                one.prefix,
                one.identity.model,
                one.identity.firmware,
                one.at,
            )
            for one in sightings
        ]

        async def store(tx: Transaction) -> None:
            for device in seen:
                await devices.note(tx, device)
            await devices.forget_oldest(tx)

        await self._database.write(store)

    async def everything(self) -> list[Row]:
        """Every row."""
        return await devices.everything(self._database)

    async def find(self, key_or_id: str) -> Row | None:
        """A row by id or key."""
        return await devices.find(self._database, key_or_id)

    # --- what the owner says ----------------------------------------------------------------------------

    async def adopt(self, picture: Picture, state: Availability, wish: Wish, settings: Settings) -> None:
        """Make a device part of the house.

        Args:
            picture: The device, as it is.
            state: Whether it is there.
            wish: What the owner wants.
            settings: Of the present house; ids in it are taken.

        Raises:
            InvalidInput: The wish is not possible; the words say why.
            Refused: The device cannot be adopted so; the words say what to do instead.
            Unavailable: The disk does not take it.
        """
        if picture.owned is not None:
            raise Refused(f"{picture.key} belongs to the house already, as '{picture.name}'")
        _refuse_bad_id(wish.id)
        _refuse_other_families(picture)
        _refuse_unsafe(picture, state, wish)
        row = await self.find(picture.key)
        if row is not None and row["state"] == DeviceState.ADOPTED:
            raise Refused(f"{picture.key} is adopted already, as '{row['id']}'")
        shelly = _as_shelly(picture, wish)
        if any(one.id == wish.id for one in settings.shellies):
            raise InvalidInput(f"the id '{wish.id}' is taken; ids must be unique")
        with_adopted(settings, [shelly])
        identity = picture.identity
        device = Device(
            picture.key,
            shelly.generation,
            shelly.prefix,
            identity.model,
            identity.firmware,
            picture.last_heard or self._clock.now(),
        )
        adoption = Adoption(shelly.id, shelly.role, shelly.room, shelly.name, shelly.component, shelly.switch)
        await self._database.write(lambda tx: devices.adopt(tx, device, adoption))
        _log.info("device_adopted", device=shelly.id, key=picture.key, role=shelly.role)

    async def ignore(self, key: str, *, known: bool) -> None:
        """Let a device not be mentioned any more; an adopted one leaves the house.

        Args:
            key: Its key.
            known: Whether it was heard of since the start.

        Raises:
            InvalidInput: Nobody has ever heard of such a device.
            Unavailable: The disk does not take it.
        """
        row = await self.find(key)
        if row is None and not known:
            raise InvalidInput(f"no device '{printable_key(key)}' was ever heard")
        key, now = (row["key"] if row else key), self._clock.now()
        await self._database.write(lambda tx: devices.ignore(tx, key, now))
        _log.info("device_ignored", key=key)

    async def rename(self, key: str, name: str) -> None:
        """Call a device something else.

        Raises:
            InvalidInput: The name is none, or there is no such device on file.
            Unavailable: The disk does not take it.
        """
        name = clean_name("name", name)
        row = await self.find(key)
        if row is None:
            raise InvalidInput(f"no device '{printable_key(key)}' is on file")
        await self._database.write(lambda tx: devices.rename(tx, row["key"], name))


def clean_name(what: str, text: object) -> str:
    """A name that is safe in topics, on screens and in logs.

    Raises:
        InvalidInput: It is not; the words say why.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"the {what} must be text")
    text = text.strip()
    if len(text) > _LONGEST_NAME:
        raise InvalidInput(f"the {what} is longer than {_LONGEST_NAME} characters")
    if not text.isprintable():
        raise InvalidInput(f"the {what} contains characters that cannot be printed")
    if _TOPIC_SIGNS.search(text):
        raise InvalidInput(f"the {what} must not contain '/', '+' or '#': they have a meaning in MQTT topics")
    return text


def printable_key(key: str) -> str:
    """A key that somebody typed, fit for an answer."""
    return "".join(mark if mark.isprintable() else "?" for mark in key[:100])


# --- what is refused --------------------------------------------------------------------------------------


def _refuse_bad_id(text: str) -> None:
    try:
        _IDENTIFIER.validate_python(text)
    except ValidationError:
        raise InvalidInput(
            "the id must be 1 to 32 lower-case letters, digits, '-' or '_', and begin with a letter or digit"
        ) from None


def _refuse_other_families(picture: Picture) -> None:
    if picture.identity.family != "shelly":
        raise Refused(
            "a lock belongs to a door, and doors stand in the settings file; paste this, fill in the door, "
            f"and run: arni-edge reload\n\n{table_for_lock(picture)}"
        )


def _refuse_unsafe(picture: Picture, state: Availability, wish: Wish) -> None:
    if wish.role == "strike":
        raise Refused(
            "a strike opens a door, so it needs a door in the settings file, where it can be checked before "
            "it is used; paste this, fill in the door, and run: arni-edge reload\n\n"
            f"{tables_for_strike(picture, wish.id, wish.switch)}"
        )
    if len(picture.claimed) > 1:
        raise Refused(
            f"several devices use the identity {picture.key}: {', '.join(sorted(picture.claimed))}; find out "
            "which one is real before you adopt it"
        )
    there = state in {Availability.LIVE, Availability.ASLEEP}
    if not there and not wish.force:
        raise Refused(
            f"{picture.key} is {state}: the broker remembers it, but it was not heard in this session; "
            "wake it up, or use --force if you are sure"
        )


def _as_shelly(picture: Picture, wish: Wish) -> Shelly:
    """The device as settings.

    Raises:
        InvalidInput: With the reason.
    """
    if wish.role not in ROLES:
        raise InvalidInput(f"the role must be one of: {', '.join(ROLES)}")
    if picture.generation is None or picture.prefix is None:
        raise InvalidInput(
            f"{picture.key} has not said yet what it is; wait until 'arni-edge devices list' shows its model"
        )
    values: dict[str, Any] = {
        "id": wish.id,
        "prefix": picture.prefix,
        "role": wish.role,
        "name": clean_name("name", wish.name),
        "room": clean_name("room", wish.room),
        "generation": picture.generation,
        "component": wish.component,
        "switch": wish.switch,
    }
    try:
        return Shelly.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(first_problem(error)) from None
