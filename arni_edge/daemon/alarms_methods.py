"""What can be asked about alarms over the control socket."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from arni_edge.control import Method
from arni_edge.daemon.params import limit, line
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import AlarmDesk, Roster
from arni_edge.safety.self_test import SelfTest
from arni_edge.settings import Settings
from arni_edge.storage import Database, alarms, proof

_LONGEST_NAME: Final = 64
_LONGEST_NOTE: Final = 500
_LONGEST_ID: Final = 64
_PAGE: Final = 200
"""Alarms in one answer of the proof log."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class AlarmHouse(Protocol):
    """What is needed of the house."""

    @property
    def settings(self) -> Settings:
        """What it was made from."""
        ...

    @property
    def alarms(self) -> AlarmDesk:
        """The alarm desk."""
        ...

    @property
    def self_test(self) -> SelfTest:
        """The monthly test."""
        ...


def alarms_methods(database: Database, clock: Clock, house: Callable[[], AlarmHouse]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        database: Has the alarms.
        clock: For the end of a period.
        house: The present house.
    """

    async def log(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = await alarms.newest(database, limit(params))
        return [
            {**dict(row), "sinks": [dict(sink) for sink in await alarms.sinks(database, row["alarm_id"])]}
            for row in rows
        ]

    async def show(params: Mapping[str, Any]) -> dict[str, Any]:
        found = await proof.one(database, await _known(database, params))
        return found or {}

    async def acknowledge(params: Mapping[str, Any]) -> str:
        alarm_id, who = await _known(database, params), _person(house().settings, params)
        return await house().alarms.acknowledge(alarm_id, who)

    async def close(params: Mapping[str, Any]) -> str:
        alarm_id, who = await _known(database, params), _person(house().settings, params)
        note = line(params, "note", _LONGEST_NOTE)
        outcome = line(params, "outcome", _LONGEST_NAME)
        return await house().alarms.close(alarm_id, who, outcome, note)

    async def cancel(params: Mapping[str, Any]) -> str:
        alarm_id, who = await _known(database, params), _person(house().settings, params)
        desk = house().alarms
        return await (desk.confirm_cancel if params.get("confirm") is True else desk.ask_to_cancel)(
            alarm_id, who
        )

    async def test(params: Mapping[str, Any]) -> str:
        return await house().self_test.start(_person(house().settings, params))

    async def proof_log(params: Mapping[str, Any]) -> dict[str, Any]:
        site = house().settings.site
        now = clock.now()
        first = await proof.first_raised(database)
        since = _midnight(params, "since", site.zone) or first or now
        until = _midnight(params, "until", site.zone, days=1) or now + timedelta(seconds=1)
        after = params.get("after", "")
        if not isinstance(after, str) or len(after) > _LONGEST_ID:
            raise InvalidInput("'after' must be the id of an alarm")
        if until <= since:
            raise InvalidInput("'until' must not be before 'since'")
        rows = await proof.between(database, since, until, after=after, limit=_PAGE)
        names = {who: one.name for who, one in Roster.of(house().settings).everybody.items()}
        return {
            "gym": site.name,
            "language": site.language,
            "zone": site.timezone,
            "since": since.astimezone(UTC).isoformat(),
            "until": until.astimezone(UTC).isoformat(),
            "now": now.isoformat(),
            "alarms": [_named(row, names) for row in rows],
            "after": rows[-1]["alarm_id"] if len(rows) == _PAGE else None,
        }

    return {
        "alarms.log": log,
        "alarms.show": show,
        "alarms.acknowledge": acknowledge,
        "alarms.close": close,
        "alarms.cancel": cancel,
        "alarms.test": test,
        "alarms.proof": proof_log,
    }


def _named(row: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same with the names of people behind their ids; without reasons, which are for the owner."""
    people = {
        key: f"{names[row[key]]} ({row[key]})" if row[key] in names else row[key]
        for key in ("acknowledged_by", "closed_by")
    }
    sinks = [{key: one[key] for key in ("sink", "state", "seconds")} for one in row["sinks"]]
    return {**row, **people, "sinks": sinks}


def _person(settings: Settings, params: Mapping[str, Any]) -> Contact:
    """Who does it: somebody of staff by id or name, else whoever sits at the box; the command is English."""
    by = line(params, "by", _LONGEST_NAME)
    for one in Roster.of(settings).everybody.values():
        if by in {one.id, one.name}:
            return replace(one, language=Language.ENGLISH)
    # Who may open the control socket may do anything here.
    return Contact(f"console:{by}", by, Role.OWNER, language=Language.ENGLISH)


async def _known(database: Database, params: Mapping[str, Any]) -> str:
    wanted = line(params, "alarm", _LONGEST_ID)
    found = await proof.ids_of(database, wanted)
    if not found:
        raise InvalidInput("there is no such alarm; arni-edge alarms list shows them")
    if len(found) > 1:
        raise InvalidInput("several alarms end with that; give the whole id")
    return found[0]


def _midnight(params: Mapping[str, Any], name: str, zone: ZoneInfo, *, days: int = 0) -> datetime | None:
    """When a day begins in the studio's time zone, or the one so many days after it; None: none was named."""
    value = params.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise InvalidInput(f"'{name}' must be a day such as 2026-11-01")
    try:
        day = date.fromisoformat(value) + timedelta(days=days)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"'{name}': there is no such day") from None
