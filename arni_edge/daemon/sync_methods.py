"""What can be asked about the mirror of Magicline over the control socket."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from arni_edge.control import Method
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House
from arni_edge.daemon.params import line
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.storage import members
from arni_edge.storage.magicline import ages, entries, hints, people
from arni_edge.storage.magicline.ages import Part

SYNC_SECONDS: Final = 3600.0
"""So long may somebody wait for everything to be read."""

_LONGEST_PART: Final = 32
_AS_NEEDED: Final = frozenset({"checkins", "pauses"})
"""Parts that are read only while there is something of them."""


def sync_methods(base: Foundation, house: Callable[[], House]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        base: Has database and clock.
        house: The present house.
    """

    async def status(_: Mapping[str, Any]) -> dict[str, Any]:
        return await mirror_status(base, house())

    async def now(params: Mapping[str, Any]) -> dict[str, Any]:
        room = house().magicline
        if room is None:
            raise Refused("there is no [magicline] in the settings: the owner keeps the members by hand")
        part = None if params.get("part") is None else line(params, "part", _LONGEST_PART)
        accept = params.get("accept_missing", False)
        if not isinstance(accept, bool):
            raise InvalidInput("'accept_missing' must be true or false")
        await room.passes.now(part, accept_missing=accept)
        return await mirror_status(base, house())

    return {"sync.status": status, "sync.now": now}


async def mirror_status(base: Foundation, house: House) -> dict[str, Any]:
    """How old each part of the mirror is, and what is in it."""
    moment, kept = base.clock.now(), await members.mirror(base.database)
    settings = house.settings.magicline
    stale = None if settings is None else timedelta(hours=settings.stale_after_hours)
    last = await ages.newest(base.database)
    counts = await people.counts(base.database)
    return {
        "configured": settings is not None,
        "kept_by": None if kept is None else "hand" if kept.kept_by_hand else "sync",
        "refreshed_at": None if kept is None else kept.refreshed_at.isoformat(),
        "parts": [
            {
                "part": one.part,
                "full_at": _text(one.full_at),
                "read_at": _text(one.read_at),
                "age_seconds": _age(one.full_at or one.read_at, moment),
                "old": _is_old(one, moment, stale),
                "problem": one.problem,
                "rows": counts.get(one.part, 0),
            }
            for one in await ages.parts(base.database)
        ],
        "pass": None
        if last is None
        else {
            "begun_at": last.begun_at.isoformat(),
            "phase": last.phase or None,
            "customers": last.found,
            "ended_at": _text(last.ended_at),
        },
        "checkins": {
            "posting": settings is not None and settings.device_url is not None,
            "last_day": await entries.ends(base.database, moment - timedelta(days=1)),
        },
        "hints_waiting": await hints.count(base.database),
        "shared_numbers": await people.shared_numbers(base.database),
    }


def _is_old(part: Part, moment: datetime, stale: timedelta | None) -> bool:
    """Whether a part should have been read since."""
    known_at = part.full_at or (None if part.part in _AS_NEEDED else part.read_at)
    return stale is not None and known_at is not None and moment - known_at > stale


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round((now - moment).total_seconds(), 1)
