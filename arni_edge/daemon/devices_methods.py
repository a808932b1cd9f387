"""What can be asked about devices over the control socket."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arni_edge.broker.managed import broker_directory
from arni_edge.control import Method
from arni_edge.daemon.trial import Hands, trial_method
from arni_edge.devices.adopted import first_problem
from arni_edge.devices.book import DeviceBook
from arni_edge.devices.picture import Picture, Reading
from arni_edge.devices.registry import Registry, Wish, printable_key
from arni_edge.devices.rights import shelly_username
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import Availability, DeviceState
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.settings import Settings
from arni_edge.storage import Database, incidents
from arni_edge.storage.database import Row

_LONGEST_WAIT = 20.0
"""Seconds; the control socket gives every question 25."""

_BATTERIES = ("batteryChargeState", "devicepower:0.battery.percent")

Changed = Callable[[], Awaitable[None]]
"""Builds the house anew, because the devices that belong to it are others now."""


class Base(Protocol):
    """What is used of :class:`arni_edge.daemon.house.Foundation`."""

    @property
    def database(self) -> Database:
        """The one database."""
        ...

    @property
    def clock(self) -> Clock:
        """The box's clock."""
        ...


class WishInput(BaseModel):
    """A wish as the command hands it over."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=400)
    id: str
    role: str
    room: str = ""
    name: str = ""
    switch: int = Field(default=0, ge=0, le=7)
    component: str = "switch"
    force: bool = False

    def wish(self) -> Wish:
        """As the registry takes it."""
        return Wish(**self.model_dump(exclude={"key"}))


def devices_methods(
    base: Base,
    book: Callable[[], DeviceBook],
    registry: Registry,
    settings: Callable[[], Settings],
    hands: Callable[[], Hands],
    changed: Changed,
) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        base: What outlives a reload.
        book: The present house's device book.
        registry: Of adopted and ignored devices.
        settings: Of the present house, adopted devices included.
        hands: Of the present house, for an owner who tries out what was adopted.
        changed: Called after a device was adopted, ignored or renamed.
    """
    desk = _DeviceDesk(base, book, registry, settings, changed)
    return {
        "devices.list": desk.everything,
        "devices.show": desk.show,
        "devices.adopt": desk.adopt,
        "devices.ignore": desk.ignore,
        "devices.rename": desk.rename,
        "devices.events": desk.events,
        "devices.set": trial_method(settings, hands),
    }


