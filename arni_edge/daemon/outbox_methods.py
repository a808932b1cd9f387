"""What can be asked about the outbox over the control socket: never what a row says, or to whom."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from arni_edge.control import Method
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.params import limit, line
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.storage import Row, Transaction, outbox

_LONGEST_NAME: Final = 64
_LONGEST_LINE: Final = 32
_LONGEST_REASON: Final = 200
_DROPPED: Final = "a person has dropped it"
_ENDING: Final = re.compile(r"[0-9a-f]{4,26}")
_STATES: Final = (*outbox.WAITING, "sending", "uncertain", *outbox.ENDS)
_OPEN: Final = (*outbox.WAITING, "sending", "uncertain", "quarantined")
"""What is shown when nobody asks for a state: what may still leave, and what waits for a person."""

_NEW_LIFE: Final = timedelta(hours=1)
"""So long does what had expired live when somebody wants it to leave after all."""

_PRIORITIES: Final = {rank: priority.value for priority, rank in outbox.RANK.items()}


def outbox_methods(base: Foundation) -> Mapping[str, Method]:
    """All methods by name. Whoever asks stands in the audit as ``console:<name>``.

    Args:
        base: Has database, clock and audit.
    """

    async def rows(params: Mapping[str, Any]) -> list[dict[str, Any]]:
        which = params.get("line")
        found = await outbox.listed(
            base.database,
            states=_states(params.get("state")),
            line=None if which is None else line(params, "line", _LONGEST_LINE),
            limit=limit(params),
        )
        return [_shown(row) for row in found]

    async def show(params: Mapping[str, Any]) -> dict[str, Any]:
        row = await _row(base, params)
        return {**_shown(row), "key": row["key"]}

    async def again(params: Mapping[str, Any]) -> dict[str, Any]:
        row = await _row(base, params)
        return await decide(row, "retried", line(params, "by", _LONGEST_NAME))

    async def drop(params: Mapping[str, Any]) -> dict[str, Any]:
        row = await _row(base, params)
        return await decide(row, "dropped", line(params, "by", _LONGEST_NAME), **_why(params))

    async def decide(row: Row, act: str, by: str, **why: str) -> dict[str, Any]:
        now, tracking_id = base.clock.now(), row["tracking_id"]

        async def unit(tx: Transaction) -> bool:
            if act == "dropped":
                done = await outbox.drop(tx, tracking_id, why.get("why", _DROPPED), now)
            else:
                done = await outbox.again(tx, tracking_id, now, now + _NEW_LIFE)
            if done:
                detail = {"row": tracking_id, "line": row["line"], "kind": row["kind"], "was": row["state"]}
                detail |= why
                await base.audit.note(tx, now, actor=f"console:{by}", act=f"outbox.{act}", **detail)
            return done

        if not await base.database.write(unit):
            raise Refused(_WHY_NOT[act].format(state=row["state"]))
        (after,) = await outbox.with_key(base.database, row["key"])
        return _shown(after)

    return {"outbox.list": rows, "outbox.show": show, "outbox.retry": again, "outbox.drop": drop}


_WHY_NOT: Final = {
    "dropped": "this cannot be dropped: it is '{state}'",
    "retried": "this cannot be sent again: it is '{state}', or its secret is forgotten",
}


def _why(params: Mapping[str, Any]) -> dict[str, str]:
    """What the person says about it, as it stands in the audit; nothing when they say nothing."""
    return {} if params.get("reason") is None else {"why": line(params, "reason", _LONGEST_REASON)}


async def _row(base: Foundation, params: Mapping[str, Any]) -> Row:
    """The row that is meant: its id, or how it ends.

    Raises:
        InvalidInput: There is none, or more than one.
    """
    ending = line(params, "id", 26)
    if not _ENDING.fullmatch(ending):
        raise InvalidInput("'id' is an id as listed, or at least its last four characters")
    found = await outbox.ending_with(base.database, ending)
    if not found:
        raise InvalidInput("there is no such row; arni-edge outbox list shows what there is")
    if len(found) > 1:
        raise InvalidInput("several rows end with that; give the whole id")
    return found[0]


def _states(wanted: object) -> tuple[str, ...]:
    if wanted is None:
        return _OPEN
    if wanted == "all":
        return ()
    if wanted not in _STATES:
        raise InvalidInput(f"'state' is 'all' or one of: {', '.join(_STATES)}")
    return (str(wanted),)


def _shown(row: Row) -> dict[str, Any]:
    keys = ("state", "attempts", "faults", "not_before", "expires_at", "delivery", "reason")
    return {
        "id": row["tracking_id"],
        "line": row["line"],
        "kind": row["kind"],
        "to": f"…{row['ending']}",
        "priority": _PRIORITIES.get(row["priority"], "unknown"),
        **{key: row[key] for key in keys},
        "queued_at": row["created_at"],
        "changed_at": row["updated_at"],
    }
