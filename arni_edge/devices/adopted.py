"""Adopted devices as settings, and the tables to paste where the settings file has to say it."""

from collections.abc import Sequence

import structlog
from pydantic import ValidationError

from arni_edge.devices.picture import Picture
from arni_edge.domain.devices import DeviceState
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Settings, Shelly
from arni_edge.storage import Database, devices

_log = structlog.get_logger(__name__)


async def adopted(database: Database) -> list[Shelly]:
    """The adopted devices as the settings know devices; one that cannot be used is left out and logged."""
    found = []
    for row in await devices.in_state(database, DeviceState.ADOPTED):
        try:
            found.append(
                Shelly(
                    id=row["id"],
                    prefix=row["prefix"],
                    role=row["role"],
                    name=row["name"],
                    room=row["room"],
                    generation=row["generation"] or 2,
                    component=row["component"],
                    switch=row["switch"],
                )
            )
        except ValidationError as error:
            _log.error("adopted_device_left_out", device=row["id"], reason=first_problem(error))
    return found


def with_adopted(settings: Settings, extra: Sequence[Shelly]) -> Settings:
    """The settings with the adopted devices in them. The file wins where both have an id or a prefix.

    Args:
        settings: From the file.
        extra: See :func:`adopted`.

    Raises:
        ConfigurationError: They do not fit together.
    """
    shellies = list(settings.shellies)
    for one in extra:
        if any(one.id == known.id or one.prefix == known.prefix for known in shellies):
            _log.warning(
                "adopted_device_left_out", device=one.id, reason="the settings have its id or prefix"
            )
        else:
            shellies.append(one)
    if len(shellies) == len(settings.shellies):
        return settings
    try:
        return Settings.model_validate({**dict(settings), "shellies": shellies})
    except ValidationError as error:
        raise ConfigurationError(f"adopted devices: {first_problem(error)}") from None


def table_for_lock(picture: Picture) -> str:
    """The tables that make a lock part of the house, for the settings file."""
    title = picture.identity.name or "Front door"
    if picture.identity.family == "nuki":
        lock = f'kind = "nuki"\nnuki_id = "{picture.key.partition(":")[2]}"'
    else:
        lock = f'kind = "nuki_hub"\nprefix = {_quoted(picture.key.partition(":")[2])}\ntarget = "opener"'
    return f'[[doors]]\nid = "front"\nname = {_quoted(title)}\n[doors.lock]\n{lock}\n'


def tables_for_strike(picture: Picture, name: str, switch: int) -> str:
    """The tables that make a strike part of the house, for the settings file."""
    generation = picture.generation or 2
    address = 'address = "192.168.10.30"   # its own address\n' if generation == 1 else ""
    return (
        f'[[shellies]]\nid = "{name}"\nprefix = {_quoted(picture.prefix or "")}\nrole = "strike"\n'
        f"generation = {generation}\nswitch = {switch}\n{address}\n"
        f'[[doors]]\nid = "front"\nname = "Front door"\n[doors.lock]\nkind = "strike"\n'
        f'device = "{name}"\npulse_seconds = 3.0\n'
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def first_problem(error: ValidationError) -> str:
    """The first problem of several, in one line."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {problem['msg']}" if where else problem["msg"]