@dataclass(frozen=True, slots=True)
class _DeviceDesk:
    """See :func:`devices_methods`."""

    base: Base
    book: Callable[[], DeviceBook]
    registry: Registry
    settings: Callable[[], Settings]
    changed: Changed

    async def everything(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every device that was heard, and those on file."""
        rows = {row["key"]: row for row in await self.registry.everything()}
        pictures = self.book().pictures
        shown = [_line(self.book(), one, _row_of(one, rows)) for one in pictures]
        heard = {one.key for one in pictures}
        prefixes = {one.prefix for one in pictures if one.owned}
        shown += [
            _remembered(row)
            for row in rows.values()
            if row["key"] not in heard
            and not (row["state"] == DeviceState.ADOPTED and row["prefix"] in prefixes)
        ]
        ignored_too = bool(params.get("all"))
        return [line for line in shown if ignored_too or line["state"] != DeviceState.IGNORED]

    async def show(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Everything about one device."""
        picture = _find(self.book(), params)
        rows = {row["key"]: row for row in await self.registry.everything()}
        now = self.base.clock.now()
        open_incidents = [
            dict(row)
            for row in await incidents.still_open(self.base.database)
            if row["kind"] == "device" and row["name"] == picture.name
        ]
        return {
            **_line(self.book(), picture, _row_of(picture, rows)),
            "identity": asdict(picture.identity),
            "prefix": picture.prefix,
            "silence_seconds": picture.limit,
            "entities": {
                entity: _entity(reading, now) for entity, reading in sorted(picture.readings.items())
            },
            "incidents": open_incidents,
        }

    async def adopt(self, params: Mapping[str, Any]) -> str:
        """Make a device part of the house."""
        try:
            given = WishInput.model_validate(params)
        except ValidationError as error:
            raise InvalidInput(first_problem(error)) from None
        picture = _find(self.book(), {"device": given.key})
        await self.registry.adopt(picture, self.book().availability(picture), given.wish(), self.settings())
        await self.changed()
        return f"{picture.key} is '{given.id}' now; {_account_of(given.id, self.settings())}"

    async def ignore(self, params: Mapping[str, Any]) -> str:
        """Do not mention a device any more."""
        key = _text(params, "device")
        picture, row = self.book().find(key), await self.registry.find(key)
        adopted = _may_change(picture, row)
        await self.registry.ignore(picture.key if picture and not row else key, known=picture is not None)
        if adopted:
            await self.changed()
        return f"{printable_key(key)} is ignored; it is still listed with: arni-edge devices list --all"

    async def rename(self, params: Mapping[str, Any]) -> str:
        """Call a device something else."""
        key, name = _text(params, "device"), _text(params, "name")
        picture, row = self.book().find(key), await self.registry.find(key)
        adopted = _may_change(picture, row)
        await self.registry.rename(key, name)
        if adopted:
            await self.changed()
        return f"{printable_key(key)} is called '{name.strip()}' now"

    async def events(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What was said since a cursor; waits a while for it. Without a cursor: what comes from now on."""
        diary, cursor = self.book().diary, str(params.get("cursor") or "")
        seconds = params.get("seconds", _LONGEST_WAIT)
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_WAIT:
            raise InvalidInput(f"'seconds' must be a number from 0 to {_LONGEST_WAIT:g}")
        only = _find(self.book(), params).key if params.get("device") else None
        cursor = cursor or diary.cursor
        await diary.news(cursor, float(seconds))
        entries, missed = diary.since(cursor)
        return {
            "cursor": diary.cursor,
            "missed": missed,
            "events": [
                {**asdict(one), "at": one.at.isoformat()}
                for one in entries
                if only is None or one.device == only
            ],
        }


def _account_of(shelly_id: str, settings: Settings) -> str:
    """What is left to do at the device: with the account of newcomers it cannot speak for itself."""
    username = shelly_username(shelly_id)
    if settings.broker.mode == "external":
        return f"on your broker it needs the account {username}, and has to use it"
    file = broker_directory(settings) / "accounts.json"
    return f"set this in it: MQTT user {username}, with the password of that name in {file}"


def _row_of(picture: Picture, rows: Mapping[str, Row]) -> Row | None:
    """The row of a device; an adopted one is recognised by its topics, as everywhere."""
    if picture.owned is not None:
        for row in rows.values():
            if row["state"] == DeviceState.ADOPTED and row["id"] == picture.owned.name:
                return row
    return rows.get(picture.key)


def _line(book: DeviceBook, picture: Picture, row: Row | None) -> dict[str, Any]:
    """One device in a list."""
    shelly = picture.owned.shelly if picture.owned else None
    state = DeviceState.ADOPTED if picture.owned else DeviceState(row["state"]) if row else DeviceState.SEEN
    if state is DeviceState.ADOPTED and picture.owned is None:
        state = DeviceState.SEEN  # somebody else uses the key of an adopted device
    last = picture.last_heard.isoformat() if picture.last_heard else row["last_seen"] if row else None
    return {
        "key": picture.key,
        "id": picture.owned.name if picture.owned else None,
        "name": (picture.owned.title if picture.owned else row["name"] if row else "")
        or picture.identity.name
        or "",
        "room": shelly.room if shelly else "",
        "role": shelly.role if shelly else "lock" if picture.owned else None,
        "state": state,
        "availability": book.availability(picture),
        "battery": _battery(picture.readings),
        "last_seen": last,
        "model": picture.identity.model or (row["model"] if row else None),
        "firmware": picture.identity.firmware or (row["firmware"] if row else None),
    }


def _remembered(row: Row) -> dict[str, Any]:
    """A device that is on file and was not heard of since the start."""
    return {
        **{key: row[key] for key in ("key", "id", "name", "room", "role", "state", "model", "firmware")},
        "availability": Availability.UNKNOWN,
        "battery": None,
        "last_seen": row["last_seen"],
    }


def _battery(readings: Mapping[str, Reading]) -> int | float | None:
    for entity in _BATTERIES:
        reading = readings.get(entity)
        if reading is not None and isinstance(reading.value, int | float):
            return reading.value
    return None


def _entity(reading: Reading, now: datetime) -> dict[str, Any]:
    return {
        "value": reading.value,
        "unit": reading.unit,
        "age_seconds": round(max(0.0, (now - reading.at).total_seconds()), 1),
        "live": reading.live,
    }


def _find(book: DeviceBook, params: Mapping[str, Any]) -> Picture:
    key = _text(params, "device")
    picture = book.find(key)
    if picture is None:
        raise InvalidInput(
            f"no device '{printable_key(key)}' was heard since the start; see: arni-edge devices list"
        )
    return picture


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 400:
        raise InvalidInput(f"'{name}' must be text of 1 to 400 characters")
    return value


def _may_change(picture: Picture | None, row: Row | None) -> bool:
    """Whether it is an adopted device.

    Raises:
        Refused: It stands in the settings file, which is the owner's.
    """
    adopted = row is not None and row["state"] == DeviceState.ADOPTED
    if picture is not None and picture.owned is not None and not adopted:
        raise Refused(
            f"'{picture.name}' stands in the settings file; change it there and run: arni-edge reload"
        )
    return adopted
