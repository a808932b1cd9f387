"""Devices that were heard, and how the owner stands to them."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.devices import DeviceState
from arni_edge.storage.database import Database, Row, Transaction

MOST_SEEN = 1000
"""Rows of devices that are nobody's; the ones not heard for longest are forgotten."""


@dataclass(frozen=True, slots=True)
class Device:
    """What was heard of a device.

    Attributes:
        key: Its key.
        generation: Of a Shelly.
        prefix: Where its topics begin.
        model: The vendor's code.
        firmware: Its version.
        at: When it was heard (aware).
    """

    key: str
    generation: int | None
    prefix: str | None
    model: str | None
    firmware: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the owner wants with a device; see :class:`arni_edge.settings.Shelly`."""

    id: str
    role: str
    room: str
    name: str
    component: str
    switch: int


async def note(tx: Transaction, device: Device) -> None:
    """Store that a device was heard.

    An adopted one keeps the prefix it was adopted with: whoever else uses its key changes nothing.
    """
    moment = device.at.isoformat()
    await tx.execute(
        "INSERT INTO devices (key, state, generation, prefix, model, firmware, first_seen, last_seen)"
        " VALUES (?, 'seen', ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
        " generation = coalesce(excluded.generation, generation),"
        " prefix = coalesce(excluded.prefix, prefix), model = coalesce(excluded.model, model),"
        " firmware = coalesce(excluded.firmware, firmware), last_seen = excluded.last_seen"
        " WHERE state != 'adopted' OR prefix = excluded.prefix",
        (device.key, device.generation, device.prefix, device.model, device.firmware, moment, moment),
    )


async def forget_oldest(tx: Transaction) -> None:
    """Keep the number of rows that are nobody's within bounds."""
    await tx.execute(
        "DELETE FROM devices WHERE key IN (SELECT key FROM devices WHERE state = 'seen'"
        " ORDER BY last_seen DESC LIMIT -1 OFFSET ?)",
        (MOST_SEEN,),
    )


async def adopt(tx: Transaction, device: Device, adoption: Adoption) -> None:
    """Store that a device belongs to the house, as what it was heard."""
    await note(tx, device)
    await tx.execute(
        "UPDATE devices SET state = 'adopted', id = ?, role = ?, room = ?, name = ?, component = ?,"
        " switch = ?, prefix = ?, generation = ? WHERE key = ?",
        (
            adoption.id,
            adoption.role,
            adoption.room,
            adoption.name,
            adoption.component,
            adoption.switch,
            device.prefix,
            device.generation,
            device.key,
        ),
    )


async def ignore(tx: Transaction, key: str, now: datetime) -> None:
    """Store that the owner does not want a device; it loses its id."""
    await tx.execute(
        "INSERT INTO devices (key, state, first_seen, last_seen) VALUES (?, 'ignored', ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET state = 'ignored', id = NULL, role = NULL",
        (key, now.isoformat(), now.isoformat()),
    )


async def rename(tx: Transaction, key: str, name: str) -> bool:
    """Store another name; returns False when there is no such device."""
    return await tx.execute("UPDATE devices SET name = ? WHERE key = ?", (name, key)) == 1


async def find(database: Database, key_or_id: str) -> Row | None:
    """A device by its id in the house, or by its key."""
    rows = await database.read(
        "SELECT * FROM devices WHERE id = ? OR key = ? ORDER BY id = ? DESC LIMIT 1", (key_or_id,) * 3
    )
    return rows[0] if rows else None


async def everything(database: Database) -> list[Row]:
    """All devices, adopted ones first."""
    return await database.read("SELECT * FROM devices ORDER BY state, id, key")


async def in_state(database: Database, state: DeviceState) -> list[Row]:
    """The devices in one state, by id and key."""
    return await database.read("SELECT * FROM devices WHERE state = ? ORDER BY id, key", (state,))
